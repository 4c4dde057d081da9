"""Kinds that give somebody rights, and that no other rule reads."""

import re
from collections.abc import Iterable

from .azure import ASSIGNMENT
from .rule import UNKNOWN, Declared, KindsOf, Options, ResourceRule, filled, listed
from .vault import APP_ROLE, GITHUB, JWT_ROLE, KUBERNETES_ROLE, LDAP, TOKEN, USER, is_system_path

GROUP = "vault:identity/group:Group"
GENERIC = {"vault:generic/endpoint:Endpoint", "vault:generic/secret:Secret"}
"""The kinds that write to whatever path of Vault's."""

_READ = {KUBERNETES_ROLE, JWT_ROLE, APP_ROLE, USER, GROUP}
"""Vault's kinds that give policies, and that other rules read."""

_LOGIN = re.compile(r"[aA]uthBackend(Role|User|Group):|:AuthBackendRoleTag$")
_PLAIN_PATH = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)*")
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
"""Kinds that make others, by a template or a script."""

_ROLES = re.compile(r"azure-native:authorization:\w*Role(Assignment|Eligibility)\w*")
_ARM_RESOURCE = "azure-native:resources:Resource"
_GRANTING = {"microsoft.keyvault", "microsoft.authorization", "microsoft.managedidentity"}


def _known(resource: Declared, _: Options) -> Iterable[str]:
    package = resource.kind.partition(":")[0]
    if package == "vault":
        yield from _of_vault(resource)
    elif package == "azuread":
        if "Federated" in resource.kind or "AppRoleAssignment" in resource.kind:
            yield "lets somebody log in to Azure in a way that no rule reads"
    elif resource.kind.startswith(_OLDER):
        yield "is of Azure's older provider, which no rule reads"
    elif resource.kind in _ARM:
        yield "makes resources that no rule sees"
    elif resource.kind == _ARM_RESOURCE:
        namespace = resource.at("resourceProviderNamespace")
        if namespace is not UNKNOWN and str(namespace).lower() in _GRANTING:
            yield f"makes a resource of {namespace} that no rule reads"
    elif resource.kind != ASSIGNMENT and _ROLES.fullmatch(resource.kind):
        yield "gives a role in a way that no rule reads"


def _of_vault(resource: Declared) -> Iterable[str]:
    kind = resource.kind
    policies = [name for name in ("policies", "tokenPolicies") if filled(resource.at(name))]
    if kind in GENERIC:
        path = resource.at("path")
        if path is not UNKNOWN and (not _PLAIN_PATH.fullmatch(str(path)) or is_system_path(str(path))):
            yield f"writes to {path}, which no rule reads"
    elif kind == TOKEN:
        if not policies:
            yield "is a token with all that the token may that deploys"
        elif "root" in (str(name).lower() for name in listed(resource.at("policies"))):
            yield "is a root token"
    elif kind in {LDAP, GITHUB}:
        if policies:
            yield "gives policies to everybody whom the directory knows (tokenPolicies)"
    elif kind not in _READ and (policies or _LOGIN.search(kind)):
        yield "gives policies in a way that no rule reads"


RULES = (
    ResourceRule(
        name="known-grants",
        says="Rights are given by kinds of resource that these rules read.",
        reason="What no rule reads may open every secret, and nobody who reviews the change would see it.",
        fix="Use the kinds that Strongroom's components use; give others' rights in a stack of their own.",
        source='Vault docs: "Policies"; Microsoft Learn: "What is Azure role-based access control (Azure RBAC)?"',
        severity="high",
        kinds=KindsOf(("vault", "azure", "azuread", "azure-native")),
        check=_known,
    ),
)
