"""Explanations of pods' events."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..redaction import redacted
from .known.azure import AZURE
from .known.cluster import CLUSTER
from .known.cut_off import CUT_OFF
from .known.elsewhere import ELSEWHERE
from .known.explanation import Explanation
from .known.network import NETWORK
from .known.sync import SYNC
from .known.vault import VAULT
from .messages import Message, split_messages
from .unknown import describe_unknown

EXPLANATIONS = (*ELSEWHERE, *SYNC, *CLUSTER, *AZURE, *VAULT, *NETWORK, *CUT_OFF)
"""In the order in which they are tried: messages that have nothing to do with secrets come first, since they are
unambiguous; timeouts and truncated messages come last, since they name no cause."""

_LONGEST = 100_000
"""Characters of a message that are searched: an event has at most 1,024, and a log line not many more."""

_SHOWN = 400
"""Characters of a message that are shown."""


@dataclass(frozen=True)
class Explained:
    """A message, with its explanation."""

    message: str
    """Its text, without tokens, cut short."""

    name: str
    """Name of the explanation; empty if the message is unknown."""

    meaning: str
    fix: str
    source: str

    count: int = 1
    """How often it was seen."""

    last: str = ""
    """When it was last seen, in UTC; empty if unknown."""

    past: bool = False
    """Whether the workload's pods became ready after it."""


def explain(message: str, count: int = 1, *, reason: str = "") -> Explained:
    """Explain `message`, as a whole: the first explanation that fits.

    :param message: Any text; of a long one the beginning is looked at.
    :param count: How often it was seen.
    :param reason: Its event's, e.g. `FailedMount`.
    """
    text = message[:_LONGEST]
    return _format(text, _find(f"{reason} {text}" if reason else text), count)


def explain_all(pasted: str) -> list[Explained]:
    """Explain a pasted text: each of its messages as a whole, each meaning once, and no consequence beside its cause.

    :param pasted: Any text; of a long one the beginning is looked at.
    """
    text = pasted[:_LONGEST]
    messages = [(message, _find(message.text)) for message in split_messages(text)]
    known = _find_causes([found for _, found in messages if found])
    counted = Counter(found.name for _, found in messages if found)
    shown = [_format(_find_text(messages, each), each, counted[each.name]) for each in known]
    unknown = dict.fromkeys(message.text for message, found in messages if found is None and message.is_event)
    shown += [_format(each, None) for each in unknown]
    return shown or [_format(text, None)]


def drop_consequences(explained: Sequence[Explained]) -> list[Explained]:
    """Drop the consequences of other causes; a past event is no cause of a current one."""
    by_name = {each.name: each for each in EXPLANATIONS}
    kept: list[Explained] = []
    for each in explained:
        mine = by_name.get(each.name)
        others = [by_name[other.name] for other in explained if other.name and (each.past or not other.past)]
        if mine is None or not mine.follows_from(other for other in others if other is not mine):
            kept.append(each)
    return kept


def _find(text: str) -> Explanation | None:
    unescaped = _unescape(text)
    return next((each for each in EXPLANATIONS if each.fits(unescaped)), None)


def _unescape(text: str) -> str:
    """Undo what a log or JSON does to a message of several lines."""
    return text.replace("\\r", "").replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')


def _find_causes(found: Sequence[Explanation]) -> list[Explanation]:
    once = list({each.name: each for each in found}.values())
    return [each for each in once if not each.follows_from(other for other in once if other is not each)]


def _find_text(messages: Sequence[tuple[Message, Explanation | None]], wanted: Explanation) -> str:
    return next(message.text for message, found in messages if found is wanted)


def _format(text: str, found: Explanation | None, count: int = 1) -> Explained:
    # Text that is cut before it is redacted may keep part of a token.
    shown = redacted(text)
    if found is None:
        meaning, fix = describe_unknown(text)
        return Explained(_cut(shown), "", meaning, fix, "", count)
    return Explained(_cut(_find_line(shown, found)), found.name, found.meaning, found.fix, found.source, count)


def _find_line(text: str, found: Explanation) -> str:
    match = found.pattern.search(text)
    if match is None:
        return text
    start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
    return text[start : end if end >= 0 else len(text)]


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
