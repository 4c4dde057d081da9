"""What a user declares of a workload: the same words for every backend."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationInfo, field_validator

from .attachment import Attachment
from .certificates import WorkloadCertificate
from .cross_checks import Location, cross_check
from .databases import DatabaseCredentials
from .delivery import Csi, Delivery
from .field_types import (
    Declaration,
    DnsLabel,
    EnvironmentVariable,
    FieldPath,
    FilePath,
    FilePermission,
    ImageName,
    ListOf,
    MountPath,
    ObjectKey,
    ObjectPath,
    Switch,
    Whole,
    require_match,
)
from .paths import VaultPath
from .validators import require_unique

ONE_IMAGE = "This workload needs exactly one of image and images"
"""The error of a workload with both, or with neither where Strongroom makes its pods."""

WorkloadKind = Literal["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"]
"""What makes a workload's pods."""

ENDING_KINDS = frozenset({"Job", "CronJob"})
"""The kinds whose pods end."""

PodSecurity = Literal["restricted", "baseline", "privileged"]
"""A level of the Pod Security Standards, from the strictest."""

DEFAULT_SCRATCH = ("/tmp",)  # noqa: S108 - a path in containers
"""The directories that containers can write to unless a workload says otherwise."""

_NO_REPLICAS = {
    "Pod": ": a bare Pod is one pod, so leave replicas out",
    "DaemonSet": ": a DaemonSet has a pod on each node, so leave replicas out",
    "Job": ": leave replicas out, and set controller.parallelism and controller.completions",
    "CronJob": ": leave replicas out, and set parallelism and completions in controller.jobTemplate.spec",
}

_OF_PODS = (
    *("kind", "controller", "template", "mounts", "scratch"),
    *("image", "images", "command", "replicas"),
)
"""Fields of pods that Strongroom makes."""

_VERSION = "is not a version: use its letters and digits, in quotes, or leave it out for the latest"


class Secret(Declaration):
    """One secret of a workload: an object of the store, and the file that it becomes."""

    name: FilePath
    """The file's name below the workload's mount path. It may be in a directory, e.g. `certs/tls.pem`, if no Kubernetes
    Secret is made of it."""

    object: ObjectPath
    """The object's name in the store. With Vault, its path below the KV mount."""

    key: ObjectKey | None = None
    """Which key of the object. Vault's objects have keys, so a Vault backend requires it, save with format `json`. In a
    key vault each key is an object of its own, `<object>-<key>`."""

    field: FieldPath | None = None
    """With delivery `agent-injector`: the field of the key's JSON value that the file gets, e.g. `db.password` of
    `{"db": {"password": ...}}`; text as it is, anything else as JSON.
    (Consul Template docs: "Templating Language", on `parseJSON`)"""

    type: Literal["secret", "key", "cert"] = "secret"
    """What kind of object it is. `key` and `cert` (the public halves) exist in Azure Key Vault only."""

    version: Annotated[str, require_match(r"[0-9A-Za-z]{1,64}", _VERSION)] | None = None
    """The object's version, as a string; defaults to the latest."""

    env: EnvironmentVariable | None = None
    """An environment variable that gets the value too, by way of a Kubernetes Secret that the driver keeps in sync."""

    file_permission: FilePermission | None = None
    """The file's permission, e.g. "0444"; defaults to the provider's, "0644". The driver's files belong to root and a
    workload's containers never run as root, so with `csi` and `kubernetes-secret` others must be able to read; with
    `agent-injector` their owner must, and "0400" is enough."""

    mount_path: MountPath | None = None
    """Where else the file is, e.g. `/etc/app/tls.pem`, among files of the image; with `csi` and `kubernetes-secret`. It
    is a mount with `subPath`, which never changes in a running container, as a variable never does: use `onRotation:
    restart`, or where the program allows it a `mountPath` of the workload and a directory in `name`, whose files are
    updated. (Kubernetes docs: "Volumes", "Using subPath")"""

    encoding: Literal["utf-8", "base64", "hex"] = "utf-8"
    """How the stored value is encoded: the file gets it decoded."""

    format: Literal["pem", "pfx", "json"] | None = None
    """`pem` and `pfx`, with Azure Key Vault, where the object is a certificate: the private key and the chain in this
    format. The file of `pfx` is binary, and has no password. `json`, with delivery `agent-injector`, and without `key`:
    all keys of the object in one file, as a JSON object, those too that are added later.
    (Vault docs: "Use Vault Agent templates"; Consul Template docs: "Templating Language", on `toUnescapedJSON`)"""

    version_history: Annotated[Whole, Field(ge=1, le=100)] = 1
    """With Azure Key Vault: 1 mounts the latest version, as `<name>`. From 2 on, that many older ones are mounted
    beside the latest, as `<name>/0` (the latest), `<name>/1` and so on: 2 gives up to three files."""

    optional: Switch = False
    """With delivery `agent-injector`: whether its key may be missing in the object, which must exist. The file is empty
    until there is one. An agent writes nothing while the object is missing, and the CSI driver's providers fail the
    mount if anything is. (Vault docs: "Use Vault Agent templates")"""

    @property
    def file(self) -> str:
        """The file with its latest value, below the mount path."""
        return self.name if self.version_history == 1 else f"{self.name}/0"


