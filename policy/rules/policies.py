"""The paths that a Vault policy names."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

_TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|#[^\n]*|//[^\n]*|/\*.*?\*/|(\w+)|[{}=]', re.DOTALL)


def paths(document: str) -> list[str]:
    """The paths of a policy, in HCL or in JSON. (Vault docs: "Policies")"""
    try:
        written: Any = json.loads(document)
    except ValueError:
        return _of_hcl(document)
    named = cast("Mapping[str, Any]", written).get("path") if isinstance(written, Mapping) else None
    return sorted(cast("Mapping[str, Any]", named)) if isinstance(named, Mapping) else []


def _of_hcl(document: str) -> list[str]:
    found: list[str] = []
    depth, word = 0, ""
    for token in _TOKEN.finditer(document):
        text, string, bare = token[0], token[1], token[2]
        if text in "{}":
            depth += 1 if text == "{" else -1
        elif string is not None and depth == 0 and word == "path":
            found.append(string)
        word = string if string == "path" else bare or ""
    return found
