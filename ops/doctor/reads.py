"""What links of either store make of reads that failed."""

from collections.abc import Collection

from ..errors import OpsError
from ..findings import Finding
from ..store.base import DeniedError, MissingError, NotTriedError
from .case import Case


def admitted(case: Case) -> Finding | None:
    """Why nothing can be read, where nothing can."""
    return Finding.skipped(f"its login failed: {case.admission}") if isinstance(case.admission, Exception) else None


def allowed(case: Case, fix: str) -> Finding:
    """Whether every promised object may be read."""
    denied = {place: error for place, error in case.refusals.items() if isinstance(error, DeniedError)}
    if denied:
        return Finding.failed("; ".join(f"{place}: {error}" for place, error in denied.items()), fix)
    return unreached(case) or Finding.ok(_places(case, ()))


def there(case: Case, fix: str, *parts: str) -> Finding:
    """Whether `parts` of every promised object are there."""
    missing = {
        place: error
        for place, error in case.refusals.items()
        if isinstance(error, MissingError) and error.part in parts
    }
    if missing:
        return Finding.failed("; ".join(f"{place}: {error}" for place, error in missing.items()), fix)
    if nothing := unreached(case):
        return nothing
    places = _places(case, case.refusals)
    return Finding.ok(places) if places else Finding.skipped("none of its objects was read, for what is said above")


def _places(case: Case, without: Collection[str]) -> str:
    return ", ".join(dict.fromkeys(promise.place for promise in case.promises if promise.place not in without))


def unreached(case: Case) -> Finding | None:
    """Why the store could not be asked, where it could not."""
    for place, error in case.refusals.items():
        if isinstance(error, NotTriedError | OpsError) and not isinstance(error, MissingError):
            return Finding.skipped(f"{place}: {error}")
    return None
