"""Damage to what a stack has in Azure, and to who reaches its vault besides."""

from contextlib import AbstractContextManager
from typing import Any

from .damage import Damage, Hands, added, resource, resource_added
from .of_kubernetes import CLASSES, COMMON, ORDERS, STACK, class_edited, parameter

_VAULTS = "Microsoft.KeyVault/vaults"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_CREDENTIALS = f"{_IDENTITIES}/federatedIdentityCredentials"
_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
DATA_ACCESS = "8b54135c-b56d-4d72-a534-26097cfdc8d8"
OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
USER = "4633458b-17de-408a-b874-0445c86b69e6"
_STRANGER = "99999999-0000-4000-8000-000000000000"

_OWN_ROLES = "its role assignments are as deployed"
_MORE_ROLES = "identity shop/orders has no role but those deployed"
_OTHERS = "nobody else has a role at its key vault"
_VAULT = "its key vault is as deployed"


def _scope(vault: str, where: str) -> str:
    group = vault.partition("/providers/")[0]
    return {"vault": vault, "group": group, "subscription": group.partition("/resourceGroups/")[0]}.get(
        where, f"{vault}/{where}"
    )


def _given(name: str, workload: str, what: str, role: str, where: str, principal: str = "") -> Damage:
    """One more role assignment: the identity's of shop/orders, unless a principal is named."""

    def do(hands: Hands) -> AbstractContextManager[None]:
        (vault,) = hands.azure.resources(_VAULTS)
        (identity,) = [each for each in hands.azure.resources(_IDENTITIES) if each["name"].endswith("shop_orders")]
        scope = _scope(vault["id"], where)
        definition = f"{_scope(vault['id'], 'subscription')}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        properties = {
            "principalId": principal or identity["properties"]["principalId"],
            "roleDefinitionId": definition,
            "scope": scope,
        }
        id_ = f"{scope}/providers/Microsoft.Authorization/roleAssignments/11111111-0000-4000-8000-000000000000"
        return resource_added(hands, _ASSIGNMENTS, id_, properties)

    return Damage(name, workload, what, do)


def _assignment(name: str, what: str = _OWN_ROLES, **change: Any) -> Damage:
    def do(hands: Hands) -> AbstractContextManager[None]:
        (vault,) = hands.azure.resources(_VAULTS)
        properties = {
            key: _scope(vault["id"], value)
            if key == "scope"
            else f"/x/roleDefinitions/{value}"
            if key == "roleDefinitionId"
            else value
            for key, value in change.items()
        }
        return resource(hands, _ASSIGNMENTS, "secrets/db-pass-password", **properties)

    return Damage(f"assignment-{name}", ORDERS, what, do)


def _credential(name: str, what: str = "has the credentials deployed and no other", **change: Any) -> Damage:
    return Damage(
        f"credential-{name}",
        ORDERS,
        what,
        lambda hands: resource(hands, _CREDENTIALS, "serviceaccount:shop:orders", **change),
    )


def _one_more_credential(name: str, subject: str, issuer: str = "https://kubernetes.default.svc") -> Damage:
    def do(hands: Hands) -> AbstractContextManager[None]:
        (identity,) = [each for each in hands.azure.resources(_IDENTITIES) if each["name"].endswith("shop_orders")]
        properties = {
            "issuer": issuer,
            "subject": subject,
            "audiences": ["api://AzureADTokenExchange"],
            "resourceName": identity["name"],
        }
        return resource_added(hands, _CREDENTIALS, f"{identity['id']}/federatedIdentityCredentials/another", properties)

    return Damage(f"credential-more-{name}", ORDERS, "has the credentials deployed and no other", do)


def _vault(name: str, what: str = _VAULT, **change: Any) -> Damage:
    return Damage(f"vault-{name}", STACK, what, lambda hands: resource(hands, _VAULTS, "strongroom-local", **change))


def _swapped(document: dict[str, Any]) -> None:
    parameters = document["spec"]["parameters"]
    swapped = parameters["objects"].replace("db-pass-username", "x").replace("db-pass-password", "db-pass-username")
    parameters["objects"] = swapped.replace("objectName: x", "objectName: db-pass-password")


def _objects(name: str, before: str, after: str) -> Damage:
    def edit(document: dict[str, Any]) -> None:
        parameters = document["spec"]["parameters"]
        parameters["objects"] = parameters["objects"].replace(before, after, 1)

    return class_edited(name, edit)


_ONE_MORE_CLASS: dict[str, Any] = {
    "apiVersion": "secrets-store.csi.x-k8s.io/v1",
    "kind": "SecretProviderClass",
    "metadata": {"name": "another"},
    "spec": {
        "provider": "azure",
        "parameters": {"objects": "array:\n- |\n  objectName: db-pass-password\n  objectType: secret\n"},
    },
}
_POLICY_OF_A_STRANGER = {"tenantId": "t", "objectId": _STRANGER, "permissions": {"secrets": ["get"]}}

