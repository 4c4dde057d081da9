"""Rules of Azure Key Vault."""

import ipaddress
import re
from collections.abc import Iterable, Sequence

from .kinds.azure import ACCESS_POLICY, ASSIGNMENT, DIAGNOSTICS, FEDERATED, VAULT
from .rule import UNKNOWN, Declared, Finding, Options, ResourceRule, StackRule, at, is_filled, is_true, lacks, listed

READERS = {
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": "Key Vault Certificate User",
}
"""The built-in roles that read secrets. (Microsoft Learn: "Azure built-in roles for Security")"""

USERS = {
    "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": "Key Vault Crypto Officer",
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": "Key Vault Crypto Service Encryption User",
}
"""The built-in roles that use keys and read no secrets."""

HARMLESS = {
    "21090545-7ca7-4776-b22c-e363652d74d2": "Key Vault Reader",
    "a4417e6f-fecd-4de8-b567-7b0420556985": "Key Vault Certificates Officer",
    "a68e7c17-0ab2-4c09-9a58-125dae29748c": "Key Vault Purge Operator",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": "Monitoring Reader",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
}
"""Roles that neither read secrets, use keys nor assign roles, at any scope."""

WIDE = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "8b54135c-b56d-4d72-a534-26097cfdc8d8": "Key Vault Data Access Administrator",
    "f25e0fa2-a7c8-4377-a976-54943a77a395": "Key Vault Contributor",
}
"""Roles whose holders can assign themselves the others. Only the names are used: unknown roles are treated alike."""

_SEGMENT = r"[^/\s?#%*]+"
_OBJECT = re.compile(
    rf"/subscriptions/{_SEGMENT}/resourcegroups/{_SEGMENT}/providers/microsoft\.keyvault/vaults/{_SEGMENT}"
    rf"/(secrets|keys|certificates)/{_SEGMENT}",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    rf"/subscriptions/{_SEGMENT}/resourcegroups/{_SEGMENT}/providers/"
    rf"(?!microsoft\.(keyvault|managedidentity|authorization)/){_SEGMENT}/{_SEGMENT}/{_SEGMENT}(/{_SEGMENT})*",
    re.IGNORECASE,
)
"""Resources of other services: no role there gives access to a vault or an identity."""

_ACCOUNT = re.compile(r"system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)")
_WORKFLOW = re.compile(r"repo:[\w.-]+/[\w.-]+:[\w.:/@-]+")
_WIDEST_BITS = 16
"""The bits of the largest range of addresses that is narrow enough: 65,536 addresses."""

_DESTINATIONS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
_AUDITED = {"AuditEvent", "audit", "allLogs"}


def _check_purge_protection(vault: Declared, _: Options) -> Iterable[str]:
    if lacks(vault.at("properties", "enablePurgeProtection"), True):
        yield "has no purge protection"


def _check_rbac(vault: Declared, _: Options) -> Iterable[str]:
    if vault.kind == ACCESS_POLICY:
        yield "gives access to every object of a kind in its vault, by an access policy"
    elif lacks(vault.at("properties", "enableRbacAuthorization"), True):
        yield "uses access policies instead of role assignments"


def _check_closed_network(vault: Declared, _: Options) -> Iterable[str]:
    public = vault.at("properties", "publicNetworkAccess")
    acls = vault.at("properties", "networkAcls")
    if not lacks(public, "Disabled", "disabled"):
        return
    if lacks(at(acls, "defaultAction"), "Deny"):
        yield "accepts connections from every network"
    for rule in listed(at(acls, "ipRules")):
        if (value := at(rule, "value")) is not UNKNOWN and _is_open(str(value)):
            yield f"accepts connections from {value}, which is too wide a range"


def _is_open(addresses: str) -> bool:
    try:
        network = ipaddress.ip_network(addresses.strip(), strict=False)
    except ValueError:
        return True
    return network.max_prefixlen - network.prefixlen > _WIDEST_BITS


def _check_object_scope(assignment: Declared, _: Options) -> Iterable[str]:
    role, scope = assignment.at("roleDefinitionId"), assignment.at("scope")
    if role is UNKNOWN or scope is UNKNOWN:
        return
    id_, place = str(role).rstrip("/").rpartition("/")[2].lower(), str(scope)
    if id_ in HARMLESS or _ELSEWHERE.fullmatch(place):
        return
    name = READERS.get(id_) or USERS.get(id_)
    if name is None:
        yield f"assigns {WIDE.get(id_, f'the role {id_}')} at {place}, a role that does more than read one object"
    elif not _OBJECT.fullmatch(place):
        yield f"assigns {name} at {place}, and so gives access to every secret below it"


