"""A preview as a comment on a pull request, and a drift as a run's summary."""

import re
from collections.abc import Iterable, Mapping, Sequence

from ..drift import Drift
from ..existing.namespaces import NAME as NAMESPACES
from ..terminal_text import make_printable
from .events import Operation
from .report import Preview

_MOST_ROWS = 150
"""Of one table: a comment has a limit, 65,536 characters on GitHub."""

_WORDS: Mapping[Operation, str] = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "delete": "to delete",
}

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,;.'()\[\]/:=_-]*")
"""A text that is only words to GitHub, unless `_ACTIVE` finds something in it."""

_ACTIVE = re.compile(
    r"://|www\.|\]\(|\]\[|\]:|:[a-z0-9_+-]+:|\bGH-[0-9]|\b[0-9a-f]{7,}\b|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[0-9]+\)",
    re.IGNORECASE,
)
"""Links, references to issues and commits, emoji and emphasis. (GitHub docs: "Basic writing and formatting syntax",
"Autolinked references and URLs")"""


def markdown(preview: Preview) -> str:
    """The comment. Its first line marks it, so that the next one for this stack takes its place."""
    parts = [
        f"<!-- strongroom preview {preview.stack} -->",
        f"## Preview of `{preview.stack}`",
        *_weakened(preview),
        _summary(preview),
        *_existing(preview),
        *(_errors(preview) if preview.errors else _effects(preview)),
        *_warnings(preview),
    ]
    return "\n\n".join(parts) + "\n"


def format_drift(drift: Drift) -> str:
    """Write a drift as Markdown, in the words of a preview."""
    parts = [f"## Drift of `{drift.stack}`"]
    if drift.errors:
        return "\n\n".join([*parts, "**The comparison failed.**", *map(_block, drift.errors)]) + "\n"
    if not drift.resources:
        return "\n\n".join([*parts, f"**None**: {_count(drift.unchanged)} as deployed."]) + "\n"
    rows = [(_cell(each.kind), _code(each.name), "; ".join(map(_cell, each.differences))) for each in drift.resources]
    parts += [
        f"**{_count(len(rows))} not as deployed**, {drift.unchanged} are.",
        "### Who gained and who lost access by it",
        _access(drift),
        "### What was changed",
        _table(("kind", "name", "deployed, and found"), rows),
        "### What to do",
        f"- To take it back: `pulumi refresh --stack {drift.stack}`, then `pulumi up --stack "
        f"{drift.stack}`. The update "
        "alone would not see it.\n"
        f"- To keep it: write it into the stack's settings, then do the same: `strongroom preview "
        f"--stack {drift.stack}` "
        "shows nothing more.\n"
        "- Values of secrets are not compared: `strongroom verify` shows whether they are there.",
    ]
    return "\n\n".join(parts) + "\n"


def _count(number: int) -> str:
    return "1 resource is" if number == 1 else f"{number} resources are"


def _weakened(preview: Preview) -> list[str]:
    if not preview.weakened:
        return []
    return [
        "### This change changes what judges it",
        "What it is compared with judges it here. Once merged, these hold:",
        "\n".join(f"- {_cell(each)}" for each in preview.weakened),
    ]


def _existing(preview: Preview) -> list[str]:
    rows = [
        ("**refused**" if each.state == "failed" else each.state, _cell(each.seen), _cell(each.fix))
        for each in preview.existing
        if each.state != "ok"
    ]
    return ["### What is not this stack's own", _table(("", "what", "fix"), rows)] if rows else []


def _effects(preview: Preview) -> list[str]:
    return [
        "### Who gains and who loses access",
        _access(preview),
        "### Guardrails",
        _guardrails(preview),
        "### What it costs",
        _costs(preview),
        *_unread(preview),
        *_changes(preview),
    ]


