"""What an Azure Key Vault backend declares for a workload."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest

from strongroom import (
    AzureKeyVaultBackend,
    AzureKeyVaultBackendArgs,
    Generate,
    Grant,
    IdentityBindings,
    KeyVault,
    KeyVaultArgs,
    NodeIdentity,
    PerWorkloadIdentities,
    PodIdentities,
    Secret,
    ServiceAccount,
    ServicePrincipal,
    SharedIdentity,
    VaultCertificate,
    Workload,
)
from strongroom.components.azure.backend import ReadinessGate
from strongroom.components.azure.clouds import CLOUDS, Cloud
from strongroom.components.azure.identities.base import Identities
from strongroom.components.azure.identities.workload_identity import IdentityLocation
from strongroom.components.azure.key_vault import Contents, VaultSecret
from strongroom.components.azure.options import AccessMode, RoleScope
from strongroom.components.errors import InvalidArgumentsError
from tests.components.deploying import deploy
from tests.support.recording import VAULT_ID, Declare, Recorder

ROLE = "azure-native:authorization:RoleAssignment"
POLICY = "azure-native:keyvault:AccessPolicy"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
FEDERATED = "azure-native:managedidentity:FederatedIdentityCredential"
GATE = "pulumi-python:dynamic/strongroom:AccessReady"
TENANT = "11111111-2222-3333-4444-555555555555"
ISSUER = "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"
PLACE = IdentityLocation(resource_group="rg", location="westeurope", tenant_id=TENANT)
PRINCIPAL, CLIENT = "22222222-3333-4444-5555-666666666666", "33333333-4444-5555-6666-777777777777"

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
CERTIFICATE_USER = "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba"

ORDERS = Workload(
    name="orders",
    namespace="shop",
    image="busybox:1.36",
    secrets=(
        Secret(name="user", object="db", key="user"),
        Secret(name="user-again", object="db", key="user"),
        Secret(name="web.crt", object="web", type="cert"),
        Secret(name="signing.pub", object="sign", type="key"),
    ),
)
CHECKOUT = Workload(
    name="checkout", namespace="shop", image="busybox:1.36", secrets=(Secret(name="user", object="db", key="user"),)
)

OWN = PerWorkloadIdentities(place=PLACE, issuer=ISSUER)


def backend(
    identities: Identities,
    *,
    access: AccessMode = "rbac",
    role_scope: RoleScope = "object",
    cloud: Cloud = CLOUDS["AzurePublicCloud"],
    gate: ReadinessGate | None = None,
    workloads: Sequence[Workload] = (),
    certificates: Mapping[str, VaultCertificate] | None = None,
) -> AzureKeyVaultBackend:
    vault = KeyVault(
        "vault",
        KeyVaultArgs(
            vault_name="kv-shop",
            resource_group="rg",
            tenant_id=TENANT,
            cloud=cloud,
            access=access,
            contents=Contents(secrets={"db-user": VaultSecret(value=Generate())}, certificates=certificates or {}),
        ),
    )
    args = AzureKeyVaultBackendArgs(
        vault=vault,
        identities=identities,
        tenant_id=TENANT,
        cloud=cloud,
        role_scope=role_scope,
        gate=gate,
        workloads=workloads,
    )
    return AzureKeyVaultBackend("azure", args)


def granted(
    declare: Declare, identities: Identities, *workloads: Workload, **options: Any
) -> tuple[list[dict[str, Any]], list[Grant], Recorder]:
    """The parameters and grants of workloads, and what was declared."""
    grants: list[Grant] = []
    parameters: list[dict[str, Any]] = []

    def program() -> object:
        made = backend(identities, **options)
        grants.extend(made.grant(workload) for workload in workloads)
        return pulumi.Output.all(*(pulumi.Output.all(**grant.parameters) for grant in grants)).apply(parameters.extend)

    recorder = declare(program)
    assert len(parameters) == len(workloads)
    return parameters, grants, recorder


def test_each_object_is_granted_once_at_its_own_scope_by_the_role_that_its_kind_needs(declare: Declare) -> None:
    _, _, recorder = granted(declare, OWN, ORDERS)

    roles = {
        role.inputs["scope"].removeprefix(f"{VAULT_ID}/"): role.inputs["roleDefinitionId"].rpartition("/")[2]
        for role in recorder.all(ROLE)
    }
    assert roles == {
        "secrets/db-user": SECRETS_USER,
        "certificates/web": CERTIFICATE_USER,
        "keys/sign": CERTIFICATE_USER,
    }
    assert len(recorder.all(ROLE)) == 3
    for role in recorder.all(ROLE):
        assert role.inputs["principalType"] == "ServicePrincipal"
        assert role.inputs["principalId"] == "principal of shop/orders"
        assert str(uuid.UUID(role.inputs["roleAssignmentName"])) == role.inputs["roleAssignmentName"]


def test_names_of_role_assignments_are_stable_and_differ_by_workload(declare: Declare) -> None:
    names = [
        {role.inputs["roleAssignmentName"] for role in granted(declare, OWN, ORDERS, CHECKOUT)[2].all(ROLE)}
        for _ in range(2)
    ]

    assert names[0] == names[1]
    assert len(names[0]) == 4


def test_issuer_subject_audience_account_and_class_agree(declare: Declare) -> None:
    parameters, grants, recorder = granted(declare, OWN, ORDERS)
    credential = recorder.one(FEDERATED).inputs

    assert credential["issuer"] == ISSUER
    assert credential["subject"] == "system:serviceaccount:shop:orders"
    assert credential["audiences"] == [grants[0].audience] == ["api://AzureADTokenExchange"]
    assert parameters[0]["clientID"] == "client of shop/orders"
    assert parameters[0]["tenantID"] == TENANT
    assert parameters[0]["keyvaultName"] == "kv-shop"
    assert set(parameters[0]) == {"clientID", "tenantID", "keyvaultName", "objects"}
    assert all(isinstance(value, str) for value in parameters[0].values())
    assert grants[0].pod_labels == {"azure.workload.identity/use": "true"}


def test_the_service_account_bears_the_identitys_client_id(declare: Declare) -> None:
    recorder = declare(lambda: deploy(ORDERS, backend(OWN)))

    account = recorder.one("kubernetes:core/v1:ServiceAccount").inputs
    assert account["metadata"]["annotations"]["azure.workload.identity/client-id"] == "client of shop/orders"
    pod = recorder.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"


def test_identities_of_workloads_whose_names_run_together_stay_apart(declare: Declare) -> None:
    secrets = (Secret(name="f", object="o"),)
    pair = [
        Workload(name="c", namespace="a-b", image="i", secrets=secrets),
        Workload(name="b-c", namespace="a", image="i", secrets=secrets),
    ]
    _, _, recorder = granted(declare, OWN, *pair)

    assert len({identity.inputs["resourceName"] for identity in recorder.all(IDENTITY)}) == 2


def test_the_longest_names_still_make_a_legal_identity(declare: Declare) -> None:
    secrets = (Secret(name="f", object="o"),)
    pair = [Workload(name=f"{'a' * 62}{end}", namespace="n" * 63, image="i", secrets=secrets) for end in ("x", "y")]
    _, _, recorder = granted(declare, OWN, *pair)

    names = {identity.inputs["resourceName"] for identity in recorder.all(IDENTITY)}
    assert len(names) == 2
    assert all(3 <= len(name) <= 128 for name in names)
    assert all(len(item.inputs["federatedIdentityCredentialResourceName"]) <= 120 for item in recorder.all(FEDERATED))


def test_the_pod_waits_for_identity_roles_and_values(declare: Declare) -> None:
    def program() -> object:
        return deploy(CHECKOUT, backend(OWN, gate=ReadinessGate(kubeconfig="/kubeconfig", timeout=120)))

    recorder = declare(program)

    gate = recorder.one(GATE)
    assert gate.inputs["objects"] == ["secrets/db-user"]
    assert gate.inputs["clientId"] == "client of shop/checkout"
    assert gate.inputs["timeout"] == 120
    assert gate.inputs["byValue"] is False
    # What changes is waited for again.
    assert {urn.split("::")[2].rpartition("$")[2] for urn in gate.inputs["granted"]} >= {ROLE, FEDERATED}
    assert {"shop/checkout", "shop/checkout/secrets/db-user/Key Vault Secrets User", "db-user"} <= gate.dependencies
    assert "shop/checkout" in recorder.one("kubernetes:apps/v1:Deployment").dependencies
    assert GATE in recorder.one("kubernetes:apps/v1:Deployment").dependency_types


def test_a_pod_without_a_gate_waits_for_each_role_and_value(declare: Declare) -> None:
    pod = declare(lambda: deploy(CHECKOUT, backend(OWN))).one("kubernetes:apps/v1:Deployment")

    assert {ROLE, FEDERATED, "azure-native:keyvault:Secret"} <= pod.dependency_types
    assert GATE not in pod.dependency_types


def test_without_a_gate_nothing_waits(declare: Declare) -> None:
    assert granted(declare, OWN, ORDERS)[2].all(GATE) == []


def test_credentials_of_a_shared_identity_come_one_after_another(declare: Declare) -> None:
    shared = SharedIdentity(place=PLACE, issuer=ISSUER, name="shop")

    parameters, _, recorder = granted(declare, shared, ORDERS, CHECKOUT)

    assert len(recorder.all(IDENTITY)) == 1
    first, second = recorder.one(FEDERATED, "shop/orders"), recorder.one(FEDERATED, "shop/checkout")
    assert "shop/checkout" not in first.dependencies
    assert "shop/orders" in second.dependencies
    assert parameters[0]["clientID"] == parameters[1]["clientID"] == "client of shop"
    # Azure refuses a second assignment that is the same.
    assert len([role for role in recorder.all(ROLE) if role.inputs["scope"].endswith("db-user")]) == 1


def test_a_revoked_workload_keeps_its_identity_and_loses_its_credential_and_roles(declare: Declare) -> None:
    revoked = ORDERS.model_copy(update={"revoked": True})
    parameters, _, recorder = granted(declare, OWN, revoked, CHECKOUT, gate=ReadinessGate())

    assert parameters[0]["clientID"] == "client of shop/orders"
    assert [each.name for each in recorder.all(FEDERATED)] == ["shop/checkout"]
    assert {each.inputs["principalId"] for each in recorder.all(ROLE)} == {"principal of shop/checkout"}
    assert [each.name for each in recorder.all(GATE)] == ["shop/checkout"]


def test_a_revoked_workload_of_a_shared_identity_loses_what_is_its_own_alone(declare: Declare) -> None:
    revoked = ORDERS.model_copy(update={"revoked": True})

    shared = SharedIdentity(place=PLACE, issuer=ISSUER, name="shop")

    assigned = granted(declare, shared, revoked, CHECKOUT)[2]
    allowed = granted(declare, shared, revoked, CHECKOUT, access="policies", workloads=[revoked, CHECKOUT])[2]

    assert [each.name for each in assigned.all(FEDERATED)] == ["shop/checkout"]
    assert [each.inputs["scope"] for each in assigned.all(ROLE)] == [f"{VAULT_ID}/secrets/db-user"]
    assert allowed.one(POLICY).inputs["policy"]["permissions"] == {"secrets": ["get"]}


def test_the_twenty_first_workload_of_an_identity_is_refused_with_advice(declare: Declare) -> None:
    many = [CHECKOUT.model_copy(update={"name": f"w{number}"}) for number in range(21)]

    with pytest.raises(ValueError, match=r"shop/w20: 21 workloads .* can have 20 .* workload-identity"):
        granted(declare, SharedIdentity(place=PLACE, issuer=ISSUER, name="shop"), *many)


def test_a_node_identity_sends_no_client_id(declare: Declare) -> None:
    parameters, grants, recorder = granted(
        declare, NodeIdentity(mode="addon", principal_id=PRINCIPAL, client_id=CLIENT), ORDERS
    )

    assert parameters[0]["useVMManagedIdentity"] == "true"
    assert parameters[0]["userAssignedIdentityID"] == CLIENT
    assert "clientID" not in parameters[0]
    assert grants[0].audience == ""
    assert {role.inputs["principalId"] for role in recorder.all(ROLE)} == {PRINCIPAL}


def test_a_system_assigned_identity_has_an_empty_id(declare: Declare) -> None:
    parameters, _, _ = granted(declare, NodeIdentity(mode="system-assigned", principal_id=PRINCIPAL), ORDERS)

    assert parameters[0]["userAssignedIdentityID"] == ""


def test_a_service_principals_credentials_are_a_labelled_secret_that_the_volume_names(declare: Declare) -> None:
    principal = ServicePrincipal(
        principal_id=PRINCIPAL, secret_name="creds", client_id=CLIENT, client_secret="canary-77"
    )

    def program() -> object:
        made = backend(principal)
        return [deploy(ORDERS, made), deploy(CHECKOUT, made)]

    recorder = declare(program)

    secret = recorder.one("kubernetes:core/v1:Secret")
    assert secret.inputs["metadata"]["labels"] == {"secrets-store.csi.k8s.io/used": "true"}
    assert secret.inputs["stringData"] == {"clientid": CLIENT, "clientsecret": "canary-77"}
    assert "stringData" in secret.secret_inputs
    pod = recorder.one("kubernetes:apps/v1:Deployment", "shop/orders").inputs["spec"]["template"]["spec"]
    assert pod["volumes"][0]["csi"]["nodePublishSecretRef"] == {"name": "creds"}


def test_an_identity_binding_is_allowed_to_one_service_account(declare: Declare) -> None:
    parameters, grants, recorder = granted(
        declare,
        IdentityBindings(place=PLACE, cluster="aks", cluster_group="rg-aks"),
        ORDERS,
    )

    assert parameters[0]["useAzureTokenProxy"] == "true"
    assert parameters[0]["clientID"] == "client of shop/orders"
    assert grants[0].audience == "api://AKSIdentityBinding"
    binding = recorder.one("azure-native:containerservice:IdentityBinding").inputs
    assert (binding["resourceName"], binding["resourceGroupName"]) == ("aks", "rg-aks")
    rule = recorder.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole").inputs["rules"][0]
    assert rule == {
        "apiGroups": ["cid.wi.aks.azure.com"],
        "resources": ["client of shop/orders"],
        "verbs": ["use-managed-identity"],
    }
    bound = recorder.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding").inputs
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "orders", "namespace": "shop"}]
    assert recorder.all(FEDERATED) == []


def test_pod_identity_labels_the_pod_and_warns_with_the_way_off_it(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))
    parameters, grants, recorder = granted(declare, PodIdentities(place=PLACE), ORDERS)

    assert parameters[0]["usePodIdentity"] == "true"
    assert "clientID" not in parameters[0]
    assert grants[0].pod_labels == {"aadpodidbinding": "orders"}
    assert {item.inputs["kind"] for item in recorder.recorded if item.type.startswith("kubernetes:aadpod")} == {
        "AzureIdentity",
        "AzureIdentityBinding",
    }
    assert any("--enable-workload-identity" in text for text in warned)


def test_at_most_one_flag_of_identity_is_set_in_any_mode(declare: Declare) -> None:
    modes: list[Identities] = [
        OWN,
        SharedIdentity(place=PLACE, issuer=ISSUER, name="shop"),
        NodeIdentity(mode="node", principal_id=PRINCIPAL, client_id=CLIENT),
        ServicePrincipal(principal_id=PRINCIPAL, secret_name="creds"),
        IdentityBindings(place=PLACE, cluster="aks", cluster_group="rg"),
        PodIdentities(place=PLACE),
    ]
    for identities in modes:
        (parameters,), _, _ = granted(declare, identities, ORDERS)
        flags = {"useVMManagedIdentity", "usePodIdentity", "useAzureTokenProxy"} & set(parameters)
        assert len(flags) <= 1


def test_an_access_policy_gets_the_declared_kinds_and_nothing_else(declare: Declare) -> None:
    _, _, recorder = granted(declare, OWN, ORDERS, CHECKOUT, access="policies")

    assert recorder.all(ROLE) == []
    first, second = (recorder.one(POLICY, name).inputs for name in ("shop/orders", "shop/checkout"))
    assert first["policy"]["permissions"] == {"secrets": ["get"], "keys": ["get"], "certificates": ["get"]}
    assert second["policy"]["permissions"] == {"secrets": ["get"]}
    assert first["policy"]["objectId"] == "principal of shop/orders"
    assert "accessPolicies" not in recorder.one("azure-native:keyvault:Vault").inputs["properties"]


def test_one_policy_speaks_for_all_who_share_an_identity(declare: Declare) -> None:
    _, _, recorder = granted(
        declare,
        NodeIdentity(mode="node", principal_id=PRINCIPAL, client_id=CLIENT),
        CHECKOUT,
        ORDERS,
        access="policies",
        workloads=[CHECKOUT, ORDERS],
    )

    assert set(recorder.one(POLICY).inputs["policy"]["permissions"]) == {"secrets", "keys", "certificates"}


def test_a_history_needs_list_where_policies_decide(declare: Declare) -> None:
    read = (
        Secret(name="f", object="o", version_history=3),
        Secret(name="g", object="web", type="cert", version_history=2),
        Secret(name="h", object="sign", type="key"),
    )
    _, _, recorder = granted(declare, OWN, CHECKOUT.model_copy(update={"secrets": read}), access="policies")

    assert recorder.one(POLICY).inputs["policy"]["permissions"] == {
        "secrets": ["get", "list"],
        "certificates": ["get", "list"],
        "keys": ["get"],
    }


def test_a_role_at_the_vault_warns_that_it_reads_more(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))
    _, _, recorder = granted(declare, OWN, ORDERS, role_scope="vault")

    assert {role.inputs["scope"] for role in recorder.all(ROLE)} == {VAULT_ID}
    assert len(recorder.all(ROLE)) == 2
    assert any("Certificate User" in text for text in warned)


def test_another_cloud_is_named_in_the_class(declare: Declare) -> None:
    (china,), _, _ = granted(declare, OWN, CHECKOUT, cloud=CLOUDS["AzureChinaCloud"])
    custom = Cloud(
        name="AzureStackCloud",
        authority="login.stack.test",
        vault_domain="vault.stack.test",
        environment_file="/etc/stack.json",
    )
    (stack,), _, _ = granted(declare, OWN, CHECKOUT, cloud=custom)

    assert china["cloudName"] == "AzureChinaCloud"
    assert (stack["cloudName"], stack["cloudEnvFileName"]) == ("AzureStackCloud", "/etc/stack.json")


def test_a_secret_that_key_vault_can_not_serve_is_refused(declare: Declare) -> None:
    bad = CHECKOUT.model_copy(update={"secrets": (Secret(name="f", object="team/db"),)})

    with pytest.raises(ValueError, match=r"shop/checkout: secret 'f' is the object 'team/db'.*'team-db'"):
        granted(declare, OWN, bad)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exportable": False}, "is the private key of the certificate 'Web', which never leaves the vault"),
        ({}, "has format 'pfx', and the vault keeps the certificate 'Web' as pem.*set contentType: pfx"),
    ],
)
def test_a_certificates_secret_that_no_pod_could_mount_is_refused(
    declare: Declare, options: dict[str, Any], message: str
) -> None:
    reading = CHECKOUT.model_copy(update={"secrets": (Secret(name="f", object="web", format="pfx"),)})
    certificate = VaultCertificate(subject="CN=shop.example.net", **options)

    with pytest.raises(InvalidArgumentsError, match=f"shop/checkout: secret 'f' {message}"):
        granted(declare, OWN, reading, certificates={"Web": certificate})


def test_a_pfx_of_a_certificate_that_is_kept_as_one_is_granted(declare: Declare) -> None:
    reading = CHECKOUT.model_copy(update={"secrets": (Secret(name="f", object="web", format="pfx"),)})
    certificate = VaultCertificate(subject="CN=shop.example.net", content_type="pfx")

    granted(declare, OWN, reading, certificates={"web": certificate})


def sharing(*workloads: Workload) -> list[Workload]:
    account = ServiceAccount(name="shared", create=False)
    return [each.model_copy(update={"service_account": account}) for each in workloads]


def test_workloads_of_one_account_keep_an_identity_each(declare: Declare) -> None:
    _, _, recorder = granted(declare, OWN, *sharing(ORDERS, CHECKOUT))

    assert len({each.inputs["resourceName"] for each in recorder.all(IDENTITY)}) == 2
    assert {each.name for each in recorder.all(FEDERATED)} == {"shop/orders", "shop/checkout"}
    assert {each.inputs["subject"] for each in recorder.all(FEDERATED)} == {"system:serviceaccount:shop:shared"}


def test_a_shared_identity_has_one_credential_an_account(declare: Declare) -> None:
    shared = SharedIdentity(place=PLACE, issuer=ISSUER, name="id-shop")

    _, _, recorder = granted(declare, shared, *sharing(ORDERS, CHECKOUT))

    assert [each.name for each in recorder.all(FEDERATED)] == ["shop/shared"]


def test_a_grant_has_the_versions_of_what_the_stack_writes_and_no_value(declare: Declare) -> None:
    versions: list[object] = []
    web = {"web": VaultCertificate(subject="CN=web")}

    def program() -> None:
        grant = backend(OWN, certificates=web).grant(ORDERS.model_copy(update={"on_rotation": "restart"}))
        found = pulumi.Output.from_input(dict(grant.versions))
        pulumi.Output.all(found, found.is_secret()).apply(versions.append)

    declare(program)
    assert versions == [[{"secrets/db-user": "0123", "certificates/web": None}, False]]
