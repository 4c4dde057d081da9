"""Writes the pages below settings/, components.md, rules.md and events.md from the code: `python docs/reference.py`."""

import inspect
import re
import sys
import types
import typing
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, ForwardRef, Literal, Union, get_args, get_origin, get_type_hints

import pulumi
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import strongroom  # noqa: E402
from scripts.links import anchor  # noqa: E402
from strongroom import Chart, Cloud  # noqa: E402
from strongroom.components.plugin import described  # noqa: E402
from strongroom.ops.doctor.events import EXPLANATIONS  # noqa: E402
from strongroom.policy.rules import RULES  # noqa: E402
from strongroom.stacks.settings.root import Settings  # noqa: E402

NOTE = "<!-- Written by docs/reference.py. Change the docstrings, and run it. -->"


@dataclass(frozen=True)
class SettingsPage:
    """One page of the settings' reference."""

    title: str

    begins: tuple[str, ...]
    """The keys that begin it: what is below them is on the same page, unless another page begins there."""

    guide: str
    """The page that explains them."""


SETTINGS = {
    "vault": SettingsPage("Vault", ("strongroom:backend, kind: vault",), "vault.md"),
    "vault-auth": SettingsPage(
        "How workloads log in to Vault, and audit",
        ("strongroom:backend.auth", "strongroom:backend.audit[]"),
        "vault-auth.md",
    ),
    "vault-logins": SettingsPage(
        "People and machines that log in to Vault",
        ("strongroom:backend.logins[]", "strongroom:backend.groups[]"),
        "vault-auth.md#people-and-machines",
    ),
    "vault-server": SettingsPage("A Vault of the stack's own", ("strongroom:backend.server",), "vault-server.md"),
    "vault-bootstrap": SettingsPage("Opening a Vault", ("strongroom:backend.bootstrap",), "vault-server.md#bootstrap"),
    "azure": SettingsPage("Azure Key Vault", ("strongroom:backend, kind: azure-key-vault",), "azure.md"),
    "workloads": SettingsPage("Workloads, their secrets and deliveries", ("strongroom:workloads[]",), "deliveries.md"),
    "kubernetes": SettingsPage("The cluster", ("strongroom:kubernetes",), "kubernetes.md"),
    "charts": SettingsPage("Charts", ("strongroom:charts",), "charts.md"),
    "seeds": SettingsPage("Values that the stack writes", ("strongroom:seeds",), "vault.md#values"),
}
INDEX = "index"


@dataclass
class Section:
    """What one model of the settings allows."""

    model: type[BaseModel]

    page: str
    """The page that it is on."""

    places: list[str]
    """The keys that have it."""

    @property
    def title(self) -> str:
        """Its heading."""
        return ", ".join(f"`{place}`" for place in self.places) + (f", `{self.kind}`" if self.kind else "")

    @property
    def kind(self) -> str:
        """Which of several models at one key it is."""
        return _find_kind(self.model)

    @property
    def link(self) -> str:
        """Where it is, for another page of the settings."""
        return f"{self.page}.md#{anchor(self.title)}"


@cache
def sections() -> dict[type[BaseModel], Section]:
    """List all that a stack file may say, in the order of a search by breadth."""
    begins = {key: name for name, page in SETTINGS.items() for key in page.begins}
    found: dict[type[BaseModel], Section] = {Settings: Section(Settings, INDEX, ["strongroom"])}
    pending: list[tuple[str, type[BaseModel]]] = [("strongroom:", Settings)]
    while pending:
        prefix, model = pending.pop(0)
        for name, field in model.model_fields.items():
            place = f"{prefix}{field.alias or name}{'[]' if get_origin(field.annotation) in {tuple, Sequence} else ''}"
            for below in _list_models(field.annotation):
                if below in found:
                    found[below].places.append(place)
                    continue
                page = begins.get(f"{place}, {_find_kind(below)}") or begins.get(place) or found[model].page
                found[below] = Section(below, page, [place])
                pending.append((f"{place}.", below))
    return found


def settings_index() -> str:
    """Write the first page of the settings' reference."""
    pages = "\n".join(
        f"| [{page.title}]({name}.md) | {', '.join(f'`{key}`' for key in ', '.join(page.begins).split(', '))} |"
        for name, page in SETTINGS.items()
    )
    lines = ["# Settings", NOTE, "What may stand below `config:` in a stack file, `Pulumi.<stack>.yaml`."]
    lines += [f"| page | keys |\n| --- | --- |\n{pages}", *_format_section(sections()[Settings])]
    return "\n\n".join(lines) + "\n"


def settings(name: str) -> str:
    """Write a page of the settings' reference.

    :param name: The page.
    """
    page = SETTINGS[name]
    lines = [f"# Settings: {page.title}", NOTE, f"Explained in [{page.guide.partition('#')[0]}](../{page.guide})."]
    lines += [line for each in sections().values() if each.page == name for line in _format_section(each)]
    return "\n\n".join([*lines, "[All settings](index.md)"]) + "\n"


def _format_section(section: Section) -> list[str]:
    docs = described.read_attribute_docs(section.model)
    rows = ["| key | what | default |", "| --- | --- | --- |"]
    for name, field in section.model.model_fields.items():
        key, text = f"`{field.alias or name}`", _format_text(docs.get(name)) + _format_choices(field)
        below = [sections()[model] for model in _list_models(field.annotation)]
        if len(below) == 1:
            key = f"[{key}]({below[0].link})"
        elif below:
            text += " See " + ", ".join(f"[`{each.kind}`]({each.link})" for each in below) + "."
        rows.append(f"| {key} | {text} | {_format_default(field)} |")
    return [f"## {section.title}", _format_text(section.model.__doc__), "\n".join(rows)]


