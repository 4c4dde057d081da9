"""Markdown of a preview, for a pull request's comment, and of a drift, for a run's summary."""

import re
from collections.abc import Iterable, Mapping, Sequence

from ..drift import Drift
from ..existing.namespaces import NAME as NAMESPACES
from ..terminal_text import make_printable
from .events import Operation
from .report import Preview

_MOST_ROWS = 150
"""Rows of one table: a comment has at most 65,536 characters on GitHub."""

_WORDS: Mapping[Operation, str] = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "delete": "to delete",
}

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,;.'()\[\]/:=_-]*")
"""Text without markup for GitHub, unless `_ACTIVE` matches."""

_ACTIVE = re.compile(
    r"://|www\.|\]\(|\]\[|\]:|:[a-z0-9_+-]+:|\bGH-[0-9]|\b[0-9a-f]{7,}\b|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[0-9]+\)",
    re.IGNORECASE,
)
"""Links, references to issues and commits, emoji and emphasis. (GitHub docs: "Basic writing and formatting syntax",
"Autolinked references and URLs")"""


def format_preview(preview: Preview) -> str:
    """Format the comment. Its first line identifies it, so that the next one for this stack replaces it."""
    parts = [
        f"<!-- strongroom preview {preview.stack} -->",
        f"## Preview of `{preview.stack}`",
        *_format_weakened(preview),
        _format_summary(preview),
        *_format_existing(preview),
        *(_format_errors(preview) if preview.errors else _format_effects(preview)),
        *_format_warnings(preview),
    ]
    return "\n\n".join(parts) + "\n"


def format_drift(drift: Drift) -> str:
    """Format a drift as Markdown."""
    parts = [f"## Drift of `{drift.stack}`"]
    if drift.errors:
        return "\n\n".join([*parts, "**The comparison failed.**", *map(_format_block, drift.errors)]) + "\n"
    if not drift.resources:
        return "\n\n".join([*parts, f"**None**: {_format_count(drift.unchanged)} as deployed."]) + "\n"
    rows = [
        (_format_cell(each.kind), _format_code(each.name), "; ".join(map(_format_cell, each.differences)))
        for each in drift.resources
    ]
    parts += [
        f"**{_format_count(len(rows))} not as deployed**, {drift.unchanged} are.",
        "### Access gained and lost",
        _format_access(drift),
        "### What was changed",
        _format_table(("kind", "name", "deployed, and found"), rows),
        "### What to do",
        f"- To revert it: `pulumi refresh --stack {drift.stack}`, then `pulumi up --stack "
        f"{drift.stack}`. The update "
        "alone would not detect it.\n"
        f"- To keep it: write it into the stack's settings, then do the same: `strongroom preview "
        f"--stack {drift.stack}` "
        "shows nothing more.\n"
        "- Values of secrets are not compared: `strongroom verify` shows whether they are there.",
    ]
    return "\n\n".join(parts) + "\n"


def _format_count(number: int) -> str:
    return "1 resource is" if number == 1 else f"{number} resources are"


def _format_weakened(preview: Preview) -> list[str]:
    if not preview.weakened:
        return []
    return [
        "### This change weakens the guardrails",
        "The guardrails of the base apply here. Once merged, these apply:",
        "\n".join(f"- {_format_cell(each)}" for each in preview.weakened),
    ]


def _format_existing(preview: Preview) -> list[str]:
    rows = [
        ("**refused**" if each.state == "failed" else each.state, _format_cell(each.seen), _format_cell(each.fix))
        for each in preview.existing
        if each.state != "ok"
    ]
    return ["### Foreign objects", _format_table(("", "what", "fix"), rows)] if rows else []


def _format_effects(preview: Preview) -> list[str]:
    return [
        "### Access gained and lost",
        _format_access(preview),
        "### Guardrails",
        _format_guardrails(preview),
        "### Impact",
        _format_costs(preview),
        *_format_unread(preview),
        *_format_changes(preview),
    ]


