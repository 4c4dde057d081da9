import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as strongroom from "@pulumi/strongroom";

const config = new pulumi.Config();

const engine = new strongroom.KvEngine("engine", {
  path: "example-typescript",
  create: true,
  seeds: {
    "payment-api": { key: config.requireSecret("apiKey") },
    "db-pass": { password: { length: 32 } },
    "refund-api": { key: { length: 32 } },
  },
});

const auth = new strongroom.KubernetesAuth("auth", {
  path: "example-typescript",
  kubernetesHost: config.require("kubernetesHost"),
  kubernetesCaCertificate: config.require("kubernetesCaCertificate"),
});

const backend = new strongroom.VaultBackend("backend", {
  connection: { address: config.require("vaultAddress") },
  engine,
  auth,
});

new strongroom.SecretWorkload("orders", {
  backend,
  waitForRollout: false,
  workload: {
    name: "orders",
    namespace: "default",
    image: "busybox:1.36",
    command: ["sleep", "infinity"],
    secrets: [
      { name: "payment-key", object: "payment-api", key: "key" },
      { name: "db-password", object: "db-pass", key: "password" },
    ],
  },
});

const access = new strongroom.SecretAccess("refunds", {
  backend,
  workload: {
    name: "refunds",
    namespace: "default",
    secrets: [{ name: "refund-key", object: "refund-api", key: "key" }],
  },
});

new kubernetes.apps.v1.Deployment("refunds", {
  metadata: {
    name: "refunds",
    namespace: "default",
    annotations: { "pulumi.com/waitFor": "jsonpath={.metadata.uid}" },
  },
  spec: {
    selector: { matchLabels: { app: "refunds" } },
    template: {
      metadata: {
        labels: access.podLabels.apply((labels) => ({ ...labels, app: "refunds" })),
        annotations: access.podAnnotations,
      },
      spec: {
        serviceAccountName: access.serviceAccountName,
        automountServiceAccountToken: access.automountServiceAccountToken,
        containers: [
          {
            name: "refunds",
            image: "busybox:1.36",
            command: ["sleep", "infinity"],
            volumeMounts: access.volumeMounts,
            env: access.env,
          },
        ],
        volumes: access.volumes,
      },
    },
  },
});

export const enginePath = engine.path;
