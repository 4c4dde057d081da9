"""Rules of Azure Key Vault."""

from collections.abc import Iterable, Sequence

from .rule import Declared, Finding, Options, ResourceRule, StackRule, at, is_true, lacks, listed

VAULT = "azure-native:keyvault:Vault"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
FEDERATED = "azure-native:managedidentity:FederatedIdentityCredential"

READERS = {
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": "Key Vault Certificate User",
}
"""The built-in roles that read secrets. (Microsoft Learn: "Azure built-in roles for Security")"""

_AUDITED = {"AuditEvent", "audit", "allLogs"}


def _purge_protection(vault: Declared, _: Options) -> Iterable[str]:
    if lacks(vault.at("properties", "enablePurgeProtection"), True):
        yield "has no purge protection"


def _rbac(vault: Declared, _: Options) -> Iterable[str]:
    if lacks(vault.at("properties", "enableRbacAuthorization"), True):
        yield "lets access policies decide, not role assignments"


def _closed_network(vault: Declared, _: Options) -> Iterable[str]:
    public = vault.at("properties", "publicNetworkAccess")
    default = vault.at("properties", "networkAcls", "defaultAction")
    if lacks(public, "Disabled", "disabled") and lacks(default, "Deny"):
        yield "can be reached from every network"


def _object_scope(assignment: Declared, _: Options) -> Iterable[str]:
    role, scope = assignment.at("roleDefinitionId"), assignment.at("scope")
    if not isinstance(role, str) or not isinstance(scope, str):
        return
    name = READERS.get(role.rpartition("/")[2].lower())
    inside = scope.lower().partition("/providers/microsoft.keyvault/vaults/")[2].split("/")
    if name and len(inside) != 3:
        yield f"gives {name} at {scope}, and so every secret below it"


def _one_account(credential: Declared, _: Options) -> Iterable[str]:
    subject = credential.at("subject")
    if isinstance(subject, str) and "*" in subject:
        yield f"admits the subject {subject}"
    if credential.at("claimsMatchingExpression") is not None:
        yield "admits subjects by an expression"


def _audit(resources: Sequence[Declared]) -> Iterable[Finding]:
    settings = [each for each in resources if each.kind == DIAGNOSTICS and _logs_audit(each)]
    for vault in resources:
        if vault.kind == VAULT and not any(vault.urn in setting.dependencies for setting in settings):
            yield Finding(vault.urn, "sends its audit log nowhere")


def _logs_audit(setting: Declared) -> bool:
    logs = listed(setting.at("logs"))
    return any(
        is_true(at(log, "enabled")) and {at(log, "category"), at(log, "categoryGroup")} & _AUDITED for log in logs
    )


RULES = (
    ResourceRule(
        name="key-vault-purge-protection",
        says="Nobody can empty a key vault for good before its retention ends.",
        reason="Without purge protection whoever may delete the vault can make its secrets unrecoverable at once.",
        fix="Set backend.vault.purgeProtection: true. Azure never takes it back.",
        source='Microsoft Learn: "Azure Key Vault soft-delete overview"',
        severity="high",
        kinds={VAULT},
        check=_purge_protection,
    ),
    ResourceRule(
        name="key-vault-rbac",
        says="A key vault lets role assignments decide.",
        reason="An access policy opens every object of a kind: one workload could read another's secrets.",
        fix="Set backend.vault.access: rbac.",
        source='Microsoft Learn: "Azure role-based access control (Azure RBAC) vs. access policies (legacy)"',
        severity="high",
        kinds={VAULT},
        check=_rbac,
    ),
    ResourceRule(
        name="key-vault-network",
        says="A key vault is closed to the internet, or open to named addresses only.",
        reason="A leaked token could be used from anywhere.",
        fix="Set backend.vault.network: public: false with a privateEndpoint, or allowedIpRanges or allowedSubnetIds.",
        source='Microsoft Learn: "Configure Azure Key Vault networking settings"',
        severity="high",
        kinds={VAULT},
        check=_closed_network,
    ),
    StackRule(
        name="key-vault-audit",
        says="A key vault that the stack makes sends its audit log to a workspace.",
        reason="Nobody could tell afterwards who read which secret.",
        fix="Set backend.vault.auditWorkspaceId.",
        source='Microsoft Learn: "Enable Key Vault logging"',
        severity="high",
        kinds={VAULT, DIAGNOSTICS},
        check=_audit,
    ),
    ResourceRule(
        name="key-vault-object-scope",
        says="A role that reads secrets is given at one object.",
        reason="At a vault's scope, or above it, it reads every secret, those of other workloads included.",
        fix="Set backend.roleScope: object.",
        source='Microsoft Learn: "Provide access to Key Vault keys, certificates, and secrets with Azure RBAC"',
        severity="high",
        kinds={ASSIGNMENT},
        check=_object_scope,
    ),
    ResourceRule(
        name="federated-one-account",
        says="A federated credential admits one service account.",
        reason="A pattern admits accounts that somebody else may create.",
        fix="Name one subject: system:serviceaccount:<namespace>:<name>.",
        source='Microsoft Learn: "Workload identity federation"',
        severity="critical",
        kinds={FEDERATED},
        check=_one_account,
    ),
)