def _check_one_account(credential: Declared, _: Options) -> Iterable[str]:
    subject, audiences = credential.at("subject"), credential.at("audiences")
    if credential.at("claimsMatchingExpression") is not None:
        yield "accepts subjects by an expression"
    elif subject is not UNKNOWN:
        account = _ACCOUNT.fullmatch(str(subject))
        if account and account[2] == "default":
            yield f"accepts the subject {subject}, the default account of every pod in its namespace"
        elif not account and not _WORKFLOW.fullmatch(str(subject)):
            yield f"accepts the subject {subject}, which is not a single account"
    if not is_filled(audiences) or (audiences is not UNKNOWN and "*" in listed(audiences)):
        yield "accepts tokens for any audience (audiences)"


def _check_audit(resources: Sequence[Declared]) -> Iterable[Finding]:
    settings = [each for each in resources if each.kind == DIAGNOSTICS and _logs_audit(each)]
    for vault in resources:
        if vault.kind == VAULT and not any(_is_of_vault(setting, vault) for setting in settings):
            yield Finding(vault.urn, "does not send its audit log anywhere")


def _is_of_vault(setting: Declared, vault: Declared) -> bool:
    """Return whether a setting is a vault's: it depends on the vault, and is of a vault."""
    resource = str(setting.at("resourceUri")).lower()
    return vault.urn in setting.dependencies and (
        not resource.startswith("/subscriptions/") or "/providers/microsoft.keyvault/vaults/" in resource
    )


def _logs_audit(setting: Declared) -> bool:
    if not any(is_filled(setting.at(destination)) for destination in _DESTINATIONS):
        return False
    logs = listed(setting.at("logs"))
    return any(
        is_true(at(log, "enabled")) and {str(at(log, "category")), str(at(log, "categoryGroup"))} & _AUDITED
        for log in logs
    )


RULES = (
    ResourceRule(
        name="key-vault-purge-protection",
        summary="A key vault and its secrets can't be purged before their retention ends.",
        reason="Without purge protection anybody who may delete the vault can destroy its secrets at once.",
        fix="Set backend.vault.purgeProtection: true. It can't be disabled again.",
        source='Microsoft Learn: "Azure Key Vault soft-delete overview"',
        severity="high",
        kinds={VAULT},
        check=_check_purge_protection,
    ),
    ResourceRule(
        name="key-vault-rbac",
        summary="Access to a key vault is given by role assignments.",
        reason="An access policy gives access to every object of a kind: one workload could read another's secrets.",
        fix="Set backend.vault.access: rbac.",
        source='Microsoft Learn: "Azure role-based access control (Azure RBAC) vs. access policies (legacy)"',
        severity="high",
        kinds={VAULT, ACCESS_POLICY},
        check=_check_rbac,
    ),
    ResourceRule(
        name="key-vault-network",
        summary="A key vault accepts no connections from the internet, or from listed addresses only.",
        reason="A leaked token could be used from anywhere.",
        fix="Set backend.vault.network: public: false with a privateEndpoint, or allowedIpRanges or allowedSubnetIds.",
        source='Microsoft Learn: "Configure Azure Key Vault networking settings"',
        severity="high",
        kinds={VAULT},
        check=_check_closed_network,
    ),
    StackRule(
        name="key-vault-audit",
        summary="A key vault of the stack sends its audit log to a workspace.",
        reason="Without it there is no record of who read which secret.",
        fix="Set backend.vault.auditWorkspaceId.",
        source='Microsoft Learn: "Enable Key Vault logging"',
        severity="high",
        kinds={VAULT, DIAGNOSTICS},
        check=_check_audit,
    ),
    ResourceRule(
        name="key-vault-object-scope",
        summary="A role that reads secrets or uses keys is assigned at one object, and can't assign other roles.",
        reason="At a vault's scope, or above it, it gives access to every secret, those of other workloads included; a "
        "role that can assign roles gives any access.",
        fix="Set backend.roleScope: object, and assign people's roles in another stack.",
        source='Microsoft Learn: "Provide access to Key Vault keys, certificates, and secrets with Azure RBAC"',
        severity="high",
        kinds={ASSIGNMENT},
        check=_check_object_scope,
    ),
    ResourceRule(
        name="federated-one-account",
        summary="A federated credential accepts one service account, with tokens for Azure.",
        reason="A pattern accepts accounts that somebody else may create, and `default` any pod in its namespace.",
        fix="Name one subject: system:serviceaccount:<namespace>:<name>.",
        source='Microsoft Learn: "Workload identity federation"',
        severity="critical",
        kinds={FEDERATED},
        check=_check_one_account,
    ),
)
