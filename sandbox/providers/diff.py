"""What changed between two sets of inputs, as the engine wants to hear it."""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from pulumi.runtime.proto import provider_pb2

from .values import plain

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_ADD, _DELETE, _UPDATE = (
    provider_pb2.PropertyDiff.Kind.ADD,
    provider_pb2.PropertyDiff.Kind.DELETE,
    provider_pb2.PropertyDiff.Kind.UPDATE,
)


def diff(
    before: dict[str, Any], after: dict[str, Any], immutable: Collection[str], *, same_name: bool
) -> provider_pb2.DiffResponse:
    """The answer to Diff: all that differs, and whether it takes a replacement.

    :param immutable: Paths, e.g. `spec.selector`, whose change replaces the resource; `*` for all of them, `[*]` for
        any item of a list, and with `!` in front what may change all the same.
    :param same_name: Whether a replacement has the name of what it replaces, which then must go first.
    """
    changes = dict(_changes(plain(before), plain(after), ""))
    replacing = [path for path in changes if _is_under(path, immutable)]
    detailed = {
        path: provider_pb2.PropertyDiff(kind=kind + (1 if path in replacing else 0), inputDiff=True)  # pyright: ignore[reportArgumentType] - each kind is followed by its replacing twin
        for path, kind in changes.items()
    }
    changed = provider_pb2.DiffResponse.DiffChanges
    return provider_pb2.DiffResponse(
        changes=changed.DIFF_SOME if changes else changed.DIFF_NONE,
        diffs=sorted({_top(path) for path in changes}),
        replaces=replacing,
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=bool(replacing) and same_name,
    )


def _changes(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            step = key if _IDENTIFIER.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
            below = f"{path}.{step}" if path and not step.startswith("[") else f"{path}{step}"
            if key not in after:
                yield below, _DELETE
            elif key not in before:
                yield below, _ADD
            else:
                yield from _changes(before[key], after[key], below)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            below = f"{path}[{index}]"
            if index >= len(after):
                yield below, _DELETE
            elif index >= len(before):
                yield below, _ADD
            else:
                yield from _changes(before[index], after[index], below)
    elif before != after:
        yield path, _UPDATE


def _is_under(path: str, immutable: Collection[str]) -> bool:
    allowed = [entry[1:] for entry in immutable if entry.startswith("!")]
    refused = [entry for entry in immutable if not entry.startswith("!")]
    return any(_covers(entry, path) for entry in refused) and not any(_covers(entry, path) for entry in allowed)


def _covers(entry: str, path: str) -> bool:
    pattern = re.escape(entry).replace(re.escape("[*]"), r"\[\d+\]")
    return entry == "*" or re.match(rf"{pattern}($|[.\[])", path) is not None


def _top(path: str) -> str:
    quoted = re.match(r'\["(?:[^"\\]|\\.)*"\]', path)
    return json.loads(quoted.group()[1:-1]) if quoted else re.split(r"[.\[]", path)[0]
