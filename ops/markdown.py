"""A preview as a comment on a pull request."""

from collections.abc import Iterable, Mapping, Sequence

from .observed import Operation
from .preview import Preview

_MOST_ROWS = 150
"""Of one table: a comment has a limit, 65,536 characters on GitHub."""

_WORDS: Mapping[Operation, str] = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "delete": "to delete",
}


def markdown(preview: Preview) -> str:
    """The comment. Its first line marks it, so that the next one for this stack takes its place."""
    parts = [
        f"<!-- strongroom preview {preview.stack} -->",
        f"## Preview of `{preview.stack}`",
        _summary(preview),
        *(_errors(preview) if preview.errors else _effects(preview)),
        *_warnings(preview),
    ]
    return "\n\n".join(parts) + "\n"


def _effects(preview: Preview) -> list[str]:
    return [
        "### Who gains and who loses access",
        _access(preview),
        "### Guardrails",
        _guardrails(preview),
        "### What it costs",
        _costs(preview),
        *_changes(preview),
    ]


def _summary(preview: Preview) -> str:
    counts = ", ".join(f"{preview.counts.get(what, 0)} {words}" for what, words in _WORDS.items())
    told = f"**{counts}**; {preview.unchanged} stay as they are. Compared with {preview.against}."
    if preview.errors:
        return "**The preview failed**, and so would the update."
    if preview.refused:
        return f"**The update would be refused**: a mandatory guardrail is broken.\n\n{told}"
    return told if preview.changes else f"**Nothing changes**: {preview.unchanged} resources stay as they are."


def _errors(preview: Preview) -> list[str]:
    return [f"```text\n{error.replace('```', '')}\n```" for error in preview.errors]


def _access(preview: Preview) -> str:
    if not preview.access:
        return "Nobody."
    rows = [
        ("**gains**" if each.gained else "**loses**", each.who, each.may, _code(each.what), each.by)
        for each in preview.access
    ]
    return _table(("", "who", "may", "what", "by"), rows)


def _guardrails(preview: Preview) -> str:
    if not preview.guardrails:
        return "None is broken."
    rows = [
        (
            "**mandatory**" if each.mandatory else "advisory",
            _code(each.rule),
            each.problem,
            each.reason,
            each.fix,
        )
        for each in sorted(preview.guardrails, key=lambda each: (not each.mandatory, each.rule, each.resource))
    ]
    return _table(("level", "rule", "broken by", "why it matters", "fix"), rows)


def _costs(preview: Preview) -> str:
    if not preview.costs:
        return "Nothing."
    rows = [
        (each.operation, f"{each.kind} {_code(each.name)}", f"**for good:** {each.lost}" if each.final else each.lost)
        for each in sorted(preview.costs, key=lambda each: not each.final)
    ]
    return _table(("", "what", "cost"), rows)


def _changes(preview: Preview) -> list[str]:
    if not preview.changes:
        return []
    rows = [
        (each.operation, each.kind, _code(each.name), ", ".join(map(_code, each.inputs))) for each in preview.changes
    ]
    table = _table(("", "kind", "name", "inputs that change"), rows)
    return [f"<details><summary>What changes: {len(rows)} resources</summary>\n\n{table}\n\n</details>"]


def _warnings(preview: Preview) -> list[str]:
    if not preview.warnings:
        return []
    return ["### Warnings", "\n".join(f"- {_cell(warning)}" for warning in preview.warnings)]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(headings), "|" + " --- |" * len(headings), *(_row(map(_cell, row)) for row in rows[:_MOST_ROWS])]
    if len(rows) > _MOST_ROWS:
        lines.append(f"\n… and {len(rows) - _MOST_ROWS} more.")
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """`text` on one line, with nothing in it that Markdown or HTML would take for theirs."""
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").split())


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"
