"""One workload reads two secrets from Vault: one that is given, one that is generated.

A Deployment of the program's own reads a third.
"""

import pulumi
import pulumi_kubernetes as kubernetes

import strongroom

config = pulumi.Config()

engine = strongroom.KvEngine(
    "engine",
    strongroom.KvEngineArgs(
        path="example-python",
        create=True,
        seeds={
            "payment-api": {"key": config.require_secret("apiKey")},
            "db-pass": {"password": strongroom.Generate(length=32)},
            "refund-api": {"key": strongroom.Generate(length=32)},
        },
    ),
)
auth = strongroom.KubernetesAuth(
    "auth",
    strongroom.KubernetesAuthArgs(
        path="example-python",
        kubernetes_host=config.require("kubernetesHost"),
        kubernetes_ca_certificate=config.require("kubernetesCaCertificate"),
    ),
)
backend = strongroom.VaultBackend(
    "backend",
    strongroom.VaultBackendArgs(
        connection=strongroom.VaultConnection(address=config.require("vaultAddress")), engine=engine, auth=auth
    ),
)
orders = strongroom.Workload(
    name="orders",
    namespace="default",
    image="busybox:1.36",
    command=("sleep", "infinity"),
    secrets=(
        strongroom.Secret(name="payment-key", object="payment-api", key="key"),
        strongroom.Secret(name="db-password", object="db-pass", key="password"),
    ),
)
strongroom.SecretWorkload(
    "orders", strongroom.SecretWorkloadArgs(workload=orders, backend=backend, wait_for_rollout=False)
)

refunds = strongroom.Workload(
    name="refunds",
    namespace="default",
    secrets=(strongroom.Secret(name="refund-key", object="refund-api", key="key"),),
)
access = strongroom.SecretAccess("refunds", strongroom.SecretAccessArgs(workload=refunds, backend=backend))
kubernetes.apps.v1.Deployment(
    "refunds",
    metadata={
        "name": "refunds",
        "namespace": "default",
        "annotations": {"pulumi.com/waitFor": "jsonpath={.metadata.uid}"},
    },
    spec={
        "selector": {"match_labels": {"app": "refunds"}},
        "template": {
            "metadata": {
                "labels": access.pod_labels.apply(lambda labels: {**labels, "app": "refunds"}),
                "annotations": access.pod_annotations,
            },
            "spec": {
                "service_account_name": access.service_account_name,
                "automount_service_account_token": access.automount_service_account_token,
                "containers": [
                    {
                        "name": "refunds",
                        "image": "busybox:1.36",
                        "command": ["sleep", "infinity"],
                        "volume_mounts": access.volume_mounts,
                        "env": access.env,
                    }
                ],
                "volumes": access.volumes,
            },
        },
    },
)

pulumi.export("enginePath", engine.path)
