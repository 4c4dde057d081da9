"""The ways by which secrets reach a workload, and what each can't bring: known without loading a provider."""

from collections.abc import Mapping, Set
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from .names import Declaration, DnsLabel, GoDuration

DeliveryKind = Literal["csi", "agent-injector", "kubernetes-secret", "akv2k8s"]
"""How secrets reach a workload."""


class Csi(Declaration):
    """The Secrets Store CSI driver mounts them as files, which change in place when they are rotated."""

    kind: Literal["csi"] = "csi"
    """Which delivery: `csi`."""


class AgentInjector(Declaration):
    """A Vault Agent in the pod writes them as files, on a volume in memory; no driver is needed.

    (Vault docs: "Vault Agent Injector")
    """

    kind: Literal["agent-injector"] = "agent-injector"
    """Which delivery: `agent-injector`."""

    mode: Literal["sidecar", "init"] = "sidecar"
    """`sidecar`: an agent stays beside the containers and writes files again when they change. `init`: an agent writes
    them once, before the containers start, and leaves."""

    render_interval: GoDuration = "2m"
    """With `sidecar`: how often it reads them again."""


class KubernetesSecret(Declaration):
    """The Secrets Store CSI driver copies each to a Kubernetes Secret, for what can read nothing else.

    The values are in etcd. The driver makes the Secret when the first pod mounts the class, and takes it away with the
    last. (Secrets Store CSI Driver docs: "Sync as Kubernetes Secret")
    """

    kind: Literal["kubernetes-secret"] = "kubernetes-secret"
    """Which delivery: `kubernetes-secret`."""

    secret_name: DnsLabel | None = None
    """The Secret's name; `<workload>-secrets` where it is left out."""

    type: Literal["Opaque", "kubernetes.io/tls", "kubernetes.io/basic-auth"] = "Opaque"
    """The Secret's type. `kubernetes.io/tls` wants secrets named `tls.crt` and `tls.key`, which may both name one PEM
    with both parts; `kubernetes.io/basic-auth` wants `username` and `password`."""


class Akv2k8s(Declaration):
    """akv2k8s puts them into the containers' environment as they start; for Key Vault, on clusters outside Azure.

    (akv2k8s docs: "The Env Injector")
    """

    kind: Literal["akv2k8s"] = "akv2k8s"
    """Which delivery: `akv2k8s`."""


DELIVERIES: Mapping[str, type[Declaration]] = {
    "csi": Csi,
    "agent-injector": AgentInjector,
    "kubernetes-secret": KubernetesSecret,
    "akv2k8s": Akv2k8s,
}
"""What `delivery` may be, by its kind."""


def _of_kind(value: object) -> object:
    if isinstance(value, str):
        if value not in DELIVERIES:
            allowed = ", ".join(repr(kind) for kind in get_args(DeliveryKind))
            raise ValueError(f"is not allowed: use {allowed}")
        return {"kind": value}
    return value


Delivery = Annotated[
    Annotated[Csi | AgentInjector | KubernetesSecret | Akv2k8s, Field(discriminator="kind")], BeforeValidator(_of_kind)
]
"""A way of delivery: its kind alone, or with its options."""


KEY_VAULT_MARK = "@azurekeyvault"
"""What makes akv2k8s take a variable's value for an AzureKeyVaultSecret's name. (akv2k8s docs: "The Env Injector")"""

_KEYS: Mapping[str, frozenset[str]] = {
    "kubernetes.io/tls": frozenset({"tls.crt", "tls.key"}),
    "kubernetes.io/basic-auth": frozenset({"username", "password"}),
}
"""The keys of a Kubernetes Secret, by its type."""


def lacking(type_: str, names: Set[str]) -> str | None:
    """What a Kubernetes Secret of a type lacks, as the end of a sentence; `None` where it lacks nothing.

    :param names: The names of the secrets that become its keys. (Kubernetes docs: "Secrets")
    """
    missing = sorted(_KEYS.get(type_, frozenset()) - names)
    return f"{type_!r} wants secrets named {' and '.join(missing)}, and there are none" if missing else None


def misfit(kind: str, store: str) -> str | None:
    """Why the delivery `kind` can't deliver from a store, as the end of a sentence; `None` where it can.

    :param store: The store's kind, as `backend` has it.
    """
    if kind == "agent-injector" and store != "vault":
        return "'agent-injector' is Vault's: with Key Vault use 'csi', or 'akv2k8s' outside AKS"
    if kind == "akv2k8s" and store != "azure-key-vault":
        return "'akv2k8s' is Key Vault's: with Vault use 'csi' or 'agent-injector'"
    return None


def undeliverable(kind: str, secret: Mapping[str, Any]) -> str | None:
    """Why the delivery `kind` can't bring `secret`, as the end of a sentence; `None` where it can.

    :param secret: As written in a stack file, or by its field names.
    """
    if kind == "agent-injector":
        if secret.get("env") is not None:
            return "has env, which delivery 'agent-injector' can't set: it writes files; read the file, or use 'csi'"
        if secret.get("encoding") == "hex":
            return "has encoding 'hex', which Vault Agent's templates can't decode: use 'base64', or delivery 'csi'"
    if kind == "akv2k8s":
        if secret.get("env") is None:
            return "has no env, and delivery 'akv2k8s' sets environment variables alone: name one, or use 'csi'"
        if secret.get("type") == "key":
            return "is a key, which delivery 'akv2k8s' would give as JSON: use 'csi'"
        given = {
            "format": secret.get("format") is not None,
            "encoding": secret.get("encoding", "utf-8") != "utf-8",
            "versionHistory": secret.get("version_history", secret.get("versionHistory", 1)) != 1,
            "filePermission": secret.get("file_permission", secret.get("filePermission")) is not None,
        }
        if options := [name for name, present in given.items() if present]:
            return f"has {' and '.join(options)}, which delivery 'akv2k8s' has not: leave it out, or use 'csi'"
    return None
