"""Lists whose entries must differ."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError


def require_unique(*fields: str, what: str) -> WrapValidator:
    """Build a validator of a list in which no two entries agree in all of `fields`; `what` names those in its error.

    Without fields, the entries themselves must differ: names, or paths, of which one may end with a slash.

    It looks at the entries as they were written, so that a repetition is reported together with every other issue.
    """

    def check(entries: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        repetitions = _find_repetitions(entries, fields, what)
        try:
            valid = handler(entries)
        except ValidationError as error:
            others = [_format_as_written(details) for details in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(error.title, [*others, *repetitions]) from None
        if repetitions:
            raise ValidationError.from_exception_data(what, repetitions)
        return valid

    return WrapValidator(check)


def _find_repetitions(entries: Any, fields: Sequence[str], what: str) -> list[InitErrorDetails]:
    first: dict[tuple[object, ...], int] = {}
    found: list[InitErrorDetails] = []
    for index, entry in enumerate(cast("Sequence[object]", entries) if isinstance(entries, list | tuple) else ()):
        identity = tuple(_read_field(entry, name) for name in fields) if fields else (_strip_slash(entry),)
        if not all(isinstance(part, str) for part in identity):
            continue
        if identity in first:
            error = PydanticCustomError(
                "repeated",
                "is {what} of entry [{first}] too: each needs its own",
                {"what": what, "first": first[identity]},
            )
            found.append({"type": error, "loc": (index, *fields[-1:]), "input": identity[-1] if fields else entry})
        first.setdefault(identity, index)
    return found


def _strip_slash(entry: object) -> object:
    return entry.rstrip("/") if isinstance(entry, str) else entry


def _read_field(entry: object, name: str) -> object:
    if isinstance(entry, Mapping):
        return cast("Mapping[str, object]", entry).get(name)
    return getattr(entry, name, None)


def _format_as_written(details: ErrorDetails) -> InitErrorDetails:
    context = details.get("ctx", {})
    kind = details["type"]
    known = kind if kind != "repeated" else PydanticCustomError("repeated", "{message}", {"message": details["msg"]})
    return {"type": known, "loc": details["loc"], "input": details["input"], "ctx": context}
