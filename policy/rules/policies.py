"""The paths that a Vault policy gives access to.

Vault reads HCL, with escapes, heredocs and blocks in several forms, and JSON as a form of HCL. This module reads the
form that policies are written in, and refuses the rest: the effect of a document that two readers may understand
differently is unknown. (Vault docs: "Policies"; HashiCorp's `hcl`, version 1: "HCL syntax")
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from unicodedata import category

_OLD: Mapping[str, tuple[str, ...]] = {
    "deny": ("deny",),
    "read": ("read", "list"),
    "write": ("create", "read", "update", "delete", "list"),
    "sudo": ("create", "read", "update", "delete", "list", "sudo"),
}
"""The capabilities that the older `policy` of a path stands for. (Vault's source: "vault/policy.go")"""

_CAPABILITIES = {"deny", "create", "read", "update", "delete", "list", "sudo", "patch", "subscribe", "recover"}
_NARROWING = {
    "allowed_parameters",
    "comment",
    "control_group",
    "denied_parameters",
    "max_wrapping_ttl",
    "mfa_methods",
    "min_wrapping_ttl",
    "pagination_limit",
    "required_parameters",
    "subscribe_event_types",
}
"""Keys of a path that can only narrow its capabilities."""

_DEPTH = 8
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
_TOKEN = re.compile(
    r'(?P<space>[ \t\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)|"(?P<string>[^"\n]*)"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)'
    r"|(?P<number>-?[0-9]+(?![\w.]))|(?P<mark>[{}=\[\],])",
    re.DOTALL,
)


class UnreadablePolicyError(ValueError):
    """A policy's document that can't be judged, and why: a clause that follows "its policy"."""


def read_paths(document: str) -> dict[str, frozenset[str]]:
    """Read the paths that a policy names, in HCL or in JSON, with their capabilities.

    :raises UnreadablePolicyError: Its effect is not certain.
    """
    text = document.replace("\r\n", "\n")
    if "\\" in text:
        raise UnreadablePolicyError("has a backslash, so that a path may be another than it looks")
    if "${" in text or "<<" in text:
        raise UnreadablePolicyError("has an interpolation or a heredoc")
    if any(category(letter) in {"Cc", "Cf", "Cn", "Co", "Cs"} for letter in {*text} - {"\n", "\t"}):
        raise UnreadablePolicyError("has invisible characters")
    if text.strip() and _BASE64.fullmatch(text):
        # Vault decodes a document that happens to be base64. (Vault docs: "/sys/policies/acl")
        raise UnreadablePolicyError("may be base64")
    items = _read_json(text) if text.lstrip().startswith("{") else _Reader(text).read()
    found: dict[str, frozenset[str]] = {}
    for path, block in items:
        found[path] = found.get(path, frozenset()) | _read_capabilities(block)
    return found


def read_allowed_paths(document: str) -> dict[str, frozenset[str]]:
    """Read the paths that a policy gives access to, without those that it denies or only names.

    :raises UnreadablePolicyError: Its effect is not certain.
    """
    return {path: able for path, able in read_paths(document).items() if able and "deny" not in able}


def _read_capabilities(block: Mapping[str, Any]) -> frozenset[str]:
    found: set[str] = set()
    for key, value in block.items():
        if key == "capabilities":
            found |= set(_check_texts(value, _CAPABILITIES, "capability"))
        elif key == "policy":
            for old in _check_texts([value], _OLD.keys(), "policy of a path"):
                found |= {*_OLD[old]}
        elif key not in _NARROWING:
            raise UnreadablePolicyError(f"has the key {key!r} in a path")
    return frozenset(found)


def _check_texts(value: Any, known: Iterable[str], kind: str) -> list[str]:
    if not isinstance(value, list):
        raise UnreadablePolicyError("has capabilities that are no list")
    for entry in cast("list[Any]", value):
        if not isinstance(entry, str) or entry not in known:
            raise UnreadablePolicyError(f"has a {kind} that Vault's documentation does not list")
    return cast("list[str]", value)


def _read_json(text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        document: Any = json.loads(text, object_pairs_hook=_build_object)
    except RecursionError:
        raise UnreadablePolicyError("is nested too deeply") from None
    except json.JSONDecodeError:
        raise UnreadablePolicyError("is neither HCL nor JSON") from None
    for key, value in cast("Mapping[str, Any]", document).items():
        if key == "path":
            for group in _list_blocks(value):
                for path, blocks in group.items():
                    for block in _list_blocks(blocks):
                        yield path, block
        elif key != "name":
            raise UnreadablePolicyError(f"has the key {key!r}")


def _list_blocks(value: Any) -> Sequence[Mapping[str, Any]]:
    entries = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(entry, Mapping) for entry in entries):
        raise UnreadablePolicyError("has a path that is no block")
    return cast("list[Mapping[str, Any]]", entries)


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadablePolicyError("has a key twice")
    return found


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


class _Reader:
    """A reader of a policy in HCL: blocks `path "<path>" { key = value }`."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokenize(text))
        self._next = 0

    def read(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Read every block of a path."""
        while self._next < len(self._tokens):
            key = self._read("word", "string")
            if key.text == "name":
                self._read("mark", text="=")
                self._read("string")
                continue
            if key.text != "path":
                raise UnreadablePolicyError(f"has the key {key.text!r}")
            path = self._read("string").text
            self._read("mark", text="{")
            yield path, self._read_object(1)

    def _read(self, *kinds: str, text: str | None = None) -> _Token:
        found = self._tokens[self._next] if self._next < len(self._tokens) else _Token("end", "")
        if found.kind not in kinds or (text is not None and found.text != text):
            raise UnreadablePolicyError("does not have the form of Vault's documentation")
        self._next += 1
        return found

    def _skip(self, mark: str) -> bool:
        token = self._tokens[self._next] if self._next < len(self._tokens) else None
        if token == _Token("mark", mark):
            self._next += 1
            return True
        return False

    def _read_object(self, depth: int) -> dict[str, Any]:
        if depth > _DEPTH:
            raise UnreadablePolicyError("is nested too deeply")
        pairs: list[tuple[str, Any]] = []
        while not self._skip("}"):
            key = self._read("word", "string").text
            if self._skip("="):
                pairs.append((key, self._read_value(depth + 1)))
            else:
                self._read("mark", text="{")
                pairs.append((key, self._read_object(depth + 1)))
            self._skip(",")
        return _build_object(pairs)

    def _read_value(self, depth: int) -> Any:
        if self._skip("{"):
            return self._read_object(depth)
        if not self._skip("["):
            return self._read("string", "number", "word").text
        if depth > _DEPTH:
            raise UnreadablePolicyError("is nested too deeply")
        found: list[Any] = []
        while not self._skip("]"):
            found.append(self._read_value(depth + 1))
            if not self._skip(","):
                self._read("mark", text="]")
                break
        return found


def _tokenize(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnreadablePolicyError("does not have the form of Vault's documentation")
        at = match.end()
        kind = str(match.lastgroup)
        if kind != "space":
            yield _Token(kind, match[kind])
