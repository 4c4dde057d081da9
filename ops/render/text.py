"""Manifests as YAML, as Kubernetes reads it: YAML 1.1 by Go's rules, which differ from PyYAML's in what is a string."""

import math
import re
from collections.abc import Mapping
from typing import Any, cast

import yaml

Manifest = Mapping[str, Any]
"""A Kubernetes object, with apiVersion and kind."""

_FIRST = ("apiVersion", "kind", "metadata")

_PLAIN = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null)\Z)[a-z/][\w./-]*(?::[\w./-]+)*", re.ASCII | re.IGNORECASE
)
"""Strings that every reader takes for one without quotes."""


def to_yaml(manifest: Manifest) -> str:
    """Format one document: keys in a stable order, no aliases, strings of several lines as blocks.

    A string that a reader could take for another type is quoted.
    """
    first = {key: manifest[key] for key in _FIRST if key in manifest}
    ordered = {**first, **{key: manifest[key] for key in sorted(manifest) if key not in first}}
    return yaml.dump(
        {key: _sort_keys(value) for key, value in ordered.items()},
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        width=math.inf,
    )


def parse_yaml(text: str) -> list[Any]:
    """Parse the documents of `text`, without empty ones.

    :raises yaml.YAMLError: It is not YAML.
    """
    return [document for document in yaml.load_all(text, _Reader) if document is not None]


def _sort_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        return {key: _sort_keys(mapping[key]) for key in sorted(mapping)}
    if isinstance(value, list):
        return [_sort_keys(entry) for entry in cast("list[Any]", value)]
    return value


class _Writer(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _represent(writer: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(value) else "|" if _is_block(value) else '"'
    return writer.represent_scalar(  # pyright: ignore[reportUnknownMemberType] - untyped there
        "tag:yaml.org,2002:str", value, style
    )


def _is_block(value: str) -> bool:
    """Return whether a block gives back each character: readers normalise other line breaks than `\\n`."""
    printable = all(character == "\n" or character.isprintable() for character in value)
    return "\n" in value and printable and value[0] not in " \n" and not re.search(r" (?=\n|\Z)", value)


_Writer.add_representer(str, _represent)


class _Reader(yaml.SafeLoader):
    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in {"null", "merge"}]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


# The rules of go.yaml.in/yaml/v2, resolve.go: no timestamps, no numbers to the base of 60.
for _tag, _pattern, _first in (
    ("bool", r"[yYnN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO"),
    ("int", r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Reader.add_implicit_resolver(  # pyright: ignore[reportUnknownMemberType] - untyped there
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), list(_first)
    )
