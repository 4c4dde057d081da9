"""What a Vault policy opens."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from .rule import at, listed

_OLD: Mapping[str, tuple[str, ...]] = {
    "deny": ("deny",),
    "read": ("read", "list"),
    "write": ("create", "read", "update", "delete", "list"),
    "sudo": ("create", "read", "update", "delete", "list", "sudo"),
}
"""What the older `policy` of a path means. (Vault's source: "vault/policy.go")"""

_TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|#[^\n]*|//[^\n]*|/\*.*?\*/|(\w+)|[{}=\[\]]', re.DOTALL)


def opened(document: str) -> dict[str, frozenset[str]]:
    """The paths that a policy names, in HCL or in JSON, with their capabilities. (Vault docs: "Policies")"""
    try:
        written: Any = json.loads(document)
    except ValueError:
        return _of_hcl(document)
    named: Any = at(written, "path")
    groups: list[Any] = listed(named) or [named]
    return {
        path: frozenset((*listed(at(block, "capabilities")), *_OLD.get(str(at(block, "policy")), ())))
        for group in groups
        if isinstance(group, Mapping)
        for path, block in cast("Mapping[str, Any]", group).items()
    }


def _of_hcl(document: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    depth, word, path = 0, "", ""
    for token in _TOKEN.finditer(document):
        text, string, bare = token[0], token[1], token[2]
        if text in "{}":
            depth += 1 if text == "{" else -1
        elif string is not None and depth == 0 and word == "path":
            path = string
            found.setdefault(path, frozenset())
        elif string is not None and depth == 1 and word == "capabilities":
            found[path] |= {string}
        elif string is not None and depth == 1 and word == "policy":
            found[path] |= {*_OLD.get(string, ())}
        if bare is not None or (string is not None and (depth == 0 or text in {'"capabilities"', '"policy"'})):
            word = bare or string
    return found
