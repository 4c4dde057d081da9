"""Events of pods, explained."""

from collections.abc import Sequence
from dataclasses import dataclass

from .explanations import EXPLANATIONS
from .known.explanation import Explanation
from .redaction import redacted

UNKNOWN = "this message is not known here"
LOOK = (
    "read the log of the provider's pod on the pod's node (kubectl logs -n kube-system <pod> --since=1h), then the "
    "driver's (container secrets-store), and run doctor for the workload"
)
"""What to do about a message that nobody has explained."""

_LONGEST = 100_000
"""Characters of a message that are looked at: an event has at most 1,024, and its log not many more."""

_SHOWN = 400
"""Characters of it that are shown."""


@dataclass(frozen=True)
class Explained:
    """A message, and what it means."""

    message: str
    """Its text, without tokens, cut short."""

    name: str
    """What it is called here; empty where it is not known."""

    meaning: str
    fix: str
    source: str

    count: int = 1
    """How often it was seen."""


def explain(message: str, count: int = 1) -> Explained:
    """What `message` means: the first explanation that fits.

    :param message: Any text; of a long one the beginning is looked at.
    :param count: How often it was seen.
    """
    text = message[:_LONGEST]
    return _explained(text, next((each for each in EXPLANATIONS if each.pattern.search(text)), None), count)


def explain_all(pasted: str) -> list[Explained]:
    """What the lines of a pasted text mean, each meaning once; where none is known, that.

    :param pasted: Any text; of a long one the beginning is looked at.
    """
    text = pasted[:_LONGEST]
    found = [each for each in EXPLANATIONS if each.pattern.search(text)]
    told = [each for number, each in enumerate(found) if not _told(each, found[:number], text)]
    return [_explained(text, each) for each in told] or [_explained(text, None)]


def _told(candidate: Explanation, before: Sequence[Explanation], text: str) -> bool:
    """Whether those before, which say more, explain whatever `candidate` would."""
    lines = [line for line in text.splitlines() if candidate.pattern.search(line)] or [text]
    return all(any(each.pattern.search(line) for each in before) for line in lines)


def _explained(text: str, found: Explanation | None, count: int = 1) -> Explained:
    # What is cut before it is redacted may leave the rest of a token.
    shown = redacted(text)
    if found is None:
        return Explained(_cut(shown), "", UNKNOWN, LOOK, "", count)
    return Explained(_cut(_line(shown, found)), found.name, found.meaning, found.fix, found.source, count)


def _line(text: str, found: Explanation) -> str:
    match = found.pattern.search(text)
    if match is None:
        return text
    start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
    return text[start : end if end >= 0 else len(text)]


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
