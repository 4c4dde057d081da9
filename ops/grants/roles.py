"""Azure roles with permissions in a key vault."""

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.policy.rules.azure import HARMLESS, READERS, USERS, WIDE


@dataclass(frozen=True)
class AzureRole:
    """A role, with its permissions in a key vault."""

    name: str

    may: tuple[str, ...]
    """Allowed operations, as `Grant.may`."""

    objects: str = "secrets"
    """The main kind of objects: `secrets`, `keys` or `certificates`."""

    every: bool = False
    """Whether it covers every kind of object."""


_DATA_PLANE = (
    AzureRole("Key Vault Administrator", ("read", "list", "write", "use", "administer"), every=True),
    AzureRole("Key Vault Reader", ()),
    AzureRole("Key Vault Secrets User", ("read",)),
    AzureRole("Key Vault Secrets Officer", ("read", "list", "write", "administer")),
    AzureRole("Key Vault Certificate User", ("read",), every=True),
    AzureRole("Key Vault Certificates Officer", ("list", "write", "administer"), "certificates"),
    AzureRole("Key Vault Crypto User", ("use",), "keys"),
    AzureRole("Key Vault Crypto Officer", ("list", "write", "use", "administer"), "keys"),
    AzureRole("Key Vault Crypto Service Encryption User", ("use",), "keys"),
    AzureRole("Key Vault Data Access Administrator", ("administer",), every=True),
    AzureRole("Key Vault Purge Operator", ()),
)

_BY_NAME = {role.name: role for role in _DATA_PLANE}
ROLES: Mapping[str, AzureRole] = {
    id_: _BY_NAME[name] for id_, name in (READERS | USERS | HARMLESS | WIDE).items() if name in _BY_NAME
}
"""The built-in roles of Key Vault's data plane, by their ids. Key Vault Reader and Key Vault Purge Operator see no
value, and so allow nothing here. (Microsoft Learn: "Azure built-in roles for Security")"""


def find_role(definition: str | None, name: str | None) -> AzureRole:
    """Find the role of a definition; an unknown role is assumed to read everything.

    :param definition: Id of its definition; `None` if unknown.
    :param name: Its name in the name of its assignment.
    """
    if definition is None:
        return _BY_NAME.get(name or "", AzureRole(name or "(not known)", ("read",), every=True))
    id_ = definition.rpartition("/")[2]
    return ROLES.get(id_.lower(), AzureRole(id_, ("read",), every=True))


def is_known_role(role: AzureRole) -> bool:
    """Return whether it is one of `ROLES`."""
    return role.name in _BY_NAME
