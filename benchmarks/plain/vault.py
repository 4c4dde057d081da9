"""Workloads that read their secrets from HashiCorp Vault."""

import base64
import hashlib
import json
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
import pulumi_vault as vault
import yaml

config = pulumi.Config()
count = config.require_int("count")
kubeconfig = config.require("kubeconfig")
vault_address = config.require("vaultAddress")
vault_ca = config.require("vaultCa")

cluster = yaml.safe_load(Path(kubeconfig).read_text())["clusters"][0]["cluster"]

on_cluster = k8s.Provider("kubernetes", kubeconfig=kubeconfig)
in_vault = vault.Provider("vault", address=vault_address, ca_cert_file=vault_ca)

engine = vault.Mount(
    "vault",
    path="bench",
    type="kv",
    options={"version": "2"},
    description="Secrets of workloads, mounted by Strongroom",
    opts=pulumi.ResourceOptions(provider=in_vault),
)

# Vault asks the API server about a pod's token, by a service account of its own.
reviewer = "vault-token-reviewer-kubernetes"
account = k8s.core.v1.ServiceAccount(
    "vault-reviewer",
    metadata={"name": reviewer, "namespace": "kube-system"},
    automount_service_account_token=False,
    opts=pulumi.ResourceOptions(provider=on_cluster),
)
binding = k8s.rbac.v1.ClusterRoleBinding(
    "vault-reviewer",
    metadata={"name": reviewer},
    role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
    subjects=[{"kind": "ServiceAccount", "name": reviewer, "namespace": "kube-system"}],
    opts=pulumi.ResourceOptions(provider=on_cluster),
)
token = k8s.core.v1.Secret(
    "vault-reviewer",
    type="kubernetes.io/service-account-token",
    metadata={
        "name": reviewer,
        "namespace": "kube-system",
        "annotations": {"kubernetes.io/service-account.name": reviewer},
    },
    opts=pulumi.ResourceOptions(
        provider=on_cluster, depends_on=[account, binding], additional_secret_outputs=["data", "stringData"]
    ),
)
method = vault.AuthBackend(
    "vault",
    type="kubernetes",
    path="kubernetes",
    description="Service accounts of workloads, mounted by Strongroom",
    opts=pulumi.ResourceOptions(provider=in_vault),
)
method_config = vault.kubernetes.AuthBackendConfig(
    "vault",
    backend="kubernetes",
    kubernetes_host=cluster["server"],
    kubernetes_ca_cert=Path(cluster["certificate-authority"]).read_text(),
    token_reviewer_jwt=pulumi.Output.secret(
        token.data.apply(lambda data: base64.b64decode(data["token"]).decode() if data and "token" in data else "")
    ),
    disable_local_ca_jwt=True,
    opts=pulumi.ResourceOptions(provider=in_vault, depends_on=[method], additional_secret_outputs=["tokenReviewerJwt"]),
)

