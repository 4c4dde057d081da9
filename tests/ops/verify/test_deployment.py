"""What a stack's state says that its workloads are brought."""

from typing import Any

import yaml

from strongroom.ops.pulumi.stack import DeployedStack
from strongroom.ops.verify.deployment import Deployment
from strongroom.policy.rules import Declared

VAULT = {
    "kind": "vault",
    "address": "https://vault.example.net",
    "mount": "secret",
    "authPath": "kubernetes",
    "audience": "vault",
}
KEY_VAULT = {
    "kind": "azure-key-vault",
    "tenantId": "tenant",
    "authority": "https://login.example.net",
    "vault": "kv-shop",
    "url": "https://kv-shop.example.net",
    "access": "rbac",
    "identityMode": "per-workload",
    "audience": "",
}


def stack(backend: dict[str, str], delivery: str) -> DeployedStack:
    workload = {
        "name": "orders",
        "namespace": "shop",
        "serviceAccount": "orders",
        "secretProviderClass": "orders",
        "delivery": delivery,
        "identity": {},
        "objects": [{"name": "db-password", "object": "db-pass", "key": "password", "env": "DB_PASSWORD"}],
    }
    return DeployedStack.model_validate({"backend": backend, "kubernetes": {}, "workloads": [workload]})


def declared(type_: str, name: str, **properties: Any) -> Declared:
    metadata = {"metadata": {"name": name, "namespace": "shop"}}
    return Declared(type_, f"urn:pulumi:dev::strongroom::{type_}::shop/{name}", {**metadata, **properties})


def test_an_agents_login_is_that_of_the_deployed_annotations() -> None:
    prefix = "vault.hashicorp.com/"
    annotations = {
        f"{prefix}agent-inject": "true",
        f"{prefix}role": "shop.orders",
        f"{prefix}auth-path": "auth/kubernetes",
        f"{prefix}agent-service-account-token-volume-name": "vault-token",
        f"{prefix}agent-inject-file-1": "db-password",
        f"{prefix}agent-inject-template-1": '{{ with secret "secret/data/db-pass" }}'
        '{{ index .Data.data "password" }}{{ end }}',
    }
    volume = {"name": "vault-token", "projected": {"sources": [{"serviceAccountToken": {"audience": "vault-prod"}}]}}
    template = {"metadata": {"annotations": annotations}, "spec": {"volumes": [volume], "containers": []}}
    deployed = stack(VAULT, "agent-injector")
    resources = [declared("kubernetes:apps/v1:Deployment", "orders", spec={"template": template})]

    found = Deployment(deployed, resources).find_delivery(deployed.workloads[0])

    assert found is not None
    assert found.provider_class.parameters["roleName"] == "shop.orders"
    assert found.audience == "vault-prod"


def test_what_akv2k8s_reads_is_what_was_deployed() -> None:
    variable = {"name": "DB_PASSWORD", "value": "orders-db-password@azurekeyvault"}
    template = {"spec": {"containers": [{"env": [variable, {"name": "OTHER", "value": "plain"}]}]}}
    vault = {"name": "kv-shop", "object": {"name": "db-pass-password", "type": "secret"}}
    deployed = stack(KEY_VAULT, "akv2k8s")
    resources = [
        declared("kubernetes:apps/v1:Deployment", "orders", spec={"template": template}),
        declared("kubernetes:spv.no/v2beta1:AzureKeyVaultSecret", "orders-db-password", spec={"vault": vault}),
    ]

    found = Deployment(deployed, resources).find_delivery(deployed.workloads[0])

    assert found is not None
    (entry,) = yaml.safe_load(found.provider_class.parameters["objects"])["array"]
    assert yaml.safe_load(entry) == {
        "objectName": "db-pass-password",
        "objectType": "secret",
        "objectAlias": "DB_PASSWORD",
    }


def test_where_gitops_applies_the_clusters_half_nothing_of_it_is_known() -> None:
    for backend, delivery in ((VAULT, "csi"), (VAULT, "agent-injector"), (KEY_VAULT, "akv2k8s")):
        deployed = stack(backend, delivery)
        assert Deployment(deployed, []).find_delivery(deployed.workloads[0]) is None
