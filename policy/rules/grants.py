"""A rule on kinds of resource that give rights and that no other rule checks."""

import re
from collections.abc import Iterable

from .kinds.azure import ASSIGNMENT
from .kinds.vault import ENDPOINT, GITHUB, GROUP, LDAP, ROLES, TOKEN, USER
from .rule import UNKNOWN, Declared, KindsOf, Options, ResourceRule, is_filled, listed
from .vault import is_system_path

GENERIC = {ENDPOINT, "vault:generic/secret:Secret"}
"""The kinds that write to any path of Vault."""

_CHECKED = {*ROLES, USER, GROUP}
"""Vault's kinds that give policies and that other rules check."""

_LOGIN = re.compile(r"[aA]uthBackend(Role|User|Group):|:AuthBackendRoleTag$")
_LITERAL_PATH = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)*")
_OLDER = ("azure:keyvault/", "azure:authorization/", "azure:armmsi/", "azure:role/", "azure:core/resourceGroupTemplate")
_ARM = {
    "azure-native:resources:Deployment",
    "azure-native:resources:DeploymentStackAtManagementGroup",
    "azure-native:resources:DeploymentStackAtResourceGroup",
    "azure-native:resources:DeploymentStackAtSubscription",
    "azure-native:resources:DeploymentAtManagementGroupScope",
    "azure-native:resources:DeploymentAtScope",
    "azure-native:resources:DeploymentAtSubscriptionScope",
    "azure-native:resources:DeploymentAtTenantScope",
    "azure-native:resources:AzureCliScript",
    "azure-native:resources:AzurePowerShellScript",
}
"""Kinds that create resources by a template or a script."""

_ROLES = re.compile(r"azure-native:authorization:\w*Role(Assignment|Eligibility)\w*")
_ARM_RESOURCE = "azure-native:resources:Resource"
_GRANTING = {"microsoft.keyvault", "microsoft.authorization", "microsoft.managedidentity"}


def _check_grants(resource: Declared, _: Options) -> Iterable[str]:
    package = resource.kind.partition(":")[0]
    if package == "vault":
        yield from _check_vault(resource)
    elif package == "azuread":
        if "Federated" in resource.kind or "AppRoleAssignment" in resource.kind:
            yield "gives a login to Azure in a way that no rule checks"
    elif resource.kind.startswith(_OLDER):
        yield "is of Azure's older provider, which no rule checks"
    elif resource.kind in _ARM:
        yield "creates resources that no rule checks"
    elif resource.kind == _ARM_RESOURCE:
        namespace = resource.at("resourceProviderNamespace")
        if namespace is not UNKNOWN and str(namespace).lower() in _GRANTING:
            yield f"creates a resource of {namespace} that no rule checks"
    elif resource.kind != ASSIGNMENT and _ROLES.fullmatch(resource.kind):
        yield "assigns a role in a way that no rule checks"


def _check_vault(resource: Declared) -> Iterable[str]:
    kind = resource.kind
    policies = [name for name in ("policies", "tokenPolicies") if is_filled(resource.at(name))]
    if kind in GENERIC:
        path = resource.at("path")
        if path is not UNKNOWN and (not _LITERAL_PATH.fullmatch(str(path)) or is_system_path(str(path))):
            yield f"writes to {path}, which no rule checks"
    elif kind == TOKEN:
        if not policies:
            yield "is a token with all rights of the token that deploys the stack"
        elif "root" in (str(name).lower() for name in listed(resource.at("policies"))):
            yield "is a root token"
    elif kind in {LDAP, GITHUB}:
        if policies:
            yield "gives policies to every user of the directory (tokenPolicies)"
    elif kind not in _CHECKED and (policies or _LOGIN.search(kind)):
        yield "gives policies in a way that no rule checks"


RULES = (
    ResourceRule(
        name="known-grants",
        summary="Rights are given by kinds of resource that these rules check.",
        reason="Other kinds may give access to every secret without a reviewer noticing.",
        fix="Use the kinds that Strongroom's components use, and give other rights in another stack.",
        source='Vault docs: "Policies"; Microsoft Learn: "What is Azure role-based access control (Azure RBAC)?"',
        severity="high",
        kinds=KindsOf(("vault", "azure", "azuread", "azure-native")),
        check=_check_grants,
    ),
)