DAMAGE_TO_AZURE = (
    *COMMON,
    parameter("keyvaultName", "another-vault"),
    parameter("tenantID", "00000000-0000-0000-0000-000000000000"),
    parameter("clientID", "00000000-0000-0000-0000-000000000000"),
    parameter("useVMManagedIdentity", "true"),
    parameter("usePodIdentity", "true"),
    parameter("cloudName", "AzureChinaCloud"),
    class_edited("swaps-two-files", _swapped),
    _objects("reads-another-object", "objectName: db-pass-username", "objectName: ledger-token"),
    _objects("reads-an-old-version", "objectType: secret", "objectType: secret\n  objectVersion: '0'"),
    _objects("opens-a-file", "'0444'", "'0777'"),
    Damage(
        "another-class-of-its-object",
        STACK,
        "no other SecretProviderClass reads its workloads' objects",
        lambda hands: added(hands, (CLASSES, _ONE_MORE_CLASS)),
    ),
    _given("identity-owns-the-vault", ORDERS, _MORE_ROLES, OWNER, "vault"),
    _given("identity-owns-the-group", ORDERS, _MORE_ROLES, OWNER, "group"),
    _given("identity-owns-the-subscription", ORDERS, _MORE_ROLES, OWNER, "subscription"),
    _given("identity-contributes", ORDERS, _MORE_ROLES, CONTRIBUTOR, "group"),
    _given("identity-gives-access", ORDERS, _MORE_ROLES, DATA_ACCESS, "vault"),
    _given("identity-administers", ORDERS, "is refused setting and deleting", ADMINISTRATOR, "vault"),
    _given("identity-reads-an-object-nobody-declares", ORDERS, _MORE_ROLES, USER, "secrets/nobody"),
    _given(
        "identity-reads-a-neighbours-object",
        ORDERS,
        "is refused other workloads' objects",
        USER,
        "secrets/ledger-token",
    ),
    _given("identity-reads-the-vault", ORDERS, "is refused names that nobody knows", USER, "vault"),
    _given("identity-reads-the-group", ORDERS, "is refused other workloads' objects", USER, "group"),
    _given("identity-writes-its-object", ORDERS, "is refused writing", OFFICER, "secrets/db-pass-password"),
    _given("stranger-is-officer", STACK, _OTHERS, OFFICER, "vault", _STRANGER),
    _given("stranger-reads-one-object", STACK, _OTHERS, USER, "secrets/db-pass-password", _STRANGER),
    _given("stranger-administers-the-group", STACK, _OTHERS, ADMINISTRATOR, "group", _STRANGER),
    _given("stranger-reads-the-subscription", STACK, _OTHERS, USER, "subscription", _STRANGER),
    _given("stranger-owns-the-vault", STACK, _OTHERS, OWNER, "vault", _STRANGER),
    _given("stranger-gives-access", STACK, _OTHERS, DATA_ACCESS, "vault", _STRANGER),
    _given(
        "stranger-has-a-role-of-their-own", STACK, _OTHERS, "77777777-0000-4000-8000-000000000000", "vault", _STRANGER
    ),
    _assignment("deleted"),
    _assignment("at-the-vault", "is refused other workloads' objects", scope="vault"),
    _assignment("at-the-group", scope="group"),
    _assignment("of-an-officer", "is refused writing", roleDefinitionId=OFFICER),
    _assignment("of-a-stranger", principalId=_STRANGER),
    _assignment("with-a-condition", condition="@Resource[x] StringEquals 'y'"),
    _credential("deleted", "logs in by its identity"),
    _credential(
        "of-a-neighbour",
        "its identity refuses the service account of shop/checkout",
        subject="system:serviceaccount:shop:checkout",
    ),
    _credential("of-a-stranger", subject="system:serviceaccount:other:stranger"),
    _credential("of-another-audience", audiences=["api://elsewhere"]),
    _credential("of-another-issuer", issuer="https://elsewhere.example"),
    _one_more_credential("of-a-third-workload", "system:serviceaccount:bank:ledger"),
    _one_more_credential("of-a-stranger", "system:serviceaccount:other:stranger"),
    _one_more_credential("of-another-issuer", "system:serviceaccount:shop:orders", "https://elsewhere.example"),
    _vault("without-soft-delete", enableSoftDelete=False),
    _vault("keeps-deleted-objects-for-a-week", softDeleteRetentionInDays=7),
    _vault("open-to-machines", enabledForDeployment=True),
    _vault("open-to-disks", enabledForDiskEncryption=True),
    _vault("open-to-templates", enabledForTemplateDeployment=True),
    _vault("by-access-policies", enableRbacAuthorization=False),
    _vault("closed-network", publicNetworkAccess="Disabled"),
    _vault("other-network", networkAcls={"bypass": "None", "defaultAction": "Allow"}),
    _vault(
        "other-addresses",
        networkAcls={"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": [{"value": "0.0.0.0/0"}]},
    ),
    _vault(
        "access-policy-of-a-stranger",
        "its key vault has the access policies deployed and no other",
        accessPolicies=[_POLICY_OF_A_STRANGER],
    ),
)
"""Each kind of damage to the stack on Azure Key Vault."""
