"""Azure roles with permissions in a key vault."""

from collections.abc import Mapping
from dataclasses import dataclass


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


ROLES: Mapping[str, AzureRole] = {
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": AzureRole(
        "Key Vault Administrator", ("read", "list", "write", "use", "administer"), every=True
    ),
    "21090545-7ca7-4776-b22c-e363652d74d2": AzureRole("Key Vault Reader", ()),
    "4633458b-17de-408a-b874-0445c86b69e6": AzureRole("Key Vault Secrets User", ("read",)),
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": AzureRole(
        "Key Vault Secrets Officer", ("read", "list", "write", "administer")
    ),
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": AzureRole("Key Vault Certificate User", ("read",), every=True),
    "a4417e6f-fecd-4de8-b567-7b0420556985": AzureRole(
        "Key Vault Certificates Officer", ("list", "write", "administer"), "certificates"
    ),
    "12338af0-0e69-4776-bea7-57ae8d297424": AzureRole("Key Vault Crypto User", ("use",), "keys"),
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": AzureRole(
        "Key Vault Crypto Officer", ("list", "write", "use", "administer"), "keys"
    ),
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": AzureRole("Key Vault Crypto Service Encryption User", ("use",), "keys"),
    "8b54135c-b56d-4d72-a534-26097cfdc8d8": AzureRole(
        "Key Vault Data Access Administrator", ("administer",), every=True
    ),
    "a68e7c17-0ab2-4c09-9a58-125dae29748c": AzureRole("Key Vault Purge Operator", ()),
}
"""The built-in roles of Key Vault's data plane, by their ids. Key Vault Reader and Key Vault Purge Operator see no
value, and so allow nothing here. (Microsoft Learn: "Azure built-in roles for Security")"""

_BY_NAME = {role.name: role for role in ROLES.values()}


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
