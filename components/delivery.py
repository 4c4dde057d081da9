"""The ways by which secrets reach a workload, and what each can't bring: known without loading a provider."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from .cross_checks import Location, cross_check
from .durations import GoDuration
from .field_types import Declaration, DnsLabel, FileName, FilePath, LabelName, LabelValue, ListOf
from .paths import is_made_at_each_read
from .validators import require_unique

if TYPE_CHECKING:
    from .workload import Secret, Workload

DeliveryKind = Literal["csi", "agent-injector", "kubernetes-secret", "akv2k8s"]
"""How secrets reach a workload."""


SecretType = Literal[
    "Opaque",
    "kubernetes.io/tls",
    "kubernetes.io/basic-auth",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/ssh-auth",
]
"""A type of Kubernetes Secrets. (Kubernetes docs: "Secrets")"""


class SyncedSecret(Declaration):
    """A Kubernetes Secret with some of a workload's secrets, beside its files."""

    name: DnsLabel
    """Its name."""

    type: SecretType = "Opaque"
    """Its type, which may demand keys: `kubernetes.io/tls` takes `tls.crt` and `tls.key` and no others,
    `kubernetes.io/dockerconfigjson` needs `.dockerconfigjson`, `kubernetes.io/ssh-auth` `ssh-privatekey`."""

    data: Annotated[Mapping[FileName, FilePath], Field(min_length=1)]
    """Its keys, each with the name of the secret that it holds."""

    labels: Mapping[LabelName, LabelValue] = {}
    """Its labels."""

    annotations: Mapping[LabelName, str] = {}
    """Its annotations."""


class Csi(Declaration):
    """The Secrets Store CSI driver mounts them as files, which change in place when they are rotated."""

    kind: Literal["csi"] = "csi"
    """Which delivery: `csi`."""

    labels: Mapping[LabelName, LabelValue] = {}
    """Labels of the Kubernetes Secret that `env` makes."""

    annotations: Mapping[LabelName, str] = {}
    """Annotations of that Kubernetes Secret."""

    synced_secrets: Annotated[ListOf[SyncedSecret], require_unique("name", what="the name")] = ()
    """Kubernetes Secrets that the driver makes too, e.g. the certificate of an ingress. The values in them are in
    etcd."""


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

    @cross_check
    def _check_interval(self) -> Iterator[tuple[str, str]]:
        if self.mode == "init" and "render_interval" in self.model_fields_set:
            yield (
                "render_interval",
                "This setting is allowed with mode 'sidecar' only: with 'init' secrets are read once",
            )


class KubernetesSecret(Declaration):
    """The Secrets Store CSI driver copies each to a Kubernetes Secret, for what can read nothing else.

    The values are in etcd. The driver makes the Secret when the first pod mounts the class, and takes it away with the
    last. (Secrets Store CSI Driver docs: "Sync as Kubernetes Secret")
    """

    kind: Literal["kubernetes-secret"] = "kubernetes-secret"
    """Which delivery: `kubernetes-secret`."""

    secret_name: DnsLabel | None = None
    """The Secret's name; defaults to `<workload>-secrets`."""

    type: SecretType = "Opaque"
    """The Secret's type. `kubernetes.io/tls` takes secrets named `tls.crt` and `tls.key` and no others, both in PEM;
    they may name one PEM with both parts. `kubernetes.io/basic-auth` needs `username`, `password` or both,
    `kubernetes.io/dockerconfigjson` `.dockerconfigjson`, and `kubernetes.io/ssh-auth` `ssh-privatekey`."""

    labels: Mapping[LabelName, LabelValue] = {}
    """Labels of the Secret."""

    annotations: Mapping[LabelName, str] = {}
    """Annotations of the Secret."""


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


def _expand_kind(value: object) -> object:
    if isinstance(value, str):
        if value not in DELIVERIES:
            allowed = ", ".join(repr(kind) for kind in get_args(DeliveryKind))
            raise ValueError(f"is not allowed: use {allowed}")
        return {"kind": value}
    return value


Delivery = Annotated[
    Annotated[Csi | AgentInjector | KubernetesSecret | Akv2k8s, Field(discriminator="kind")],
    BeforeValidator(_expand_kind),
]
"""A way of delivery: its kind alone, or with its options."""


KEY_VAULT_MARK = "@azurekeyvault"
"""What makes akv2k8s take a variable's value for an AzureKeyVaultSecret's name. (akv2k8s docs: "The Env Injector")"""

_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
"""The keys that a Secret of each type must have."""

_PUBLIC_HALVES = {
    "tls.crt": frozenset({"key"}),
    "tls.key": frozenset({"key", "cert"}),
    "ssh-privatekey": frozenset({"key", "cert"}),
}
"""The types of object in which each of those keys is not found."""


