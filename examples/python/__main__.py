"""One workload reads two secrets from Vault: one that is given, one that is generated."""

import pulumi

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

pulumi.export("enginePath", engine.path)
