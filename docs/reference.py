"""Writes settings.md, components.md, rules.md and events.md from the code: `python docs/reference.py`."""

import inspect
import sys
import types
import typing
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import strongroom  # noqa: E402
from strongroom.components.plugin import described  # noqa: E402
from strongroom.ops.doctor.events import EXPLANATIONS  # noqa: E402
from strongroom.policy.rules import RULES  # noqa: E402
from strongroom.stacks.settings.root import Settings  # noqa: E402

NOTE = "<!-- Written by docs/reference.py. Change the docstrings, and run it. -->"


def settings() -> str:
    """The reference of everything that a stack file may say."""
    lines = ["# Settings", NOTE, "What may stand below `config:` in `stacks/Pulumi.<stack>.yaml`."]
    places: dict[type[BaseModel], list[str]] = {Settings: ["strongroom"]}
    pending: list[tuple[str, type[BaseModel]]] = [("strongroom:", Settings)]
    sections: list[tuple[type[BaseModel], list[str]]] = []
    while pending:
        prefix, model = pending.pop(0)
        rows: list[str] = []
        sections.append((model, rows))
        told = described.of_attributes(model)
        for name, field in model.model_fields.items():
            key = field.alias or name
            rows.append(f"| `{key}` | {_text(told.get(name))}{_choices(field)} | {_default(field)} |")
            for below in _models(field.annotation):
                place = f"{prefix}{key}{'[]' if get_origin(field.annotation) is tuple else ''}"
                if below not in places:
                    pending.append((f"{place}.", below))
                places.setdefault(below, []).append(place)
    for model, rows in sections:
        title = ", ".join(f"`{place}`" for place in places[model])
        table = "| key | what | default |\n| --- | --- | --- |\n" + "\n".join(rows)
        lines += [f"## {title}{_kind(model)}", _text(model.__doc__), table]
    return "\n\n".join(lines) + "\n"


def reference() -> str:
    """The reference of the public components."""
    lines = [
        "# Components",
        NOTE,
        "What `import strongroom` offers.",
    ]
    for name in strongroom.__all__:
        item = getattr(strongroom, name)
        lines += [f"## {name}", inspect.cleandoc(item.__doc__ or "")]
        initialiser = item.__dict__.get("__init__")
        if initialiser and initialiser.__doc__ and not issubclass(item, BaseModel):
            lines.append("```text\n" + inspect.cleandoc(initialiser.__doc__) + "\n```")
    return "\n\n".join(lines) + "\n"


def rules() -> str:
    """The reference of the policy pack's rules."""
    lines = ["# Rules", NOTE, "What the [policy pack](policy.md) holds every stack to."]
    for rule in RULES:
        lines += [f"## {rule.name}", f"{rule.says} Severity: {rule.severity}."]
        lines += [f"- Why: {rule.reason}\n- Fix: {rule.fix}\n- Source: {rule.source}"]
        lines += [f"- `{name}`, by default `{schema['default']}`" for name, schema in rule.options.items()]
    return "\n\n".join(lines) + "\n"


def events() -> str:
    """The messages that `strongroom doctor` explains."""
    lines = [
        "# Events",
        NOTE,
        "What [`strongroom doctor`](doctor.md) knows of a pod's events and of logs, in the order of its looking: a "
        "message is judged as a whole, and gets the first explanation whose pattern, and what must stand beside it, it "
        "has. A consequence is left out beside its cause.",
    ]
    for each in EXPLANATIONS:
        lines += [f"## {each.name[0].upper()}{each.name[1:]}", f"{each.meaning[0].upper()}{each.meaning[1:]}."]
        beside = f"\n- Beside: ``{each.context.pattern}``" if each.context else ""
        follows = f"\n- Left out beside: {', '.join(each.follows)}" if each.follows else ""
        lines += [f"- Fix: {each.fix}\n- Source: {each.source}\n- Pattern: ``{each.pattern.pattern}``{beside}{follows}"]
    return "\n\n".join(lines) + "\n"


def _text(text: str | None) -> str:
    return " ".join((text or "").split())


def _kind(model: type[BaseModel]) -> str:
    """Which of several models at one place this is."""
    field = model.model_fields.get("kind")
    return f", `kind: {get_args(field.annotation)[0]}`" if field else ""


def _choices(field: FieldInfo) -> str:
    if get_origin(field.annotation) is not Literal:
        return ""
    return " One of " + ", ".join(f"`{choice}`" for choice in get_args(field.annotation)) + "."


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is PydanticUndefined:
        return "required"
    if value is None or isinstance(value, BaseModel | dict):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for argument in typing.get_args(annotation) for model in _models(argument)]


PAGES = {"settings.md": settings, "components.md": reference, "rules.md": rules, "events.md": events}

if __name__ == "__main__":
    for page, write in PAGES.items():
        (ROOT / "docs" / page).write_text(write())
