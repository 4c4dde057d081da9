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
    before: dict[str, Any],
    after: dict[str, Any],
    immutable: Collection[str],
    *,
    same_name: bool,
    ignored: Collection[str] = (),
) -> provider_pb2.DiffResponse:
    """Return the answer to Diff: all that differs, and whether it takes a replacement.

    :param immutable: Paths, e.g. `spec.selector`, whose change replaces the resource; `*` for all of them, `[*]` for
        any item of a list.
    :param same_name: Whether a replacement has the name of what it replaces, which then must go first.
    :param ignored: Paths whose changes the program ignores. The engine keeps their inputs; what a provider finds in the
        live object besides, it omits itself. (pulumi-kubernetes: `Diff`)
    """
    changes = {
        path: (kind, added)
        for path, kind, added in _changes(plain(before), plain(after), "")
        if not any(_covers(entry, path) for entry in ignored)
    }
    replacing = [
        path
        for path, (_, added) in changes.items()
        if any(_covers(entry, below) for entry in immutable for below in _paths(added, path))
    ]
    detailed = {
        path: provider_pb2.PropertyDiff(kind=kind + (1 if path in replacing else 0), inputDiff=True)  # pyright: ignore[reportArgumentType] - each kind is followed by its replacing twin
        for path, (kind, _) in changes.items()
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


def _changes(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield each path that differs, how, and what is there now."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            below = _step(path, key)
            if key not in after:
                yield below, _DELETE, None
            elif key not in before:
                yield below, _ADD, after[key]
            else:
                yield from _changes(before[key], after[key], below)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            below = f"{path}[{index}]"
            if index >= len(after):
                yield below, _DELETE, None
            elif index >= len(before):
                yield below, _ADD, after[index]
            else:
                yield from _changes(before[index], after[index], below)
    elif before != after:
        yield path, _UPDATE, after


def _paths(value: Any, path: str) -> Iterator[str]:
    """Yield `path`, and those of all that `value` has below it."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, _step(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, f"{path}[{index}]")


def _step(path: str, key: str) -> str:
    step = key if _IDENTIFIER.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{step}" if path and not step.startswith("[") else f"{path}{step}"


def _covers(entry: str, path: str) -> bool:
    pattern = re.escape(entry).replace(re.escape("[*]"), r"\[\d+\]")
    return entry == "*" or re.match(rf"{pattern}($|[.\[])", path) is not None


def _top(path: str) -> str:
    quoted = re.match(r'\["(?:[^"\\]|\\.)*"\]', path)
    return json.loads(quoted.group()[1:-1]) if quoted else re.split(r"[.\[]", path)[0]
