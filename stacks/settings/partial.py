"""What is valid in a configuration that is not valid as a whole."""

from collections.abc import Collection, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from strongroom.components.cross_checks import Location
from strongroom.components.field_types import list_models

Model = TypeVar("Model", bound=BaseModel)

_ABSENT = object()

_NAMES = {"name", "namespace", "path", "env"}
"""The fields with names that others refer to."""


def read_valid(
    model: type[Model], raw: Mapping[str, Any], suggested: Collection[Location] = (), place: Location = ()
) -> Model:
    """Read `raw` as a `model` of which fields without a valid value are absent: to read one is an AttributeError.

    A name of an invalid form is kept: others may refer to it.

    :param suggested: The locations that misspelled keys were meant for.
    :param place: The location of `raw`.
    """
    values: dict[str, Any] = {}
    absent: set[str] = set()
    for name, field in model.model_fields.items():
        alias = field.alias or name
        key = name if name in raw else alias
        value = _ABSENT
        if key in raw and (*place, alias) not in suggested:
            value = _read(_annotate(field), raw[key], suggested, (*place, alias))
        elif key not in raw and (*place, alias) not in suggested and not field.is_required():
            continue
        if value is _ABSENT and name in _NAMES and isinstance(raw.get(key), str):
            value = raw[key]
        if value is _ABSENT:
            absent.add(name)
        else:
            values[name] = value
    made = model.model_construct({*values, *absent}, **values)
    for name in absent:
        vars(made).pop(name, None)
    return made


def _annotate(field: FieldInfo) -> Any:
    union = [Field(discriminator=field.discriminator)] if field.discriminator else []
    return Annotated[(field.annotation, *union, *field.metadata)] if field.metadata or union else field.annotation


def _read(annotation: Any, raw: Any, suggested: Collection[Location], place: Location) -> Any:
    try:
        return TypeAdapter(annotation).validate_python(raw)
    except ValidationError:
        plain = _strip(annotation)
    origin, arguments = get_origin(plain), get_args(plain)
    if isinstance(raw, Mapping) and origin is Mapping:
        return {
            str(key): _read_entry(arguments[1], entry, suggested, (*place, key))
            for key, entry in cast("Mapping[str, Any]", raw).items()
        }
    if isinstance(raw, list | tuple) and origin in {tuple, Sequence}:
        entries = enumerate(cast("list[Any]", raw))
        return tuple(_read_entry(arguments[0], entry, suggested, (*place, index)) for index, entry in entries)
    if not isinstance(raw, Mapping) or origin not in {None, Union}:
        return _ABSENT
    fields = cast("Mapping[str, Any]", raw)
    chosen = _choose(plain, fields)
    return read_valid(chosen, fields, suggested, place) if chosen else _ABSENT


def _read_entry(annotation: Any, raw: Any, suggested: Collection[Location], place: Location) -> Any:
    """Read an entry of a list or mapping; one that is invalid has its place there all the same."""
    found = _read(annotation, raw, suggested, place)
    if found is not _ABSENT:
        return found
    for model in list_models(annotation):
        blank = model.model_construct()
        vars(blank).clear()
        return blank
    return str(raw)


def _strip(annotation: Any) -> Any:
    """Return an annotation without its metadata, and without None."""
    if get_origin(annotation) is Annotated:
        return _strip(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        others = [each for each in get_args(annotation) if each is not type(None)]
        return _strip(others[0]) if len(others) == 1 else Union[tuple(others)]  # noqa: UP007 - they are known when it runs
    return annotation


def _choose(annotation: Any, raw: Mapping[str, Any]) -> type[BaseModel] | None:
    """Return the model that `raw` is meant as, by its kind if there are several."""
    models = list(list_models(annotation))
    for model in models:
        kind = model.model_fields.get("kind")
        if len(models) == 1 or (kind and raw.get("kind", kind.default) in get_args(kind.annotation)):
            return model
    return None