def check_secret_type(type_: str, secrets: Mapping[str, "Secret"], named: str = "secret named") -> str | None:
    """Say why no Kubernetes Secret of a type can be made of `secrets`, as the end of a sentence; `None` if one can.

    The driver takes `tls.crt` and `tls.key` out of PEM, and makes no TLS Secret with any other key.
    (Kubernetes docs: "Secrets"; Secrets Store CSI Driver docs: "Sync as Kubernetes Secret")

    :param secrets: The secrets by their keys in the Kubernetes Secret.
    :param named: What the user gives a key as.
    """
    if type_ == "kubernetes.io/basic-auth" and not {"username", "password"} & secrets.keys():
        return f"{type_!r} needs a {named} username or password, and there is none"
    keys = _KEYS.get(type_, ())
    if missing := [key for key in keys if key not in secrets]:
        several = named.replace("secret", "secrets").replace("key", "keys")
        needed = several if len(keys) > 1 else f"a {named}"
        return f"{type_!r} needs {needed} {' and '.join(missing)}, and there {'are' if len(keys) > 1 else 'is'} none"
    if type_ == "kubernetes.io/tls" and (others := sorted(secrets.keys() - set(keys))):
        return (
            f"{type_!r} takes tls.crt and tls.key alone, and with {', '.join(others)} the driver makes no Secret: use "
            "type 'Opaque' (each key then holds all of its object), or mount the others by another workload"
        )
    for key in keys:
        secret = secrets[key]
        if secret.type in _PUBLIC_HALVES.get(key, ()):
            part = "a certificate" if key == "tls.crt" else "the private key"
            return f"{type_!r} needs {part} in {key}, and an object of type {secret.type!r} has none: use type 'secret'"
        if type_ == "kubernetes.io/tls" and secret.format == "pfx":
            return f"{type_!r} is made of PEM, and {key} has format 'pfx': use format 'pem'"
    return None


def check_synced_secrets(workload: "Workload") -> Iterator[tuple[Location, str]]:
    """Check the Kubernetes Secrets that a workload's delivery makes: the key that is wrong, and the error."""
    delivery, by_name = workload.delivery, {secret.name: secret for secret in workload.mounted}
    if isinstance(delivery, KubernetesSecret) and (issue := check_secret_type(delivery.type, by_name)):
        yield ("type",), issue
    if not isinstance(delivery, Csi):
        return
    has_env = any(secret.env for secret in workload.secrets)
    for field in ("labels", "annotations"):
        if getattr(delivery, field) and not has_env:
            yield (
                (field,),
                "This setting is of the Secret that env makes, and no secret has env: leave it out",
            )
    for index, synced in enumerate(delivery.synced_secrets):
        place = ("syncedSecrets", index)
        unknown = {key: name for key, name in synced.data.items() if name not in by_name}
        for key, name in unknown.items():
            yield (*place, "data", key), f"{name!r} is no secret of this workload: use {', '.join(sorted(by_name))}"
        held = {key: by_name[name] for key, name in synced.data.items() if key not in unknown}
        if not unknown and (issue := check_secret_type(synced.type, held, "key")):
            yield (*place, "type"), issue
        if has_env and synced.name == f"{workload.name}-env":
            yield (*place, "name"), f"{synced.name!r} is the Kubernetes Secret that env makes: use another name"


def check_file_permission(kind: str, permission: str) -> str | None:
    """Say why a workload's containers could not read a file, as the end of a sentence; `None` if they can.

    The driver's files belong to root, and it applies no fsGroup; an agent's belong to the containers' user. A
    workload's containers never run as root. (Secrets Store CSI Driver 1.6.0, which lacks the
    capability `VOLUME_MOUNT_GROUP`)

    :param kind: The delivery's.
    :param permission: As written, in octal.
    """
    others, owner = int(permission, 8) & 0o004, int(permission, 8) & 0o400
    if kind in {"csi", "kubernetes-secret"} and not others:
        return (
            f"has filePermission {permission!r}, and its files belong to root, whatever fsGroup says, while its "
            "containers never run as root: let others read, e.g. \"0444\", or use delivery 'agent-injector'"
        )
    if kind == "agent-injector" and not owner:
        return (
            f"has filePermission {permission!r}, and its files belong to its containers' user: let their owner read, "
            'e.g. "0400"'
        )
    return None


def check_store(kind: str, store: str) -> str | None:
    """Return why the delivery `kind` can't deliver from a store, as the end of a sentence; `None` where it can.

    :param store: The store's kind, as `backend` has it.
    """
    if kind == "agent-injector" and store != "vault":
        return "'agent-injector' is Vault's: with Key Vault use 'csi', or 'akv2k8s' outside AKS"
    if kind == "akv2k8s" and store != "azure-key-vault":
        return "'akv2k8s' is Key Vault's: with Vault use 'csi' or 'agent-injector'"
    return None