def reference() -> str:
    """Write the reference of the public components."""
    lines = [
        "# Components",
        NOTE,
        "What `import strongroom` offers.",
    ]
    for name in strongroom.__all__:
        lines += [f"## {name}", *_list_public(getattr(strongroom, name))]
    return "\n\n".join(lines) + "\n"


def _list_public(item: Any) -> list[str]:
    """Describe what is public: what it is, its constructor, its fields or outputs."""
    lines = [inspect.cleandoc(item.__doc__ or "")]
    if not isinstance(item, type):
        return lines
    texts = described.read_attribute_docs(item)
    if issubclass(item, BaseModel):
        rows = [
            f"| `{name}` | `{_format_type(field.annotation)}` | {_format_default(field)} "
            f"| {_format_text(texts.get(name))} |"
            for name, field in item.model_fields.items()
        ]
        return [*lines, *_format_table("| field | type | default | |\n| --- | --- | --- | --- |", rows)]
    initialiser = item.__dict__.get("__init__")
    if initialiser and issubclass(item, pulumi.Resource):
        args = get_type_hints(initialiser, localns={"Output": pulumi.Output, "T": Any})["args"]
        lines.append(
            f"Made by `{item.__name__}(name, args, opts=None)`, with [`{args.__name__}`](#{args.__name__.lower()})."
        )
        raised = re.findall(r":raises (\w+): (.*(?:\n {4,}.*)*)", inspect.cleandoc(initialiser.__doc__ or ""))
        lines += ["\n".join(f"- Raises `{error}`: {_format_text(when)}" for error, when in raised)] if raised else []
    rows = [
        f"| `{name}` | `{_format_type(hint)}` | {_format_text(texts[name])} |"
        for name, hint in inspect.get_annotations(item).items()
        if name in texts
    ]
    return [*lines, *_format_table("| attribute | type | |\n| --- | --- | --- |", rows)]


def _format_table(head: str, rows: list[str]) -> list[str]:
    return [f"{head}\n" + "\n".join(rows)] if rows else []


def _format_type(hint: Any) -> str:
    """Format an annotation as a program writes it; a cell of a table has no bare `|`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _format_type(arguments[0])
    if hint is type(None):
        return "None"
    if origin is Literal:
        return ", ".join(repr(each) for each in arguments)
    if origin in {Union, types.UnionType}:
        known = [each for each in arguments if get_origin(each) not in {Awaitable, pulumi.Output}]
        names = [_format_type(each) for each in known if not isinstance(each, ForwardRef)]
        later = Awaitable in map(get_origin, arguments)
        return " or ".join([f"Input[{names[0]}]" if later else names[0], *names[1:]])
    if origin is not None:
        inside = ", ".join("..." if each is ... else _format_type(each) for each in arguments)
        return f"{origin.__name__}[{inside}]"
    return str(getattr(hint, "__name__", hint))


def rules() -> str:
    """Write the reference of the policy pack's rules."""
    lines = ["# Rules", NOTE, "What the [policy pack](policy.md) holds every stack to."]
    for rule in RULES:
        lines += [f"## {rule.name}", f"{rule.summary} Severity: {rule.severity}."]
        lines += [f"- Why: {rule.reason}\n- Fix: {rule.fix}\n- Source: {rule.source}"]
        lines += [f"- `{name}`, by default `{schema['default']}`" for name, schema in rule.options.items()]
    return "\n\n".join(lines) + "\n"


def events() -> str:
    """Write the page of the messages that `strongroom doctor` explains."""
    lines = [
        "# Events",
        NOTE,
        "What [`strongroom doctor`](doctor.md) knows of a pod's events and of logs, in the order of its looking: a "
        "message is judged as a whole, and gets the first explanation whose pattern, and what must stand beside it, it "
        "has. A consequence is omitted beside its cause.",
    ]
    for each in EXPLANATIONS:
        lines += [f"## {each.name[0].upper()}{each.name[1:]}", f"{each.meaning[0].upper()}{each.meaning[1:]}."]
        beside = f"\n- Beside: ``{each.context.pattern}``" if each.context else ""
        follows = f"\n- Omitted beside: {', '.join(each.follows)}" if each.follows else ""
        lines += [f"- Fix: {each.fix}\n- Source: {each.source}\n- Pattern: ``{each.pattern.pattern}``{beside}{follows}"]
    return "\n\n".join(lines) + "\n"


def _format_text(text: str | None) -> str:
    return " ".join((text or "").split())


def _find_kind(model: type[BaseModel]) -> str:
    field = model.model_fields.get("kind")
    choices = get_args(field.annotation) if field else ()
    return f"kind: {choices[0]}" if len(choices) == 1 else ""


def _format_choices(field: FieldInfo) -> str:
    if get_origin(field.annotation) is not Literal:
        return ""
    return " One of " + ", ".join(f"`{choice}`" for choice in get_args(field.annotation)) + "."


def _format_default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, Chart | Cloud):
        return f"`{value.name}`"
    if value is None or isinstance(value, BaseModel | dict):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _list_models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for argument in typing.get_args(annotation) for model in _list_models(argument)]


PAGES = {
    f"settings/{INDEX}.md": settings_index,
    **{f"settings/{name}.md": partial(settings, name) for name in SETTINGS},
    "components.md": reference,
    "rules.md": rules,
    "events.md": events,
}

if __name__ == "__main__":
    for page, write in PAGES.items():
        (ROOT / "docs" / page).write_text(write())