class ServiceAccount(Declaration):
    """The service account of a workload's pods, where it isn't one of the workload's own name."""

    name: DnsLabel
    """Its name."""

    create: Switch = True
    """Whether it is made for this workload. Otherwise it must exist, and is neither changed nor deleted; workloads that
    share an account can read what any of them declares."""


_REPLICAS: TypeAdapter[int] = TypeAdapter(Annotated[Whole, Field(ge=0, le=1000)], config=ConfigDict(defer_build=True))


def _check_replicas(value: object) -> object:
    if isinstance(value, str) and value != "unmanaged":
        raise ValueError("must be a whole number, or 'unmanaged' where an autoscaler owns it")
    return value if isinstance(value, str) else _REPLICAS.validate_python(value)


class Workload(Declaration):
    """A workload and the secrets that it may read: those, and no others."""

    name: DnsLabel
    """The name of its controller or Pod, its SecretProviderClass and, unless that is named, its service account."""

    namespace: DnsLabel
    """The Kubernetes namespace that it lives in."""

    kind: WorkloadKind = "Deployment"
    """What runs it: a controller, or a bare Pod, which nothing starts again on another node. The pods of a Job and of a
    CronJob end; their `restartPolicy` is `Never` unless `template` has another one."""

    controller: Mapping[str, Any] = {}
    """Fields of the controller's `spec`, as a manifest has them: a CronJob's `schedule`, a StatefulSet's `serviceName`
    and `volumeClaimTemplates`, a Deployment's `strategy`, a Job's `backoffLimit`. Its `template`, `selector` and
    `replicas` are Strongroom's. (Kubernetes docs: "Workload Resources", API reference)"""

    template: Mapping[str, Any] = {}
    """Additions to the pods' template, as a manifest has them: `metadata` and `spec` of a PodTemplateSpec. They are
    merged as Kubernetes merges: a container of this workload by its name, its variables by their names, its volume
    mounts by their paths. Other containers, and init containers, are added; each gets the security context that the
    workload's own have, which it may change within `podSecurity`. A field that Kubernetes doesn't have is refused, and
    so is what belongs to Strongroom: the service account, its volumes, the secrets' paths and variables.
    (Kubernetes docs: "PodTemplate", API reference)"""

    pod_security: PodSecurity = "restricted"
    """The level of the Pod Security Standards that `template` may not go below. A namespace that the stack makes
    enforces the weakest level of its workloads. (Kubernetes docs: "Pod Security Standards")"""

    mounts: Annotated[ListOf[DnsLabel], Field(min_length=1), require_unique(what="the name")] | None = None
    """The containers that get the secrets; defaults to those of `image` and `images`. Init containers and others that
    `template` adds may be named. With `agent-injector`, all init containers get them if one is named, and the agent
    then runs before them."""

    scratch: Annotated[ListOf[MountPath], require_unique(what="the path")] = DEFAULT_SCRATCH
    """Directories that containers can write to, in each container one of its own; they are gone with the pod. Their
    root file systems are read-only otherwise."""

    image: ImageName | None = None
    """The image of its only container. Either this or `images`; neither where a program makes the pods itself."""

    images: Annotated[Mapping[DnsLabel, ImageName], Field(min_length=1)] | None = None
    """Container name to image, for a pod of several containers; each of them gets the mount and the environment."""

    command: ListOf[str] | None = None
    """The command that its containers run; defaults to the image's own."""

    replicas: Annotated[int | Literal["unmanaged"], BeforeValidator(_check_replicas)] = 1
    """How many pods a Deployment or a StatefulSet has, at most 1000. 0 stops the workload and keeps its access.
    `unmanaged` leaves the number to others, such as an autoscaler: it is not declared at all."""

    service_account: ServiceAccount | None = None
    """The service account that its pods run as, which the store's grant is for; if omitted, one of the workload's name
    is made."""

    run_as_user: Annotated[Whole, Field(ge=1, le=2147483647)] = 65532
    """The user id that its containers run as; never root."""

    mount_path: MountPath = "/mnt/secrets-store"
    """Where the secrets are mounted."""

    delivery: Delivery = Csi()
    """How the secrets reach it: `csi` (files by the Secrets Store CSI driver), `agent-injector` (files by a Vault Agent
    in the pod), `kubernetes-secret` (a Kubernetes Secret by the driver) or `akv2k8s` (environment variables, from Key
    Vault); the kind alone, or a mapping of `kind` and its options."""

    pods: Literal["strongroom", "none"] = "strongroom"
    """Who makes its pods. With `none`, Strongroom makes its service account, its grant and its SecretProviderClass, and
    others make the pods: a chart, or a manifest. `strongroom snippet` prints what those need."""

    on_rotation: Literal["nothing", "restart"] = "nothing"
    """What happens to running pods once a value changes. `nothing`: their files change in place, and variables keep the
    value that the container started with. `restart`: they are replaced, by `pulumi up` if the stack writes the value
    and pods read it as a file, and otherwise by Stakater Reloader, for which what makes the pods is annotated.
    (Reloader docs: "Annotation Reference")"""

    attach: Attachment | None = None
    """An object that others made, by a Helm release or otherwise: its pods get the secrets, by a patch that the owner's
    updates leave in place and that is taken back with the workload. Strongroom makes no pods then."""

    revoked: Switch = False
    """Whether it has lost its access, after an incident: it gets no grant, and its pods are stopped; an object that
    `attach` names keeps its own. `strongroom revoke` sets it, and removes it with `--lift`."""

    secrets: Annotated[
        ListOf[Secret],
        Field(min_length=1),
        require_unique("name", what="the file name"),
        require_unique("env", what="the environment variable"),
    ] = ()
    """The secrets that it may read. A workload has some, or `paths`, `databases` or `certificates`."""

    paths: Annotated[ListOf[VaultPath], require_unique("path", what="the path")] = ()
    """With Vault: what it reads of KV version 1, and of other engines."""

    databases: Annotated[ListOf[DatabaseCredentials], require_unique("database", what="the database")] = ()
    """With Vault: the databases that it may use, each with a user of its own."""

    certificates: Annotated[ListOf[WorkloadCertificate], require_unique("name", what="the name")] = ()
    """With Vault: the certificates that are issued to it."""

    @cross_check
    def _check_sources(self) -> Iterator[tuple[Location, str]]:
        if not (self.secrets or self.paths or self.databases or self.certificates):
            yield ("secrets",), "This setting is required, unless the workload has paths, databases or certificates"

    @cross_check
    def _check_files(self) -> Iterator[tuple[Location, str]]:
        taken = {secret.name: f"secrets[{number}]" for number, secret in enumerate(self.secrets)}
        made: list[tuple[str, int, Mapping[str, str]]] = [
            *(("paths", number, entry.files) for number, entry in enumerate(self.paths)),
            *(("databases", number, entry.all_files) for number, entry in enumerate(self.databases)),
            *(
                ("certificates", number, entry.files.model_dump(by_alias=True))
                for number, entry in enumerate(self.certificates)
            ),
        ]
        for field, number, named in made:
            for part, file in named.items():
                place = ("url", "file") if (field, part) == ("databases", "url") else ("files", part)
                if other := taken.get(file):
                    yield (field, number, *place), f"{file!r} is the file name of {other} too: each needs its own"
            taken |= dict.fromkeys(named.values(), f"{field}[{number}]")
        for number, secret in enumerate(self.secrets):
            if below := next((file for file in taken if file.startswith(f"{secret.name}/")), None):
                yield ("secrets", number, "name"), f"{secret.name!r} would be the directory of {below!r}: rename one"

    @cross_check
    def _check_mount_paths(self) -> Iterator[tuple[Location, str]]:
        mount = f"{self.mount_path.rstrip('/')}/"
        taken = {path.rstrip("/"): "this workload's scratch" for path in self.scratch}
        for number, secret in enumerate(self.secrets):
            if secret.mount_path is None:
                continue
            place, path = ("secrets", number, "mountPath"), secret.mount_path.rstrip("/")
            if f"{path}/".startswith(mount) or mount.startswith(f"{path}/"):
                yield (
                    place,
                    f"The path {path!r} and this workload's mountPath {self.mount_path!r} overlap: for a file below "
                    "that, use a name with its directory, e.g. certs/tls.pem",
                )
            elif path in taken:
                yield place, f"The path {path!r} is that of {taken[path]} too: use another one"
            taken.setdefault(path, f"secrets[{number}]")

    @field_validator("replicas")
    @classmethod
    def _check_managed(cls, value: int, info: ValidationInfo) -> int:
        kind = info.data.get("kind", "Deployment")
        if kind not in {"Deployment", "StatefulSet"} and value != 1:
            raise ValueError(f"goes with kind 'Deployment' and 'StatefulSet' only{_NO_REPLICAS[kind]}")
        return value

    @cross_check
    def _check_images(self) -> Iterator[tuple[Location, str]]:
        if self.image is not None and self.images is not None:
            yield (), ONE_IMAGE

    @cross_check
    def _check_scratch(self) -> Iterator[tuple[Location, str]]:
        for number, path in enumerate(() if self.scratch == DEFAULT_SCRATCH else self.scratch):
            if path.rstrip("/") == self.mount_path.rstrip("/"):
                yield ("scratch", number), f"The path {path!r} is this workload's mountPath too: use another one"

    @cross_check
    def _check_pods(self) -> Iterator[tuple[Location, str]]:
        special = self.kind not in {"Deployment", "Pod"} or self.controller or self.template or self.mounts
        if special and self.has_own_pods:
            from .kubernetes.pod_issues import list_pod_issues  # noqa: PLC0415 - the SDK's types take a second to load

            yield from list_pod_issues(self)

    @cross_check
    def _check_fields_of_pods(self) -> Iterator[tuple[Location, str]]:
        if self.attach and self.pods == "none":
            yield ("pods",), "The pods of this workload are those of the object in attach: remove one of the two"
        if self.has_own_pods:
            return
        whose = "attach" if self.attach else "pods: none"
        for name in _OF_PODS:
            if getattr(self, name) != type(self).model_fields[name].default:
                yield (name,), f"This workload's pods are made by others ({whose}), and {name} is theirs: remove it"

    @cross_check
    def _check_rotation(self) -> Iterator[tuple[Location, str]]:
        kind = self.attach.kind if self.attach else self.kind
        if self.on_rotation == "restart" and kind in ENDING_KINDS:
            yield (
                ("on_rotation",),
                f"The pods of a {kind} end, and each new one reads the latest values: leave this out",
            )

    @property
    def has_own_pods(self) -> bool:
        """Whether Strongroom makes its pods."""
        return self.pods == "strongroom" and self.attach is None

    @property
    def containers(self) -> Mapping[str, str]:
        """Container name to image; none where a program makes the pods itself."""
        return self.images or ({self.name: self.image} if self.image else {})

    @property
    def service_account_name(self) -> str:
        """The service account that its pods run as."""
        return self.service_account.name if self.service_account else self.name

    @property
    def creates_service_account(self) -> bool:
        """Whether its service account is made for it."""
        return self.service_account is None or self.service_account.create

    @property
    def objects(self) -> tuple[str, ...]:
        """The objects that it declares, each once, in a stable order."""
        return tuple(sorted({secret.object for secret in self.secrets}))

    @property
    def restarting(self) -> tuple[Secret, ...]:
        """The secrets whose value is new in a pod that starts after the store has it, where pods are to restart.

        The driver fills a Kubernetes Secret minutes later: a pod's variables would have the old value once more.
        """
        kind = self.delivery.kind
        latest = (
            secret
            for secret in self.secrets
            if not secret.version and kind != "kubernetes-secret" and not (kind == "csi" and secret.env)
        )
        return tuple(latest) if self.on_rotation == "restart" else ()

    @property
    def mounted(self) -> Sequence[Secret]:
        """Its secrets, and the files of its paths and databases as secrets."""
        read = [
            Secret(name=file, object=entry.path, key=key) for entry in self.paths for key, file in entry.files.items()
        ]
        credentials = [
            Secret(name=file, object=entry.database, key=key)
            for entry in self.databases
            for key, file in (("username", entry.files.username), ("password", entry.files.password))
        ]
        return [*self.secrets, *read, *credentials]

    @property
    def path(self) -> str:
        """Its name in the whole stack: `namespace/name`."""
        return f"{self.namespace}/{self.name}"


def describe_shared_accounts(workloads: Iterable[Workload]) -> Iterator[str]:
    """Describe each service account that several workloads run as: a store grants to accounts, and to no pod."""
    sharing: dict[str, list[str]] = defaultdict(list)
    for workload in workloads:
        sharing[f"{workload.namespace}/{workload.service_account_name}"].append(workload.path)
    for account, paths in sharing.items():
        if len(paths) > 1:
            yield (
                f"{' and '.join(paths)} run as the service account {account}, and so share a grant: each can read what "
                "any of them declares. An account of its own keeps a workload apart: leave serviceAccount out"
            )
