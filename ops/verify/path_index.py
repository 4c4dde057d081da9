"""An index of Vault paths, searched by the rules of policies."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping

_WILD = {"*", "+"}


class PathIndex:
    """Sorted paths, of which a search reads only those that begin as the rule does."""

    def __init__(self, paths: Iterable[str]) -> None:
        """
        :param paths: The paths as in Vault's policies, without a leading slash.
        """
        self._paths = sorted(set(paths))

    def find_opened(self, rules: Mapping[str, Collection[str]]) -> str:
        """Find the first rule of a policy that opens one of the paths, formatted; empty if none does.

        :param rules: The rules' paths, with their capabilities.
        """
        for rule, verbs in sorted(rules.items()):
            if not verbs or set(verbs) == {"deny"}:
                continue
            if path := self._find(rule):
                return f"{path} by {rule} ({', '.join(sorted(verbs))})"
        return ""

    def _find(self, rule: str) -> str:
        pieces = _split(rule)
        pattern = re.compile(
            "".join("[^/]+" if part == "+" else ".*" if part == "*" else re.escape(part) for part in pieces)
        )
        prefix = pieces[0] if pieces and pieces[0] not in _WILD else ""
        candidates = self._list_below(prefix) if _WILD & {*pieces} else self._list_equal(prefix)
        return next(filter(pattern.fullmatch, candidates), "")

    def _list_below(self, prefix: str) -> Iterator[str]:
        for number in range(bisect_left(self._paths, prefix), len(self._paths)):
            if not self._paths[number].startswith(prefix):
                return
            yield self._paths[number]

    def _list_equal(self, path: str) -> list[str]:
        number = bisect_left(self._paths, path)
        return self._paths[number : number + 1]


def _split(rule: str) -> list[str]:
    """Split a rule's path where it varies (Vault docs: "Policies", on `*`, `+` and templates)."""
    return [
        "*" if piece.startswith("{{") else piece
        for piece in re.split(r"(\{\{.*?\}\}|\*$|(?<![^/])\+(?![^/]))", rule)
        if piece
    ]
