"""A deployed stack, as its outputs describe it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from strongroom.components.delivery import DeliveryKind
from strongroom.components.workload import WorkloadKind

from ..errors import AbsentError, OpsError
from .project import find_workspace

WORKLOADS = ("strongroom:index:SecretAccess", "strongroom:index:SecretWorkload")
"""Components of workloads."""

_DESCRIBING = {
    "strongroom:index:AzureKeyVaultBackend": "backend",
    "strongroom:index:VaultBackend": "backend",
    **dict.fromkeys(WORKLOADS, "workloads"),
}
"""Components that describe themselves in the state, by the part of a stack that they are."""

QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
"""What the Pulumi CLI gets where the user says nothing else: news of its releases belongs to no report."""


class _Output(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, populate_by_name=True)


class Forward(_Output):
    """Ports of this machine that lead to a Vault's pods."""

    pods: tuple[str, ...]
    namespace: str
    first_port: int


class VaultStore(_Output):
    """The Vault that the stack's workloads read from."""

    kind: Literal["vault"]
    address: str

    in_cluster: str | None = None
    """Its URL, as pods reach it."""

    forward: Forward | None = None
    namespace: str | None = None
    ca_certificate: str | None = None

    provider_ca_path: str | None = None
    """Where the provider's pods find Vault's CA; outputs of an earlier version leave it out."""

    tls_server_name: str | None = None
    mount: str

    database_mount: str | None = None
    """The engine that makes users of databases, if there is one."""

    pki_mount: str | None = None
    """The engine that issues certificates, if there is one."""

    auth_path: str
    audience: str


class KeyVaultStore(_Output):
    """The Azure Key Vault that the stack's workloads read from."""

    kind: Literal["azure-key-vault"]
    tenant_id: str
    authority: str
    vault: str
    url: str
    access: Literal["rbac", "policies"]
    identity_mode: str
    audience: str


class SecretPlace(_Output):
    """A Kubernetes Secret."""

    namespace: str
    name: str


class Cluster(_Output):
    """The cluster that the stack's workloads run on."""

    kubeconfig: str | None = None
    context: str | None = None

    akv2k8s_credentials: Annotated[SecretPlace | None, Field(alias="akv2k8sCredentials")] = None
    """The Kubernetes Secret with what akv2k8s reads the vault as, where the stack installs it."""


class DeclaredObject(_Output):
    """One secret that a workload declares."""

    name: str
    object: str
    key: str | None = None
    version: str | None = None
    type: Literal["secret", "key", "cert"] = "secret"
    env: str | None = None


class DeployedDynamic(_Output):
    """What a workload reads at another path than an object's: a secret that Vault makes, or one that others keep."""

    path: str
    """Where it asks."""

    capability: Literal["read", "update"] = "read"
    """What its policy allows there."""

    files: Mapping[str, str]
    """Its files, by the keys of the response."""

    foreign: bool = False
    """Whether others keep it, or the role that makes it."""

    @property
    def mount(self) -> str:
        """The engine that makes it, where the stack has its role."""
        return self.path.partition("/")[0]

    @property
    def kind(self) -> str:
        """What its path is of: `creds`, `static-creds` or `issue`; `path` if others keep it."""
        return "path" if self.foreign else self.path.split("/")[1]

    @property
    def access_paths(self) -> tuple[str, ...]:
        """The paths by which it is made, or changed so that others have it."""
        if self.foreign:
            return (self.path,)
        mount, kind, role = self.path.split("/")
        if kind == "issue":
            return self.path, f"{mount}/sign/{role}", f"{mount}/roles/{role}"
        return (
            self.path,
            f"{mount}/{kind.replace('creds', 'roles')}/{role}",
            f"{mount}/config/{role.rpartition('.')[2]}",
        )


class DeployedAttachment(_Output):
    """An object that others made, in the workload's namespace, which is patched."""

    name: str
    containers: tuple[str, ...]


class DeployedWorkload(_Output):
    """One workload of the stack."""

    name: str
    namespace: str
    service_account: str

    service_account_made: bool = True
    """Whether the stack made it."""

    revoked: bool = False
    """Whether the stack gives it no access any more."""

    secret_provider_class: str
    delivery: DeliveryKind = "csi"
    controller: WorkloadKind | Literal["none"] = "Deployment"
    """What makes its pods; `none` if that is not known, as others make them."""

    attachment: DeployedAttachment | None = None
    """The object that is patched."""

    pod: Mapping[str, Any] | None = None
    """What pods that others make need, as a manifest has it: `labels`, `annotations`, `serviceAccountName`,
    `automountServiceAccountToken`, `volumes`, and for each container `volumeMounts` and `env`."""

    identity: Mapping[str, str]
    objects: tuple[DeclaredObject, ...]
    dynamic: tuple[DeployedDynamic, ...] = ()

    @property
    def path(self) -> str:
        """Its name in the stack: `namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def account(self) -> str:
        """Its service account: `namespace/name`."""
        return f"{self.namespace}/{self.service_account}"

    @property
    def names(self) -> frozenset[str]:
        """The files that it declares."""
        made = (file for each in self.dynamic for file in each.files.values())
        return frozenset((*(item.name for item in self.objects), *made))

    def build_pod(self, containers: Sequence[str]) -> dict[str, Any]:
        """Build what a pod that others make needs, as the fragment of a PodTemplateSpec.

        :param containers: The containers that read the secrets.
        """
        pod: Mapping[str, Any] = self.pod or {}
        reads = {name: pod[name] for name in ("volumeMounts", "env") if pod.get(name)}
        return {
            "metadata": {name: pod[name] for name in ("labels", "annotations") if pod.get(name)},
            "spec": {
                "serviceAccountName": self.service_account,
                "automountServiceAccountToken": pod.get("automountServiceAccountToken", False),
                **({"containers": [{"name": name, **reads} for name in containers]} if reads else {}),
                **({"volumes": pod["volumes"]} if pod.get("volumes") else {}),
            },
        }


class DeployedStack(_Output):
    """What a stack's outputs say."""

    backend: Annotated[VaultStore | KeyVaultStore, Field(discriminator="kind")]
    kubernetes: Cluster
    workloads: tuple[DeployedWorkload, ...]

    administrators: tuple[str, ...] = ()
    """Who may reach its secrets besides, as the stack's file names them."""