def _summary(preview: Preview) -> str:
    counts = ", ".join(f"{preview.counts.get(what, 0)} {words}" for what, words in _WORDS.items())
    told = f"**{counts}**; {preview.unchanged} stay as they are. Compared with {preview.against}."
    if preview.errors:
        return "**The preview failed**, and so would the update."
    if preview.refused:
        reasons = [
            *(["a mandatory guardrail is broken"] if any(each.mandatory for each in preview.guardrails) else []),
            *(["it would create what exists already"] if _is_broken(preview, others=False) else []),
            *(["it would delete what is not its own"] if _is_broken(preview, others=True) else []),
        ]
        return f"**The update would be refused**: {', and '.join(reasons)}.\n\n{told}"
    return told if preview.changes else f"**Nothing changes**: {preview.unchanged} resources stay as they are."


def _is_broken(preview: Preview, *, others: bool) -> bool:
    """Tell whether a finding stands in the way, of what is in a namespace that is deleted or of what is created."""
    return any(each.state == "failed" and (each.name == NAMESPACES) is others for each in preview.existing)


def _errors(preview: Preview) -> list[str]:
    return [_block(error) for error in preview.errors]


def _access(preview: Preview | Drift) -> str:
    if not preview.access:
        return "Nobody."
    rows = [
        (
            "**gains**" if each.gained else "**loses**",
            _cell(each.who),
            _cell(each.may),
            _code(each.what),
            _cell(each.by),
        )
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
            _cell(each.problem),
            _cell(each.reason),
            _cell(each.fix),
        )
        for each in sorted(preview.guardrails, key=lambda each: (not each.mandatory, each.rule, each.resource))
    ]
    return _table(("level", "rule", "broken by", "why it matters", "fix"), rows)


def _costs(preview: Preview) -> str:
    if not preview.costs:
        return "Nothing."
    rows = [
        (
            each.operation,
            f"{_cell(each.kind)} {_code(each.name)}",
            ("**for good:** " if each.final else "") + _cell(each.lost),
        )
        for each in sorted(preview.costs, key=lambda each: not each.final)
    ]
    return _table(("", "what", "cost"), rows)


def _unread(preview: Preview) -> list[str]:
    if not preview.unread:
        return []
    return [
        "### What nobody reads any more",
        "The stack goes on writing these: remove them from `seeds`, or declare them.",
        "\n".join(f"- {_code(each)}" for each in preview.unread),
    ]


def _changes(preview: Preview) -> list[str]:
    if not preview.changes:
        return []
    rows = [
        (each.operation, _cell(each.kind), _code(each.name), ", ".join(map(_code, each.inputs)))
        for each in preview.changes
    ]
    table = _table(("", "kind", "name", "inputs that change"), rows)
    return [f"<details><summary>What changes: {len(rows)} resources</summary>\n\n{table}\n\n</details>"]


def _warnings(preview: Preview) -> list[str]:
    if not preview.warnings:
        return []
    return ["### Warnings", "\n".join(f"- {_cell(warning)}" for warning in preview.warnings)]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(headings), "|" + " --- |" * len(headings), *map(_row, rows[:_MOST_ROWS])]
    if len(rows) > _MOST_ROWS:
        lines.append(f"\n… and {len(rows) - _MOST_ROWS} more.")
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Format `text` on one line; as code if Markdown, HTML or GitHub would take any of it for theirs."""
    return text if not text or (_PLAIN.fullmatch(text) and not _ACTIVE.search(text)) else _code(text)


def _code(text: str) -> str:
    """Format `text` on one line as code, in which nothing mentions, links or shows an image.

    A bar would end a table's cell, and a backtick the code: they stand between two pieces of it.
    """
    pieces = re.split(r"([|`])", make_printable(" ".join(text.split())))
    return "".join(f"&#{ord(piece)};" if piece in {"|", "`"} else f"`{piece}`" for piece in pieces if piece)


def _block(text: str) -> str:
    """Format `text` as a block of code, on as many lines as it has."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{make_printable(text)}\n{fence}"
