"""The fields of Kubernetes' objects, as the provider's SDK knows them."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin

from pulumi import _types  # pyright: ignore[reportPrivateUsage] - the SDK's record of its fields has no public reader

from ..args import is_later
from ..cross_checks import Location

_TITLES: Mapping[Any, str] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def check_fields(document: object, model: Any, location: Location = ()) -> Iterator[tuple[Location, str]]:
    """Check that `document` has no field that `model` lacks, and no value of another type.

    It yields the place in the document, and a sentence without its full stop. No value is repeated: it may be secret.

    :param document: A part of an object, as a manifest has it. A single value may be an output.
    :param model: The SDK's type of that part, e.g. `PodTemplateSpecArgs`.
    :param location: The place of the document itself.
    """
    kinds = list(_list_choices(model))
    if is_later(document) and not _TITLES.keys() & set(kinds) and Any not in kinds:
        yield location, "This field must be known when the program runs: an output may stand for a single value only"
    if document is None or is_later(document):
        return
    if Any in kinds or any(_fits(document, each) for each in kinds):
        kind = next((each for each in kinds if each is not Any and _fits(document, each)), Any)
        if _is_model(kind):
            yield from _check_members(cast("Mapping[str, object]", document), kind, location)
        elif get_origin(kind) and isinstance(document, Mapping):
            for key, value in cast("Mapping[str, object]", document).items():
                yield from check_fields(value, get_args(kind)[1], (*location, key))
        elif get_origin(kind) and not isinstance(document, str):
            for number, entry in enumerate(cast("Sequence[object]", document)):
                yield from check_fields(entry, get_args(kind)[0], (*location, number))
    else:
        wanted = " or ".join(dict.fromkeys(_describe_type(each) for each in kinds))
        yield location, f"This field must be {wanted}, and is {_describe_value(document)}"


def find_missing(document: object, model: Any, path: str = "") -> Iterator[str]:
    """Find the required fields that `document` lacks, each by its path, e.g. `spec.containers[app].name`.

    :param document: A part of an object that `check_fields` accepts.
    :param model: The SDK's type of that part.
    """
    for kind in _list_choices(model):
        if _is_model(kind) and isinstance(document, Mapping):
            found = cast("Mapping[str, object]", document)
            fields, required = _read_model(kind)
            yield from (f"{path}{name}" for name in sorted(required.difference(found)))
            for name in sorted(found.keys() & fields.keys()):
                yield from find_missing(found[name], fields[name], f"{path}{name}.")
        elif isinstance(document, list | tuple) and get_origin(kind):
            item: Any = get_args(kind)[0]
            for number, entry in enumerate(cast("Sequence[object]", document)):
                yield from find_missing(entry, item, f"{path.removesuffix('.')}[{_find_name(entry) or number}].")


def _check_members(document: Mapping[str, object], model: Any, location: Location) -> Iterator[tuple[Location, str]]:
    fields, _ = _read_model(model)
    for name, value in document.items():
        if name in fields:
            yield from check_fields(value, fields[name], (*location, name))
        else:
            close = get_close_matches(name, fields, 1)
            hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(sorted(fields))}"
            yield (*location, name), f"{_name(model)} of Kubernetes has no such field ({hint})"


def _find_name(entry: object) -> str | None:
    name = cast("Mapping[str, object]", entry).get("name") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) else None


@cache
def _read_model(model: Any) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Read the fields of a type of the SDK, as a manifest has them, and those of them that are required."""
    fields: Mapping[str, Any] = _types.input_type_types(model)
    named: Mapping[str, str] = _types.input_type_py_to_pulumi_names(model)
    parameters = list(inspect.signature(model.__init__).parameters.values())[1:]
    required = {named[each.name] for each in parameters if each.default is each.empty}
    return fields, frozenset(required)


def _list_choices(model: Any) -> Iterator[Any]:
    """List the types that a value may have, without the outputs that may become one."""
    if get_origin(model) in {Union, UnionType}:
        for each in get_args(model):
            yield from _list_choices(each)
    elif model is Any or model in _TITLES or _is_model(model) or _is_collection(model):
        yield model


def _is_collection(model: Any) -> bool:
    origin = get_origin(model)
    return isinstance(origin, type) and issubclass(origin, Mapping | Sequence)


def _is_model(model: Any) -> bool:
    return isinstance(model, type) and _types.is_input_type(model)


def _fits(value: object, model: Any) -> bool:
    if _is_model(model) or (_is_collection(model) and issubclass(cast("type", get_origin(model)), Mapping)):
        return isinstance(value, Mapping)
    if _is_collection(model):
        return isinstance(value, list | tuple)
    if model is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is model


def _name(model: Any) -> str:
    return str(model.__name__).removesuffix("Args")


def _describe_type(model: Any) -> str:
    if model in _TITLES:
        return _TITLES[model]
    return (
        "a list" if _is_collection(model) and not issubclass(cast("type", get_origin(model)), Mapping) else "a mapping"
    )


def _describe_value(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return _TITLES.get(type(value), type(value).__name__)
