"""The model of a grant: holder, operation, and each step to the secret."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.policy.rules import Declared

from ..pulumi.state import HIDDEN

ByKind = Mapping[str, Sequence[Declared]]
"""A stack's resources, by their kind."""

ORDER = ("read", "list", "write", "use", "administer")
"""Operations, as reports order them. To use a key is to encrypt, wrap or sign with it, not to read it."""

_TELLING = {"service account", "path", "scope", "unknown", "unnamed", "readers", "role assignment"}
"""Kinds of step whose name needs no kind before it."""

_VARIABLE = re.compile(r"(\{\{.*?\}\}|\*$|(?<![^/])\+(?![^/]))")


@dataclass(frozen=True, order=True)
class Step:
    """One step from the holder to a secret."""

    kind: str
    """Kind, e.g. `service account`, `role`, `identity`, `policy`, `role assignment`, `path`."""

    name: str

    detail: str = ""
    """Detail that distinguishes steps of one name: a role's mount, an identity's client id, a role assignment's scope,
    a secret's vault. Empty if unknown or not needed."""

    def __str__(self) -> str:
        return self.name if self.kind in _TELLING else f"{self.kind} {self.name}"


@dataclass(frozen=True, order=True)
class Grant:
    """Permission of a holder for a secret."""

    who: str
    """The holder: a service account, as `namespace/name`, or another principal."""

    may: str
    """One of `ORDER`, or another capability by its own name."""

    what: str
    """The secret, or the place that holds several."""


@dataclass(frozen=True, order=True)
class Granted:
    """A grant by one path."""

    may: str
    """As `Grant.may`."""

    path: tuple[Step, ...]
    """Steps from the holder to the secret: three or four."""

    pattern: str
    """Address pattern of what it opens, as in Vault's policies: `vault:/<path>`, or `azure:/<vault>/<kind>/<name>`."""

    @property
    def grant(self) -> Grant:
        """The grant without its path."""
        return Grant(str(self.path[0]), self.may, str(self.path[-1]))

    @property
    def by(self) -> str:
        """The steps between holder and secret, formatted."""
        return ", ".join(map(str, self.path[1:-1]))

    @property
    def wide(self) -> bool:
        """Whether it opens more than one secret, or unknown ones."""
        return bool(_VARIABLE.search(self.pattern))

    def opens(self, address: str) -> bool:
        """Return whether it opens the secret at `address`, which has the form of `pattern`.

        (Vault docs: "Policies", on `*`, `+` and templates.)
        """
        pieces = _VARIABLE.split(self.pattern)
        # The odd pieces are variable; only a template's value, and the end, may hold a slash.
        expression = "".join(
            ("[^/]+" if piece == "+" else ".*") if number % 2 else re.escape(piece)
            for number, piece in enumerate(pieces)
        )
        return re.fullmatch(expression, address, re.DOTALL) is not None


def get_known_text(value: object) -> str | None:
    """Return `value` if it is a known text."""
    return value if isinstance(value, str) and value != HIDDEN else None
