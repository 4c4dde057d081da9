"""What Vault gives a workload at other paths than those of the objects: most of it made when it asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

_PRIVATE_KEY = "private_key"
"""The key of a response whose file is its owner's alone: an agent's, which runs as the containers' user."""


@dataclass(frozen=True)
class DynamicSecret:
    """What a workload reads at a path: a secret that Vault makes by a role of its own, or one that others keep."""

    path: str
    """Where it asks."""

    files: Mapping[str, str]
    """The keys of Vault's response, each with the file that it becomes."""

    role: pulumi.Resource | None
    """The role that makes it; `None` if others keep it, or the role."""

    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of files that have several keys in one text: by the same name as in `files`, the text, with keys in braces."""

    capability: Literal["read", "update"] = "read"
    """What its policy allows there."""

    arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    """What it sends."""

    def build_objects(self) -> list[dict[str, Any]]:
        """Build the entries of a SecretProviderClass, one a file.

        (Vault docs: "Vault CSI Provider Configurations")
        """
        sent = {"method": "PUT", "secretArgs": dict(self.arguments)} if self.capability == "update" else {}
        return [
            {
                "objectName": file,
                "secretPath": self.path,
                **({"secretKey": "password", "text": self.texts[key]} if key in self.texts else {"secretKey": key}),
                **sent,
                **({"filePermission": 0o400} if sent and key == _PRIVATE_KEY else {}),
            }
            for key, file in self.files.items()
        ]
