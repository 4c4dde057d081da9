"""Faults in a stack's configuration, told to the person who wrote it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

import pulumi
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

NAMESPACE = "strongroom"

Location = tuple[int | str, ...]

Unions = Mapping[Location, Mapping[str, type[BaseModel]]]
"""The keys whose `kind` tells models apart, with those models, outer ones first; `*` stands for any entry of a list."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one key."""

    location: Location
    """The key, from the top of the namespace down."""

    problem: str
    """What is wrong and how to right it; never a secret's value."""

    @property
    def key(self) -> str:
        """The key as the user wrote it, e.g. `strongroom:workloads[0].name`."""
        steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.location]
        return f"{NAMESPACE}:{''.join(steps).removeprefix('.')}"

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}"


class InvalidSettingsError(pulumi.RunError):
    """The stack's configuration has faults; nothing was registered. Its text lists them all."""

    def __init__(self, stack: str, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        count = "a fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = [
            f"Stack {stack} has {count} in its configuration; nothing was changed:",
            *map(str, self.faults),
        ]
        super().__init__("\n  ".join(lines))


def faults_of(
    error: ValidationError, model: type[BaseModel], secret_keys: Iterable[str], unions: Unions
) -> list[Fault]:
    """The faults that pydantic found in a `model`.

    :param secret_keys: Keys below which no input is repeated.
    :param unions: The model's unions.
    """
    hidden = set(secret_keys)
    faults: list[Fault] = []
    for details in error.errors(include_url=False):
        location = _written(details["loc"], unions)[0]
        if details["type"] == "too_short" and details["input"]:
            continue  # its entries are at fault, and told of
        shown = "" if location and location[0] in hidden else _given(details["input"])
        if details["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            faults.append(_unknown_kind(location, details, unions))
        else:
            faults.append(Fault(location, _problem(details, model, shown, unions)))
    return faults


def _given(value: object) -> str:
    return f"{value!r} " if isinstance(value, str | int | float | bool) else ""


_MUST_BE = {
    "string_type": "a string; put it in quotes if it looks like a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "mapping_type": "a mapping of keys to values",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


def _written(location: Location, unions: Unions) -> tuple[Location, int, type[BaseModel] | None]:
    """`location` as the user has written it, and the innermost model that a kind told, with that model's depth."""
    inner, innermost = 0, None
    for key, models in unions.items():
        depth = len(key)
        if _fits(key, location[:depth]) and location[depth:] and location[depth] in models:
            inner, innermost = depth, models[str(location[depth])]
            location = (*location[:depth], *location[depth + 1 :])
    return location, inner, innermost


def _fits(key: Location, location: Location) -> bool:
    return len(key) == len(location) and all(known in {"*", step} for known, step in zip(key, location, strict=True))


def _unknown_kind(location: Location, details: ErrorDetails, unions: Unions) -> Fault:
    known = next(models for key, models in unions.items() if _fits(key, location))
    allowed = " or ".join(repr(kind) for kind in known)
    if details["type"] == "union_tag_not_found":
        return Fault((*location, "kind"), f"is required and missing: use {allowed}")
    return Fault((*location, "kind"), f"{details.get('ctx', {})['tag']!r} is not allowed: use {allowed}")


def _problem(details: ErrorDetails, model: type[BaseModel], given: str, unions: Unions) -> str:
    kind = details["type"]
    context = details.get("ctx", {})
    if kind == "missing":
        return "is required and missing"
    if kind == "extra_forbidden":
        return _unknown_key(str(details["loc"][-1]), _keys_beside(details["loc"], model, unions))
    if kind in _MUST_BE:
        return f"{given}must be {_MUST_BE[kind]}"
    if kind == "too_short":
        return "must not be empty"
    if kind == "literal_error":
        return f"{given}is not allowed: use {context['expected']}"
    if kind == "value_error":
        return f"{given}{context['error']}"
    message = details["msg"]
    return f"{given}{message[0].lower()}{message[1:]}"


def _unknown_key(key: str, known: Sequence[str]) -> str:
    """What to tell of a key that nobody knows. Its value is left out: it may be a secret in the wrong place."""
    close = get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"is not a known key; {hint}allowed here: {', '.join(known)}"


def _keys_beside(location: Location, model: type[BaseModel], unions: Unions) -> list[str]:
    location, depth, innermost = _written(tuple(location), unions)
    location, model = location[depth:], innermost or model
    for step in location[:-1]:
        fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        model = _model_in(fields[step]) if step in fields else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if (found := _model_in(argument)) is not BaseModel:
            return found
    return BaseModel
