"""Messages for pydantic's errors, in the terms of a stack's file."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from strongroom.components.cross_checks import Location

from ..errors import ValidationIssue, format_value

Unions = Mapping[Location, Mapping[str, type[BaseModel]]]
"""The settings whose `kind` selects a model, with those models, outer ones first; `*` is any entry of a list."""

_MUST_BE = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false, without quotes",
    "tuple_type": "a list",
    "mapping_type": "a mapping of keys to values",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "datetime_type": "a time with its zone, e.g. 2027-01-31T00:00:00Z",
    "datetime_from_date_parsing": "a time with its zone, e.g. 2027-01-31T00:00:00Z",
    "datetime_parsing": "a time with its zone, e.g. 2027-01-31T00:00:00Z",
    "timezone_aware": "a time with its zone, e.g. 2027-01-31T00:00:00Z",
}
"""What a value must be, by pydantic's type of the error."""

_BOUNDS = {
    "greater_than_equal": ("ge", "must be {} or more"),
    "less_than_equal": ("le", "must be {} or less"),
    "string_too_long": ("max_length", "must have {} characters or less"),
    "too_long": ("max_length", "must have {} entries or less"),
}


_CLOSE = 0.7
"""The similarity from which a key is suggested: at 0.6, `args` would be taken for `images`."""

_PLACES: Mapping[str, frozenset[str]] = {
    "template.metadata": frozenset({"annotations", "labels"}),
    "template.spec": frozenset(
        {
            *("affinity", "hostAliases", "imagePullSecrets", "initContainers", "nodeSelector", "priorityClassName"),
            *("terminationGracePeriodSeconds", "tolerations", "topologySpreadConstraints", "volumes"),
        }
    ),
    "template.spec.containers": frozenset(
        {
            *("args", "env", "environment", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe"),
            *("resources", "startupProbe", "volumeMounts", "workingDir"),
        }
    ),
    "controller": frozenset(
        {
            *("backoffLimit", "completions", "concurrencyPolicy", "parallelism", "schedule", "serviceName", "strategy"),
            *("updateStrategy", "volumeClaimTemplates"),
        }
    ),
}
"""The settings of a workload with fields of its pods, and of what makes them, by those fields."""


def list_issues(
    error: ValidationError, model: type[BaseModel], secret_keys: Collection[str], unions: Unions
) -> list[ValidationIssue]:
    """List the issues that pydantic found in a `model`.

    :param secret_keys: Keys below which no value is repeated.
    :param unions: The model's unions.
    """
    issues: list[ValidationIssue] = []
    for details in error.errors(include_url=False):
        location = _remove_kind(details["loc"], unions)[0]
        if details["type"] == "too_short" and details["input"]:
            continue  # its entries are invalid, and reported
        if details["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            issues.append(_report_kind(location, details, unions))
        elif details["type"] == "extra_forbidden":
            issues.append(_report_key(location, _list_keys(details["loc"], model, unions)))
        else:
            hidden = bool(location) and location[0] in secret_keys
            issues.append(ValidationIssue(location, _format_message(details, hidden)))
    suggested = {issue.suggested for issue in issues}
    return [issue for issue in issues if issue.location not in suggested]


def _remove_kind(location: Location, unions: Unions) -> tuple[Location, int, type[BaseModel] | None]:
    """Return `location` as in the stack's file, and the depth and model of the innermost union in it."""
    inner, innermost = 0, None
    if location[-1:] == ("[key]",):
        location = location[:-1]  # a key, not its value, is invalid
    for key, models in unions.items():
        depth = len(key)
        if _matches(key, location[:depth]) and location[depth:] and location[depth] in models:
            inner, innermost = depth, models[str(location[depth])]
            location = (*location[:depth], *location[depth + 1 :])
    return location, inner, innermost


def _matches(key: Location, location: Location) -> bool:
    return len(key) == len(location) and all(known in {"*", step} for known, step in zip(key, location, strict=True))


def _report_kind(location: Location, details: ErrorDetails, unions: Unions) -> ValidationIssue:
    known = next(models for key, models in unions.items() if _matches(key, location))
    allowed = " or ".join(repr(kind) for kind in known)
    written: Any = details["input"]
    if details["type"] == "union_tag_not_found" or "kind" not in written:
        return ValidationIssue((*location, "kind"), f"This setting is required: use {allowed}")
    given = "This setting is empty" if written["kind"] is None else f"{_format_subject(written['kind'])} is not allowed"
    return ValidationIssue((*location, "kind"), f"{given}: use {allowed}")


def _format_message(details: ErrorDetails, hidden: bool) -> str:
    kind, context = details["type"], details.get("ctx", {})
    value: object = details["input"]
    if kind == "missing":
        return "This setting is required"
    if kind == "too_short":
        return "This setting must not be empty"
    container = _name_container(value)
    named = "This name" if details["loc"][-1:] == ("[key]",) else "This setting"
    given = named if hidden or container else _format_subject(value)
    if hidden and kind == "string_type" and not container:
        return "The value must be text (a number in quotes is text): set it with `pulumi config set --secret --path`"
    if kind in _MUST_BE:
        if value is None or container:
            return f"This setting is {container or 'empty'}, and must be {_MUST_BE[kind]}"
        quotes = kind == "string_type" and isinstance(value, bool | int | float)
        return f"{given} must be {_MUST_BE[kind]}{': put it in quotes' if quotes else ''}"
    if kind in _BOUNDS:
        limit, bound = _BOUNDS[kind]
        return f"{given} {bound.format(context[limit])}"
    if kind == "literal_error" and not isinstance(value, str) and f"'{value}'" in context["expected"]:
        return f"{given} must be a string: put it in quotes"
    if kind == "literal_error":
        return f"{container.capitalize() or given} is not allowed: use {context['expected']}"
    if kind == "value_error":
        return f"{given} {context['error']}"
    message = details["msg"]
    return f"{given} {message[0].lower()}{message[1:]}"


def _format_subject(value: object) -> str:
    text = format_value(value)
    return f"A{text[1:]}" if text.startswith("a ") else text


def _name_container(value: object) -> str:
    return "a mapping" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else ""


def _report_key(location: Location, known: Sequence[str]) -> ValidationIssue:
    """Report an unknown key, without its value, which may be a secret in the wrong place."""
    for place, names in _PLACES.items():
        if location[-1] in names and place.partition(".")[0] in known:
            return ValidationIssue(location, f"This key is unknown here: it belongs in {place}")
    close = get_close_matches(str(location[-1]), known, n=1, cutoff=_CLOSE)
    hint = f" Did you mean {close[0]}?" if close else ""
    message = f"This key is unknown.{hint} Allowed here: {', '.join(known)}"
    return ValidationIssue(location, message, (*location[:-1], close[0]) if close else None)


def _list_keys(location: Location, model: type[BaseModel], unions: Unions) -> list[str]:
    location, depth, innermost = _remove_kind(tuple(location), unions)
    location, model = location[depth:], innermost or model
    for step in location[:-1]:
        fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        model = _find_model(fields[step]) if step in fields else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _find_model(annotation: Any) -> type[BaseModel]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if (found := _find_model(argument)) is not BaseModel:
            return found
    return BaseModel