def check_deliverable(kind: str, secret: "Secret") -> str | None:
    """Return why the delivery `kind` can't bring `secret`, as the end of a sentence; `None` where it can."""
    permission = secret.file_permission
    if permission is not None and (issue := check_file_permission(kind, permission)):
        return issue
    if "/" in secret.name and (kind in {"kubernetes-secret", "akv2k8s"} or secret.env):
        return (
            f"has a directory in its name, {secret.name!r}, which no key of a Kubernetes Secret has: name it without, "
            "or use delivery 'csi' without env, with syncedSecrets for a copy under another key"
        )
    if secret.mount_path and kind not in {"csi", "kubernetes-secret"}:
        return (
            f"has mountPath, and delivery {kind!r} has no volume whose file could be mounted there: set the workload's "
            "mountPath to the directory, or use 'csi'"
        )
    if kind == "agent-injector":
        return _check_agent(secret)
    return _check_templates(kind, secret) or (_check_akv2k8s(secret) if kind == "akv2k8s" else None)


def _check_agent(secret: "Secret") -> str | None:
    if secret.env is not None:
        return "has env, which delivery 'agent-injector' can't set: it writes files; read the file, or use 'csi'"
    if secret.encoding == "hex":
        return "has encoding 'hex', which Vault Agent's templates can't decode: use 'base64', or delivery 'csi'"
    return None


def _check_templates(kind: str, secret: "Secret") -> str | None:
    """Return what of `secret` only an agent's template can do, and why `kind` can't; `None` if nothing."""
    if secret.optional:
        return (
            f"is optional, and without it delivery {kind!r} would start no pod: remove optional, and give it a value "
            "in the store, or with Vault use 'agent-injector'"
        )
    if secret.format == "json":
        return (
            f"has format 'json', which delivery {kind!r} can't write: name each key as a secret of its own, or with "
            "Vault use 'agent-injector'"
        )
    if secret.field is not None:
        return (
            f"has field, and delivery {kind!r} takes no part out of a value: keep the field as a value of its own in "
            "the store, or with Vault use 'agent-injector'"
        )
    return None


def _check_akv2k8s(secret: "Secret") -> str | None:
    if secret.env is None:
        return "has no env, and delivery 'akv2k8s' sets environment variables alone: name one, or use 'csi'"
    if secret.type == "key":
        return "is a key, which delivery 'akv2k8s' would give as JSON: use 'csi'"
    given = {
        "format": secret.format is not None,
        "encoding": secret.encoding != "utf-8",
        "versionHistory": secret.version_history != 1,
        "filePermission": secret.file_permission is not None,
    }
    if options := [name for name, present in given.items() if present]:
        return f"has {' and '.join(options)}, which delivery 'akv2k8s' has not: leave it out, or use 'csi'"
    return None


def check_dynamic(workload: "Workload") -> str | None:
    """Return why a workload's delivery can't bring what Vault makes for it, as the end of a sentence; `None` if it can.

    The CSI provider asks anew at each rotation poll, and renews nothing; an agent of mode `init` leaves.
    (Vault docs: "Vault CSI Provider", "Vault Agent Injector")
    """
    delivery = workload.delivery
    if not isinstance(delivery, AgentInjector):
        return (
            f"made at each read, and delivery {delivery.kind!r} reads at each poll and renews nothing: use delivery "
            "'agent-injector'"
        )
    if delivery.mode == "init" and workload.kind not in {"Job", "CronJob"}:
        return "made for a while, and an agent of mode 'init' leaves before that ends: use mode 'sidecar'"
    return None


def list_dynamic_issues(workload: "Workload") -> Iterator[tuple[Location, str]]:
    """List what Vault would make for a workload and its delivery can't bring: the entry, and the error."""
    issue = check_dynamic(workload)
    for number, entry in enumerate(workload.paths):
        if issue and is_made_at_each_read(entry.path):
            yield ("paths", number, "path"), f"{entry.path!r} is of credentials that are {issue}"
    for number, entry in enumerate(workload.databases):
        if issue and entry.static_role is None:
            yield ("databases", number), f"These credentials are of a user that is {issue}, or staticRole"
        if entry.url and not isinstance(workload.delivery, AgentInjector):
            yield (
                ("databases", number, "url"),
                f"This setting is of delivery 'agent-injector': {workload.delivery.kind!r} can't put a text together",
            )
    for number, _ in enumerate(workload.certificates):
        if issue:
            yield ("certificates", number), f"This certificate is {issue}"