def _format_summary(preview: Preview) -> str:
    counts = ", ".join(f"{preview.counts.get(what, 0)} {words}" for what, words in _WORDS.items())
    counts_text = f"**{counts}**; {preview.unchanged} stay as they are. Compared with {preview.against}."
    if preview.errors:
        return "**The preview failed**, and so would the update."
    if preview.refused:
        reasons = [
            *(["a mandatory guardrail is violated"] if any(each.mandatory for each in preview.guardrails) else []),
            *(["it would create what exists already"] if _has_failed(preview, others=False) else []),
            *(["it would delete foreign objects"] if _has_failed(preview, others=True) else []),
        ]
        return f"**The update would be refused**: {', and '.join(reasons)}.\n\n{counts_text}"
    return counts_text if preview.changes else f"**Nothing changes**: {preview.unchanged} resources stay as they are."


def _has_failed(preview: Preview, *, others: bool) -> bool:
    """Return whether a finding failed: of objects in a deleted namespace (`others`), or of objects to create."""
    return any(each.state == "failed" and (each.name == NAMESPACES) is others for each in preview.existing)


def _format_errors(preview: Preview) -> list[str]:
    return [_format_block(error) for error in preview.errors]


def _format_access(preview: Preview | Drift) -> str:
    if not preview.access:
        return "Nobody."
    rows = [
        (
            "**gains**" if each.gained else "**loses**",
            _format_cell(each.who),
            _format_cell(each.may),
            _format_code(each.what),
            _format_cell(each.by),
        )
        for each in preview.access
    ]
    return _format_table(("", "who", "may", "what", "by"), rows)


def _format_guardrails(preview: Preview) -> str:
    if not preview.guardrails:
        return "None is violated."
    rows = [
        (
            "**mandatory**" if each.mandatory else "advisory",
            _format_code(each.rule),
            _format_cell(each.problem),
            _format_cell(each.reason),
            _format_cell(each.fix),
        )
        for each in sorted(preview.guardrails, key=lambda each: (not each.mandatory, each.rule, each.resource))
    ]
    return _format_table(("level", "rule", "violated by", "why it matters", "fix"), rows)


def _format_costs(preview: Preview) -> str:
    if not preview.costs:
        return "Nothing."
    rows = [
        (
            each.operation,
            f"{_format_cell(each.kind)} {_format_code(each.name)}",
            ("**permanent:** " if each.final else "") + _format_cell(each.lost),
        )
        for each in sorted(preview.costs, key=lambda each: not each.final)
    ]
    return _format_table(("", "what", "impact"), rows)


def _format_unread(preview: Preview) -> list[str]:
    if not preview.unread:
        return []
    return [
        "### Secrets that no workload reads any more",
        "The stack still writes these: remove them from `seeds`, or declare them.",
        "\n".join(f"- {_format_code(each)}" for each in preview.unread),
    ]


def _format_changes(preview: Preview) -> list[str]:
    if not preview.changes:
        return []
    rows = [
        (each.operation, _format_cell(each.kind), _format_code(each.name), ", ".join(map(_format_code, each.inputs)))
        for each in preview.changes
    ]
    table = _format_table(("", "kind", "name", "inputs that change"), rows)
    return [f"<details><summary>What changes: {len(rows)} resources</summary>\n\n{table}\n\n</details>"]


def _format_warnings(preview: Preview) -> list[str]:
    if not preview.warnings:
        return []
    return ["### Warnings", "\n".join(f"- {_format_cell(warning)}" for warning in preview.warnings)]


def _format_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_format_row(headings), "|" + " --- |" * len(headings), *map(_format_row, rows[:_MOST_ROWS])]
    if len(rows) > _MOST_ROWS:
        lines.append(f"\n… and {len(rows) - _MOST_ROWS} more.")
    return "\n".join(lines)


def _format_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _format_cell(text: str) -> str:
    """Format `text` on one line; as code if it contains markup of Markdown, HTML or GitHub."""
    return text if not text or (_PLAIN.fullmatch(text) and not _ACTIVE.search(text)) else _format_code(text)


def _format_code(text: str) -> str:
    """Format `text` on one line as code, in which mentions, links and images have no effect.

    A bar would end a table's cell, and a backtick the code: they are written as entities between two pieces of code.
    """
    pieces = re.split(r"([|`])", make_printable(" ".join(text.split())))
    return "".join(f"&#{ord(piece)};" if piece in {"|", "`"} else f"`{piece}`" for piece in pieces if piece)


def _format_block(text: str) -> str:
    """Format `text` as a block of code, on as many lines as it has."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{make_printable(text)}\n{fence}"
