"""Findings about failed reads, for either store."""

from collections.abc import Collection

from ..errors import OpsError
from ..findings import Finding
from ..store.base import DeniedError, MissingError, NotTriedError
from .context import DiagnosisContext


def find_login_failure(context: DiagnosisContext) -> Finding | None:
    """Return a skipped finding if the login failed."""
    return Finding.skipped(f"its login failed: {context.login}") if isinstance(context.login, Exception) else None


def check_allowed(context: DiagnosisContext, fix: str) -> Finding:
    """Check that every expected object may be read."""
    denied = {place: error for place, error in context.read_errors.items() if isinstance(error, DeniedError)}
    if denied:
        return Finding.failed("; ".join(f"{place}: {error}" for place, error in denied.items()), fix)
    return find_unreachable(context) or Finding.ok(_list_places(context, ()))


def check_present(context: DiagnosisContext, fix: str, *parts: str) -> Finding:
    """Check that every expected object has its `parts`."""
    missing = {
        place: error
        for place, error in context.read_errors.items()
        if isinstance(error, MissingError) and error.part in parts
    }
    if missing:
        return Finding.failed("; ".join(f"{place}: {error}" for place, error in missing.items()), fix)
    if nothing := find_unreachable(context):
        return nothing
    places = _list_places(context, context.read_errors)
    return Finding.ok(places) if places else Finding.skipped("none of its objects was read: see above")


def _list_places(context: DiagnosisContext, without: Collection[str]) -> str:
    return ", ".join(dict.fromkeys(file.place for file in context.expected_files if file.place not in without))


def find_unreachable(context: DiagnosisContext) -> Finding | None:
    """Return a skipped finding if the store could not be reached."""
    for place, error in context.read_errors.items():
        if isinstance(error, NotTriedError | OpsError) and not isinstance(error, MissingError):
            return Finding.skipped(f"{place}: {error}")
    return None
