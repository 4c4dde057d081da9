"""Parsing of pasted text into messages."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

_EVENT = re.compile(r"^\s*(?:\S+\s+){0,3}?(?P<kind>Normal|Warning)\s+(?P<reason>[A-Z]\w+)\s+\S")
"""A line of `kubectl describe` or `kubectl get events`."""

_BEGINNING = re.compile(
    r"^\s*(?:"
    r"(?:MountVolume|MapVolume|AttachVolume)\.\w+ |Unable to attach or mount"
    r"|failed to mount secrets store|Error(?: \w+)?: "
    r"|Error creating|Back-off |Failed to pull|(?:Readiness|Liveness|Startup) probe |error making mount request"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d|[IWEF]\d{4} \d\d:\d\d|time=\"|\{\"(?:@?level|ts|time|@timestamp)\""
    r"|(?:- )?message: "
    r")"
)
"""Beginnings of messages without the columns of an event: kubelet's, a log's, a field of YAML."""


@dataclass(frozen=True)
class Message:
    """The text of one event, or of one log line with its continuation lines."""

    text: str

    is_event: bool = False
    """Whether it is from an event, and so certainly a warning."""


def split_messages(pasted: str) -> list[Message]:
    """Split a text into its messages; lines that begin none belong to the one before. Normal events are dropped.

    :param pasted: Of `kubectl describe` or `kubectl get events` (JSON too), of a log, or one message.
    """
    if (found := _read_json(pasted)) is not None:
        return found
    lines = pasted.splitlines()
    events = next((number for number, line in enumerate(lines) if line.startswith("Events:")), None)
    if events is not None and any(_EVENT.match(line) for line in lines[events + 1 :]):
        lines = lines[events + 1 :]
    return list(_join(lines))


def _join(lines: Iterable[str]) -> Iterator[Message]:
    gathered: list[str] = []
    kind: str | None = None
    for line in lines:
        event = _EVENT.match(line)
        if (event or _BEGINNING.match(line)) and gathered:
            yield from _flush(gathered, kind)
            gathered, kind = [], None
        if event:
            kind = event["kind"]
        gathered.append(line)
    yield from _flush(gathered, kind)


def _flush(lines: list[str], kind: str | None) -> Iterator[Message]:
    text = "\n".join(lines)
    if text.strip() and kind != "Normal":
        yield Message(text, is_event=kind is not None)


def _read_json(pasted: str) -> list[Message] | None:
    if not pasted.lstrip().startswith(("{", "[")):
        return None
    try:
        found: Any = json.loads(pasted)
    except (ValueError, RecursionError):
        return None
    entries = cast("dict[str, Any]", found).get("items", [found]) if isinstance(found, dict) else found
    if not isinstance(entries, list):
        return None
    messages: list[Message] = []
    for entry in cast("list[Any]", entries):
        if isinstance(entry, dict) and isinstance(cast("dict[str, Any]", entry).get("message"), str):
            event = cast("dict[str, Any]", entry)
            if event.get("type") != "Normal":
                messages.append(Message(f"{event.get('reason') or ''} {event['message']}".strip(), is_event=True))
    return messages or None
