"""YAML inside a string, such as a SecretProviderClass has, for readers that are not Python."""

import re
from typing import Any

import yaml

_TEXT = "tag:yaml.org,2002:str"
_OTHERS = re.compile(r"[-+._]*[0-9].*|[-+]?\.(inf|nan)|[-+.=~<?!]+|(y|n|yes|no|on|off|true|false|null)", re.IGNORECASE)
"""Text that one of YAML's versions, or one of its readers, takes for a number, a time, a switch or nothing: `1e3` is a
number to Go and text to Python. (YAML 1.1, "Language-independent types"; YAML 1.2, "Core schema")"""


class _Dumper(yaml.SafeDumper):
    """Quotes whatever may be read as anything but text; writes text of several lines as a block."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if _OTHERS.fullmatch(text) else None
    return dumper.represent_scalar(_TEXT, text, style=style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _represent_text)  # pyright: ignore[reportUnknownMemberType]


def format_yaml(value: Any) -> str:
    """Return `value` in YAML, which every reader reads as it is."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1000)
