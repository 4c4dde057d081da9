"""What a grant is: somebody, what they may do, and each step of the way to a secret."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.policy.rules import Declared

from ..pulumi.state import HIDDEN

ByKind = Mapping[str, Sequence[Declared]]
"""A stack's resources, by their kind."""

ORDER = ("read", "list", "write", "use", "administer")
"""What somebody may do, as reports order it. To use a key is to encrypt, wrap or sign with it, and not to see it."""

_TELLING = {"service account", "path", "scope", "unknown", "whoever", "readers", "role assignment"}
"""Kinds of step whose name says what they are."""

_VARIABLE = re.compile(r"(\{\{.*?\}\}|\*$|(?<![^/])\+(?![^/]))")


@dataclass(frozen=True, order=True)
class Step:
    """One step of the way from somebody to a secret."""

    kind: str
    """What it is, e.g. `service account`, `role`, `identity`, `policy`, `role assignment`, `path`."""

    name: str

    detail: str = ""
    """What tells it from another one of that name: where a role's method is mounted, an identity's client id, a role
    assignment's scope, a secret's vault. Empty where that isn't known, or there is nothing to tell."""

    def __str__(self) -> str:
        return self.name if self.kind in _TELLING else f"{self.kind} {self.name}"


@dataclass(frozen=True, order=True)
class Grant:
    """Somebody may do something with a secret."""

    who: str
    """A service account, as `namespace/name`, or what else it is."""

    may: str
    """One of `ORDER`, or the capability itself where Strongroom knows no word for it."""

    what: str
    """The secret, or the place that holds several."""


@dataclass(frozen=True, order=True)
class Granted:
    """A grant, and the path that it comes by."""

    may: str
    """As `Grant.may`."""

    path: tuple[Step, ...]
    """Who, what leads on from there, and the secret: three steps or four."""

    reach: str
    """What it opens, written as in Vault's policies: `vault:/<path>`, or `azure:/<vault>/<kind>/<name>`."""

    @property
    def grant(self) -> Grant:
        """The grant, in words."""
        return Grant(str(self.path[0]), self.may, str(self.path[-1]))

    @property
    def by(self) -> str:
        """What it comes by, in words: the steps between who and what."""
        return ", ".join(map(str, self.path[1:-1]))

    @property
    def wide(self) -> bool:
        """Whether it opens more than one secret, or what can't be told."""
        return bool(_VARIABLE.search(self.reach))

    def opens(self, address: str) -> bool:
        """Whether it opens the secret at `address`, which is written as `reach` is.

        (Vault docs: "Policies", on `*`, `+` and templates.)
        """
        pieces = _VARIABLE.split(self.reach)
        # The odd ones are what varies; only a template's value, and the end, may hold a slash.
        pattern = "".join(
            ("[^/]+" if piece == "+" else ".*") if number % 2 else re.escape(piece)
            for number, piece in enumerate(pieces)
        )
        return re.fullmatch(pattern, address, re.DOTALL) is not None


def readable(value: object) -> str | None:
    """`value` where it is a text that is known."""
    return value if isinstance(value, str) and value != HIDDEN else None
