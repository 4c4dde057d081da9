"""YAML as Go reads it, without a type to read it into: what the Pulumi CLI and the CSI providers make of a text."""

import contextlib
import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

_MOST = 100_000
"""Values of a file, with those that aliases repeat."""

_DIGITS = 2_000
"""Characters of the longest number that is looked into. Python refuses to read one of more than 4,300 digits."""

_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TIME = re.compile(
    r"(\d{4}-\d\d?-\d\d?)(?: (\d\d?:\d\d?:\d\d?)(\.\d+)?|[Tt](\d\d?:\d\d?:\d\d?)(\.\d+)?(Z|[-+]\d\d:\d\d))?"
)
_TYPED = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null", "timestamp")}


def load_yaml(text: str) -> Any:
    """Load the only document in `text`; `None` if there is none.

    `on` and `no` are text, `0644` is 420, `1e3` is 1000, keys are text and differ, an unquoted time is printed as Go
    prints it, and no tag makes anything. (go-yaml v3)

    :raises yaml.MarkedYAMLError: It is no YAML, or has a second document.
    :raises yaml.reader.ReaderError: It has a control character.
    :raises RecursionError: It is nested too deeply.
    """
    if _FastLoader is not None:
        # The other parser finds the same error, and describes it better.
        with contextlib.suppress(yaml.YAMLError, ValueError):
            return _load(_FastLoader(text))
    return _load(_Loader(text))


def _load(loader: Any) -> Any:
    if not loader.check_node():
        return None
    node = loader.get_node()
    if loader.check_node():
        raise _build_error(loader.peek_event(), "has a second document, which Pulumi ignores: put all of it into one")
    return _Reading().read_value(node)


class _Untyped(BaseResolver):
    """What has no tag gets none."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Resolve a tag, as `BaseResolver` documents it."""
        del kind, value, implicit
        return ""


class _Loader(Reader, Scanner, Parser, Composer, _Untyped):
    """Reads a document's nodes."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)


if TYPE_CHECKING or not yaml.__with_libyaml__:
    _FastLoader: Any = None
else:
    from yaml.cyaml import CParser

    class _FastLoader(Composer, CParser, _Untyped):
        """Reads a document's nodes by libyaml, which go-yaml is a translation of: a sixth of the time."""

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)
            BaseResolver.__init__(self)


class _Reading:
    """The values of a document."""

    def __init__(self) -> None:
        self._count = 0
        self._open: set[int] = set()

    def read_value(self, node: yaml.Node) -> Any:
        """Return the value of a node.

        :raises yaml.MarkedYAMLError: It has none.
        """
        self._count += 1
        if self._count > _MOST:
            raise _build_error(node, f"has more than {_MOST} values with those that aliases repeat")
        if isinstance(node, yaml.ScalarNode):
            return _read_scalar(node)
        if id(node) in self._open:
            raise _build_error(node, "has an anchor whose value contains itself")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.read_value(entry) for entry in node.value]
            return self._read_mapping(node)
        finally:
            self._open.discard(id(node))

    def _read_mapping(self, node: yaml.Node) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, entry in node.value:
            if _merges(key):
                for other in self._list_merged(entry):
                    merged = other | merged
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise _build_error(key, "has a key that is neither text nor a number")
            name = _format_key(_read_scalar(key))
            if name in own:
                raise _build_error(key, f"has the key {name!a} a second time in one mapping: keep one")
            own[name] = self.read_value(entry)
        return merged | own

    def _list_merged(self, node: yaml.Node) -> Iterator[dict[str, Any]]:
        for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            found = self.read_value(each)
            if not isinstance(found, dict):
                raise _build_error(node, "merges (<<) what is no mapping")
            yield found


def _merges(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == "<<" and not key.style


def _format_key(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "<nil>" if value is None else str(value)


def _read_scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    # A tag that is written takes the place of quotes.
    if (node.style or node.tag) and node.tag not in _TYPED:
        return text
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text in {"true", "True", "TRUE", "false", "False", "FALSE"}:
        return text.lower() == "true"
    number = text.replace("_", "") if text[0] != "_" else ""
    if _INTEGER.fullmatch(number):
        return _read_integer(number, text)
    if _FLOAT.fullmatch(number):
        return _read_float(number, text)
    if text.lstrip("+-") in {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"}:
        raise _build_error(node, "has a number that JSON can't write: .inf and .nan")
    return _format_time(text)


def _read_integer(number: str, text: str) -> int | float | str:
    if len(number) > _DIGITS:
        return text  # as Go leaves it: no float is as large
    sign, digits = (-1, number[1:]) if number[0] == "-" else (1, number.lstrip("+"))
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = f"0o{digits[1:]}"
    value = sign * int(digits, 0)
    try:
        return value if -(2**63) <= value < 2**63 else float(value)
    except OverflowError:
        return text


def _read_float(number: str, text: str) -> float | int | str:
    value = float(number)
    if math.isinf(value):
        return text
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _format_time(text: str) -> str:
    """Format a time as Go prints it, and any other text as it is."""
    match = _TIME.fullmatch(text)
    if not match:
        return text
    day, clock, fraction, zone = match[1], match[2] or match[4] or "0:0:0", match[3] or match[5] or "", match[6] or "Z"
    try:
        moment = datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return text
    offset = "+0000 UTC" if zone == "Z" else " ".join([zone.replace(":", "")] * 2)
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction.rstrip('0').rstrip('.')} {offset}"


def _build_error(at: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)