namespaces = {
    name: k8s.core.v1.Namespace(
        name,
        metadata={"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        opts=pulumi.ResourceOptions(provider=on_cluster),
    )
    for name in sorted({f"team-{number // 20:02}" for number in range(count)})
}


def generated(namespace: str, key: str, length: int, special: bool) -> pulumi.Output[str]:
    made = random.RandomPassword(
        f"{namespace}/{key}",
        length=length,
        special=special,
        opts=pulumi.ResourceOptions(additional_secret_outputs=["result"]),
    )
    return made.result


values = {
    namespace: vault.kv.SecretV2(
        f"vault/{namespace}",
        mount="bench",
        name=namespace,
        data_json=pulumi.Output.secret(
            pulumi.Output.all(
                username=generated(namespace, "username", 16, False),
                password=generated(namespace, "password", 32, True),
            ).apply(lambda data: json.dumps(data, sort_keys=True))
        ),
        opts=pulumi.ResourceOptions(
            provider=in_vault, depends_on=[engine], additional_secret_outputs=["data", "dataJson"]
        ),
    )
    for namespace in namespaces
}

for number in range(count):
    namespace, name = f"team-{number // 20:02}", f"app-{number:04}"
    full_name = f"{namespace}/{name}"
    role_name, policy_name = f"{namespace}.{name}", f"kubernetes.{namespace}.{name}"
    policy = vault.Policy(
        full_name,
        name=policy_name,
        policy=f'path "bench/data/{namespace}" {{\n  capabilities = ["read"]\n}}\n',
        opts=pulumi.ResourceOptions(provider=in_vault),
    )
    role = vault.kubernetes.AuthBackendRole(
        full_name,
        backend="kubernetes",
        role_name=role_name,
        bound_service_account_names=[name],
        bound_service_account_namespaces=[namespace],
        audience="vault",
        token_policies=[policy_name],
        token_no_default_policy=True,
        token_ttl=1200,
        token_max_ttl=3600,
        opts=pulumi.ResourceOptions(provider=in_vault, depends_on=[method, method_config]),
    )
    service_account = k8s.core.v1.ServiceAccount(
        full_name,
        metadata={"name": name, "namespace": namespace, "annotations": {}},
        automount_service_account_token=False,
        opts=pulumi.ResourceOptions(provider=on_cluster, depends_on=[namespaces[namespace]]),
    )
    objects = [
        {"objectName": "username", "secretPath": f"bench/data/{namespace}", "secretKey": "username"},
        {"objectName": "password", "secretPath": f"bench/data/{namespace}", "secretKey": "password"},
    ]
    parameters = {
        "vaultAddress": vault_address,
        "vaultCACertPath": "/vault/tls/ca.crt",
        "roleName": role_name,
        "vaultAuthMountPath": "kubernetes",
        "audience": "vault",
        "objects": yaml.safe_dump(objects, sort_keys=False),
    }
    synced = {
        "secretObjects": [
            {
                "secretName": f"{name}-env",
                "type": "Opaque",
                "data": [{"objectName": "password", "key": "password"}],
            }
        ]
    }
    provider_class = k8s.apiextensions.CustomResource(
        full_name,
        api_version="secrets-store.csi.x-k8s.io/v1",
        kind="SecretProviderClass",
        metadata={"name": name, "namespace": namespace, "annotations": {"pulumi.com/patchForce": "true"}},
        spec={
            "provider": "vault",
            "parameters": parameters,
            **synced,
        },
        opts=pulumi.ResourceOptions(provider=on_cluster, depends_on=[namespaces[namespace]]),
    )
    # A changed class must replace the pods: a running one never sees it.
    digest = hashlib.sha256(json.dumps({**parameters, **synced}, sort_keys=True).encode()).hexdigest()[:16]
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "strongroom"}
    k8s.apps.v1.Deployment(
        full_name,
        metadata={
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": {"pulumi.com/waitFor": "jsonpath={.metadata.uid}"},
        },
        spec={
            "replicas": 1,
            "selector": {"match_labels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {"strongroom/parameters": digest}},
                "spec": {
                    "service_account_name": name,
                    "automount_service_account_token": False,
                    "security_context": {
                        "run_as_non_root": True,
                        "run_as_user": 65532,
                        "run_as_group": 65532,
                        "fs_group": 65532,
                        "seccomp_profile": {"type": "RuntimeDefault"},
                    },
                    "containers": [
                        {
                            "name": name,
                            "image": "busybox:1.36",
                            "command": ["sleep", "infinity"],
                            "env": [
                                {
                                    "name": "DB_PASSWORD",
                                    "value_from": {"secret_key_ref": {"name": f"{name}-env", "key": "password"}},
                                }
                            ],
                            "volume_mounts": [
                                {"name": "secrets-store", "mount_path": "/mnt/secrets-store", "read_only": True}
                            ],
                            "security_context": {
                                "allow_privilege_escalation": False,
                                "capabilities": {"drop": ["ALL"]},
                                "read_only_root_filesystem": True,
                            },
                        }
                    ],
                    "volumes": [
                        {
                            "name": "secrets-store",
                            "csi": {
                                "driver": "secrets-store.csi.k8s.io",
                                "read_only": True,
                                "volume_attributes": {"secretProviderClass": name},
                            },
                        }
                    ],
                },
            },
        },
        opts=pulumi.ResourceOptions(
            provider=on_cluster,
            depends_on=[service_account, provider_class, policy, role, values[namespace]],
            delete_before_replace=True,
        ),
    )
