"""Who may do what to which object: role assignments or access policies, as they were deployed."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .errors import AzureError
from .store import Document, Kind, Store

_PREFIX = "Microsoft.KeyVault/vaults/"

ROLES: Mapping[str, tuple[str, ...]] = {
    # Key Vault Administrator
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": ("*",),
    # Key Vault Reader
    "21090545-7ca7-4776-b22c-e363652d74d2": ("*/read", "secrets/readMetadata/action"),
    # Key Vault Secrets User
    "4633458b-17de-408a-b874-0445c86b69e6": ("secrets/getSecret/action", "secrets/readMetadata/action"),
    # Key Vault Secrets Officer
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": ("secrets/*",),
    # Key Vault Certificate User
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": (
        "certificates/read",
        "secrets/getSecret/action",
        "secrets/readMetadata/action",
        "keys/read",
    ),
    # Key Vault Certificates Officer
    "a4417e6f-fecd-4de8-b567-7b0420556985": ("certificatecas/*", "certificates/*", "certificatecontacts/write"),
    # Key Vault Crypto User
    "12338af0-0e69-4776-bea7-57ae8d297424": (
        "keys/read",
        "keys/update/action",
        "keys/sign/action",
        "keys/verify/action",
    ),
    # Key Vault Crypto Officer
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": ("keys/*", "keyrotationpolicies/*"),
    # Key Vault Crypto Service Encryption User
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": ("keys/read", "keys/wrap/action", "keys/unwrap/action"),
    # Key Vault Purge Operator: of deleted vaults, not of what is in one
    "a68e7c17-0ab2-4c09-9a58-125dae29748c": (),
}
"""Data actions of the built-in roles. (Microsoft Learn: "Azure built-in roles for Security")"""


@dataclass(frozen=True)
class Action:
    """One thing that can be done to an object, in the words of both ways of authorisation."""

    data_action: str
    """The data action, below `Microsoft.KeyVault/vaults/`."""

    permission: str
    """The permission of an access policy."""


ACTIONS: Mapping[tuple[Kind, str], Action] = {
    ("secrets", "get"): Action("secrets/getSecret/action", "get"),
    ("secrets", "list"): Action("secrets/readMetadata/action", "list"),
    ("secrets", "set"): Action("secrets/setSecret/action", "set"),
    ("secrets", "update"): Action("secrets/update/action", "set"),
    ("secrets", "delete"): Action("secrets/delete", "delete"),
    ("secrets", "recover"): Action("secrets/recover/action", "recover"),
    ("secrets", "purge"): Action("secrets/purge/action", "purge"),
    ("keys", "get"): Action("keys/read", "get"),
    ("keys", "list"): Action("keys/read", "list"),
    ("keys", "create"): Action("keys/create/action", "create"),
    ("keys", "update"): Action("keys/update/action", "update"),
    ("keys", "delete"): Action("keys/delete", "delete"),
    ("keys", "rotate"): Action("keys/rotate/action", "rotate"),
    ("keys", "getrotationpolicy"): Action("keyrotationpolicies/read", "getrotationpolicy"),
    ("keys", "setrotationpolicy"): Action("keyrotationpolicies/write", "setrotationpolicy"),
    ("keys", "recover"): Action("keys/recover/action", "recover"),
    ("keys", "purge"): Action("keys/purge/action", "purge"),
    ("certificates", "get"): Action("certificates/read", "get"),
    ("certificates", "list"): Action("certificates/read", "list"),
    ("certificates", "create"): Action("certificates/create/action", "create"),
    ("certificates", "update"): Action("certificates/update/action", "update"),
    ("certificates", "delete"): Action("certificates/delete", "delete"),
    ("certificates", "recover"): Action("certificates/recover/action", "recover"),
    ("certificates", "purge"): Action("certificates/purge/action", "purge"),
}


@dataclass(frozen=True)
class Caller:
    """Who holds a token."""

    object_id: str
    application_id: str
    tenant: str


class Guard:
    """Decides on requests to vaults."""

    def __init__(self, store: Store, settling: float) -> None:
        """
        :param store: The deployed vaults and role assignments.
        :param settling: Seconds until a role assignment takes effect.
        """
        self._store = store
        self._settling = settling

    def admit(self, vault: Document, client: str) -> None:
        """Let an address through the vault's firewall.

        :raises AzureError: It keeps it out.
        """
        properties = vault["properties"]
        if str(properties.get("publicNetworkAccess", "Enabled")).lower() == "disabled":
            raise AzureError(
                403,
                "Forbidden",
                "Public network access is disabled and request is not from a trusted service nor via an approved "
                f"private link.\r\nVault: {_title(vault)}",
                "ForbiddenByConnection",
            )
        rules = properties.get("networkAcls") or {}
        allowed = [ipaddress.ip_network(rule["value"], strict=False) for rule in rules.get("ipRules") or ()]
        if rules.get("defaultAction") == "Deny" and not any(ipaddress.ip_address(client) in net for net in allowed):
            raise AzureError(
                403,
                "Forbidden",
                f"Client address is not authorized and caller is not a trusted service.\r\nClient address: {client}\r\n"
                f"Vault: {_title(vault)}",
                "ForbiddenByFirewall",
            )

    def allow(self, caller: Caller, vault: Document, kind: Kind, verb: str, name: str | None) -> None:
        """Let `caller` do `verb` to an object, or to all of a kind where it has no name.

        :raises AzureError: Nothing allows it.
        """
        action = ACTIONS[kind, verb]
        if vault["properties"].get("enableRbacAuthorization"):
            self._by_role(caller, vault, f"{vault['id']}/{kind}/{name}" if name else vault["id"], action)
        else:
            self._by_policy(caller, vault, kind, action)

    def _by_role(self, caller: Caller, vault: Document, resource: str, action: Action) -> None:
        for assignment in self._store.resources("Microsoft.Authorization/roleAssignments", settled=self._settling):
            properties = assignment["properties"]
            scope = f"{properties['scope'].lower().rstrip('/')}/"
            role = properties["roleDefinitionId"].rpartition("/")[2]
            if (
                properties["principalId"] == caller.object_id
                and f"{resource.lower()}/".startswith(scope)
                and any(fnmatchcase(action.data_action, pattern) for pattern in ROLES.get(role, ()))
            ):
                return
        raise AzureError(
            403,
            "Forbidden",
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role "
            "definitions were changed recently, please observe propagation time.\r\n"
            f"Caller: {_who(caller)}\r\nAction: '{_PREFIX}{action.data_action}'\r\n"
            f"Resource: '{resource}'\r\nAssignment: (not found)\r\nVault: {_title(vault)}",
            "ForbiddenByRbac",
        )

    def _by_policy(self, caller: Caller, vault: Document, kind: Kind, action: Action) -> None:
        entries: list[dict[str, Any]] = vault["properties"].get("accessPolicies") or []
        for entry in entries:
            granted = {str(permission).lower() for permission in entry["permissions"].get(kind) or ()}
            if entry["objectId"] == caller.object_id and granted & {action.permission, "all"}:
                return
        raise AzureError(
            403,
            "Forbidden",
            f"The user, group or application '{_who(caller)};numgroups=0' does not "
            f"have {kind} {action.permission} permission on key vault '{_title(vault)}'.",
            "ForbiddenByPolicy",
        )


def _who(caller: Caller) -> str:
    return f"appid={caller.application_id};oid={caller.object_id}"


def _title(vault: Document) -> str:
    return f"{vault['name']};location={vault.get('location', '')}"
