import * as pulumi from "@pulumi/pulumi";
import * as strongroom from "@pulumi/strongroom";

const config = new pulumi.Config();

const engine = new strongroom.KvEngine("engine", {
  path: "example-typescript",
  create: true,
  seeds: {
    "payment-api": { key: config.requireSecret("apiKey") },
    "db-pass": { password: { length: 32 } },
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

export const enginePath = engine.path;
