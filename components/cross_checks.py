"""Checks between the fields of a declaration, the same for a program's arguments and for a stack file."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, cast

from pydantic import BaseModel

Location = tuple[int | str, ...]

P = ParamSpec("P")
T = TypeVar("T")
Check = Callable[[Any], Iterator[tuple[str | Location, str]]]

_MARK = "is_cross_check"


def skip_invalid(check: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """Make `check` end where it would read a field without a valid value, which is reported by itself."""

    @wraps(check)
    def run(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        try:
            yield from check(*args, **kwargs)
        except AttributeError as error:
            if not (isinstance(error.obj, BaseModel) and error.name in type(error.obj).model_fields):
                raise

    return run


def cross_check(check: Check) -> Check:
    """Make a method a check of its declaration, whenever a program or a stack file declares one.

    It yields a field of the declaration, a location whose first step is one, or `()` for all of it, with what is wrong:
    a sentence without its full stop. Everything but that field is named as in stack files.
    """
    run = skip_invalid(check)
    setattr(run, _MARK, True)
    return run


def list_conflicts(value: object) -> Iterator[tuple[Location, str]]:
    """List what the checks of all declarations in `value` find: the location, as stack files have it, and the error."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        for check in _list_checks(type(value)):
            for found, message in check(value):
                steps = (found,) if isinstance(found, str) else found
                yield (*(fields[str(step)].alias or step for step in steps[:1]), *steps[1:]), message
        below = {fields[name].alias or name: entry for name, entry in value.__dict__.items() if name in fields}
    elif isinstance(value, Mapping):
        below = cast("Mapping[str, object]", value)
    elif isinstance(value, list | tuple):
        below = dict(enumerate(cast("list[object]", value)))
    else:
        return
    for step, entry in below.items():
        for location, message in list_conflicts(entry):
            yield (step, *location), message


@cache
def _list_checks(model: type[BaseModel]) -> list[Check]:
    named = {name: each for base in reversed(model.__mro__) for name, each in vars(base).items()}
    return [each for each in named.values() if getattr(each, _MARK, False)]