def find_pulumi_program() -> str:
    """Find the Pulumi CLI.

    :raises OpsError: It is missing.
    """
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise OpsError("The Pulumi CLI is not on PATH: install it, or add its directory to PATH")
    return pulumi


def read_stack(stack: str) -> DeployedStack:
    """Read what a deployed stack is: from its outputs, or from the state of the components that its program uses.

    :raises OpsError: The Pulumi CLI is missing or fails, or the stack was never deployed.
    """
    outputs = json.loads(ask_pulumi(stack, "output", "--json"))
    if outputs.keys().isdisjoint(DeployedStack.model_fields):
        outputs = _describe_components(stack)
    try:
        return DeployedStack.model_validate(outputs)
    except ValidationError as error:
        missing = ", ".join(sorted({str(details["loc"][0]) for details in error.errors()}))
        raise OpsError(
            f"Stack {stack!r} has no usable outputs ({missing}): deploy it first with `pulumi up --stack {stack}`"
        ) from None


def _describe_components(stack: str) -> dict[str, Any]:
    """Describe a stack whose program uses the components themselves, in whichever language.

    Clients find the cluster and the store by their own variables: KUBECONFIG, VAULT_ADDR, VAULT_CACERT.

    :raises OpsError: Its workloads are on several stores, or none describes itself.
    """
    described: dict[str, list[dict[str, Any]]] = {"backend": [], "workloads": []}
    deployment: dict[str, Any] = export_state(stack).get("deployment") or {}
    resources: list[dict[str, Any]] = deployment.get("resources") or []
    for resource in resources:
        outputs: dict[str, Any] = resource.get("outputs") or {}
        found: object = outputs.get("description")
        if resource["type"] in _DESCRIBING and isinstance(found, dict):
            described[_DESCRIBING[resource["type"]]].append(cast("dict[str, Any]", found))
    if len(described["backend"]) > 1:
        raise OpsError(
            f"Stack {stack!r} has {len(described['backend'])} backends, and one is all that can be read: "
            "give each a stack of its own"
        )
    if not described["backend"]:
        return {}
    if not described["workloads"]:
        raise OpsError(
            f"Stack {stack!r} has a backend and neither a SecretWorkload nor a SecretAccess: workloads that a program "
            "makes by itself can't be read"
        )
    (backend,) = described["backend"]
    if backend["kind"] == "vault":
        backend["address"] = os.environ.get("VAULT_ADDR") or backend["address"]
        backend["caCertificate"] = os.environ.get("VAULT_CACERT")
    return {"backend": backend, "workloads": described["workloads"], "kubernetes": {}}


def ask_pulumi(stack: str, *words: str) -> str:
    """Return what `pulumi stack <words>` prints for `stack`.

    :raises OpsError: The Pulumi CLI is missing or fails.
    """
    return run_pulumi(stack, "stack", *words, "--stack", stack)


def export_state(stack: str, *, show_secrets: bool = False) -> dict[str, Any]:
    """Return the state of `stack`, as `pulumi stack export` prints it.

    :param show_secrets: Whether what it keeps encrypted is decrypted.
    :raises OpsError: The Pulumi CLI is missing or fails.
    """
    return json.loads(ask_pulumi(stack, "export", *(["--show-secrets"] if show_secrets else [])))


def run_pulumi(stack: str, *words: str, standard_input: str | None = None) -> str:
    """Return what `pulumi <words>` prints, run where `stack` is driven from.

    :param stack: The stack.
    :param words: The command.
    :param standard_input: The command's standard input.
    :raises AbsentError: There is no such stack.
    :raises OpsError: The Pulumi CLI is missing or fails.
    """
    workspace = find_workspace()
    result = subprocess.run(  # noqa: S603 - the arguments are ours and a stack's name
        [find_pulumi_program(), *words, "--non-interactive", "--cwd", str(workspace)],
        env={**QUIET, **os.environ},
        input=standard_input,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        reason = (result.stderr.strip() or result.stdout.strip()).splitlines()
        # Warnings may follow.
        errors = [line for line in reason if line.startswith("error:")]
        kind = AbsentError if any("no stack named" in line for line in reason) else OpsError
        raise kind(f"Stack {stack!r} can't be read: {(errors or reason or ['the Pulumi CLI failed'])[-1]}")
    return result.stdout
