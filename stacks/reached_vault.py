"""A Vault, as a program reaches it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True)
class ReachedVault:
    """A Vault, as the machine that runs the program reaches it."""

    address: pulumi.Input[str]
    """Its URL."""

    authority: pulumi.Input[str] | None = None
    """PEM of the CA of its certificate, where it has one of its own."""

    authority_file: pulumi.Input[str] | None = None
    """The file with it."""

    token: pulumi.Input[str] | None = None
    """A token for it; the environment's where it is left out."""

    forward: Mapping[str, Any] | None = None
    """The ports that lead to its pods, where there are some: for `ops`."""
