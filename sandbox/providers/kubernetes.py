"""The `kubernetes` provider: any kind by discovery, created by POST, changed by server-side apply; releases by Helm."""

import os
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import urllib3
import yaml
from kubernetes import config, dynamic
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTClientObject
from kubernetes.dynamic.exceptions import ConflictError, DynamicApiError, NotFoundError, ResourceNotFoundError

from ..certificates import write_private
from . import helm
from .field_managers import transfer_ownership
from .helm import Helm
from .normalized import normalize_inputs
from .protocol import Properties, Provider, ProviderError, UnreadyError
from .readiness import has_failed, is_ready
from .values import UNKNOWN, known

_FIELD_MANAGER = "pulumi-kubernetes"
_AUTONAMED = "pulumi.com/autonamed"
_PATIENCE = 600.0
"""Seconds to wait for a resource where the program sets no timeout, as the official provider does."""

_ANSWER = 10
"""Seconds that an answer may take."""

_FORCE = "pulumi.com/patchForce"
_MANAGER = "pulumi.com/patchFieldManager"
_MANAGED_BY = "__fieldManager"
"""The output that says which field manager applies a patch."""

_GUIDE = (
    "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/"
    "managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources"
)

_UPSERT = "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"
"""What lets the provider take over an object that exists. (pulumi-kubernetes: "upsertExistingObjects")"""

_CONTAINER = (  # noqa: SIM905 - a column of words would be twenty lines
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext "
    "stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
).split()

_POD = (  # noqa: SIM905
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork "
    "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName "
    "readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName "
    "shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
).split()

_IMMUTABLE: dict[str, Collection[str]] = {
    "apps/v1:DaemonSet": ("spec.selector",),
    "apps/v1:Deployment": ("spec.selector",),
    "apps/v1:StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "batch/v1:Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "core/v1:PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    "core/v1:Pod": (
        *(f"spec.{field}" for field in _POD),
        *(f"spec.{kind}[*].{field}" for kind in ("containers", "initContainers") for field in _CONTAINER),
    ),
    "core/v1:ResourceQuota": ("spec.scopes",),
    "core/v1:Secret": ("type",),
    "core/v1:Service": ("spec.clusterIP",),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": ("roleRef",),
    "rbac.authorization.k8s.io/v1:RoleBinding": ("roleRef",),
    "storage.k8s.io/v1:StorageClass": ("parameters", "provisioner"),
}
"""What the official provider replaces an object for, by kind; of what else can't change, the API server says so.

(pulumi-kubernetes: `forceNew`)
"""

_CONTENTS = {"core/v1:ConfigMap": ("binaryData", "data"), "core/v1:Secret": ("data", "stringData")}
"""What a change replaces too, unless the provider says `enableConfigMapMutable` or `enableSecretMutable` and the
object isn't immutable."""

_MUTABLE = {
    "core/v1:ConfigMap": ("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
    "core/v1:Secret": ("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
}

_SERVER_SET = ("creationTimestamp", "deletionTimestamp", "generation", "resourceVersion", "selfLink", "uid")

_NEVER = object()
_CLIENT_SIDE = {"helm.sh", "yaml", "kustomize"}

Answer = TypeVar("Answer")


class KubernetesProvider(Provider):
    """Creates, applies and deletes objects, and waits, as the official provider does, for those that take time.

    What exists already is refused, and never taken over, unless `upsertExistingObjects` says so. (pulumi-kubernetes
    4.29: "Use client-side create to prevent silent upsert of existing objects")
    """

    package = "kubernetes"
    whole_lists = True

    def __init__(self, configuration: Properties) -> None:
        self._namespace = configuration.get("namespace") or "default"
        self._client: dynamic.DynamicClient | None = None
        self._releases: Helm | None = None
        self._configuration = configuration
        self._upserts = self._is_enabled("upsertExistingObjects", _UPSERT)
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._cache = tempfile.TemporaryDirectory(prefix="strongroom-")

    @classmethod
    def secret(cls, kind: str) -> Collection[str]:
        """Return a Secret's contents, tokens that the cluster made included."""
        return ("data", "stringData") if kind.removesuffix("Patch") == "kubernetes:core/v1:Secret" else ()

    @classmethod
    def check(cls, kind: str, inputs: Properties, before: Properties, unique: str, name: str) -> Properties:
        """Give an object without a name the one it has, or a new one."""
        if kind == helm.RELEASE:
            return helm.check(inputs, before, unique, name)
        module = kind.split(":")[1]
        if kind.endswith("List"):
            raise ProviderError(
                "list resources exist for compatibility with YAML manifests and Helm charts, and cannot be created "
                "directly. Use the underlying resource type instead"
            )
        if module.split("/")[0] in _CLIENT_SIDE:
            raise ProviderError(f"{kind} is not in the sandbox's fake provider: it needs the official provider")
        is_patch = _is_patch(kind, inputs)
        inputs = normalize_inputs(kind.removesuffix("Patch") if is_patch else kind, inputs)
        metadata = inputs.get("metadata") or {}
        if metadata == UNKNOWN or metadata.get("name"):
            return inputs
        if is_patch:
            raise ProviderError("patch resources require the `.metadata.name` field to be set")
        if metadata.get("generateName"):
            raise ProviderError("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
        old = before.get("metadata") or {}
        chosen = old["name"] if _AUTONAMED in (old.get("annotations") or {}) else f"{name}-{unique}"
        annotations = {**(metadata.get("annotations") or {}), _AUTONAMED: "true"}
        return {**inputs, "metadata": {**metadata, "name": chosen, "annotations": annotations}}

    def compared(
        self, kind: str, before: Properties, after: Properties, outputs: Properties
    ) -> tuple[Properties, Properties]:
        """Return both with the namespace that an object is in anyway, which may be named or omitted.

        A patch is compared with what its object has at the same places, items of lists by position: with an item of
        somebody else's before its own, the official provider sees a change at each preview.
        """
        if _is_patch(kind, after):
            before = _pruned(outputs, before)
        place = (outputs.get("metadata") or {}).get("namespace")
        if not place:
            return before, after
        return _with_namespace(before, place), _with_namespace(after, self._namespace)

    @classmethod
    def immutable(cls, kind: str, before: Properties | None = None) -> Collection[str]:
        """Return what the official provider replaces an object for, whatever its configuration."""
        if kind == helm.RELEASE:
            return helm.IMMUTABLE
        return ("metadata.name", "metadata.namespace", *_IMMUTABLE.get(kind.partition(":")[2], ()))

    def replacing(self, kind: str, before: Properties, after: Properties) -> Collection[str]:
        """Return the contents of Secrets and ConfigMaps besides, as this provider is configured."""
        name = kind.partition(":")[2]
        contents = _CONTENTS.get(name, ())
        if contents and after.get("immutable") is not True and self._is_enabled(*_MUTABLE[name]):
            contents = ()
        return (*self.immutable(kind, before), *contents)

    @classmethod
    def same_name(cls, kind: str, after: Properties, before: Properties | None = None) -> bool:
        """Return whether both might have one place in the cluster."""
        if kind == helm.RELEASE:
            return all((before or after).get(key) == after.get(key) for key in helm.IMMUTABLE)
        old, new = (before or after).get("metadata"), after.get("metadata")
        if not isinstance(old, dict) or not isinstance(new, dict):
            return True
        if _AUTONAMED in (new.get("annotations") or {}):
            return False
        # A namespace that is omitted may be the one that the other names.
        places = {old.get("namespace"), new.get("namespace")} - {None}
        return old.get("name") == new.get("name") and len(places) < 2

    def computed(self, kind: str, before: Properties | None, inputs: Properties) -> Properties:
        """Return what is known only after the API server has added it."""
        if kind == helm.RELEASE:
            return {"status": UNKNOWN}
        if _is_patch(kind, inputs):
            return {}
        if before is None:
            secret = {"data": UNKNOWN} if _is_token(inputs) or inputs.get("stringData") else {}
            metadata = {} if inputs.get("metadata") == UNKNOWN else {"metadata": {"uid": UNKNOWN}}
            return {**secret, **metadata, "status": UNKNOWN}
        return {"data": UNKNOWN} if before.get("stringData") != inputs.get("stringData") else {}

    def create(self, kind: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Create the object, or apply the patch, and wait for it.

        :raises ProviderError: It exists already, or the API server refuses it.
        """
        if kind == helm.RELEASE:
            return self._helm().install(inputs, inputs.get("namespace") or self._namespace, timeout)
        name = inputs["metadata"]["name"]
        try:
            resource = self._resource(kind, inputs)
        except _NoKindError as error:
            _, module, title = kind.split(":")
            raise ProviderError(
                f'creation of resource "{name}" with kind {module}/{title} failed because the Kubernetes API server '
                "reported that the apiVersion for this resource does not exist. Verify that any required CRDs have "
                f"been created: {error}"
            ) from None
        namespace = (inputs["metadata"].get("namespace") or self._namespace) if resource.namespaced else None
        id_ = f"{namespace}/{name}" if namespace else name
        notes = _note_manager(kind, inputs, {})
        try:
            if self._upserts or notes:
                self._apply(kind, id_, inputs, notes)
            else:
                self._post(kind, id_, inputs)
        except _RefusedError as error:
            raise ProviderError(
                f'resource "{id_}" was not successfully created by the Kubernetes API server: {error}'
            ) from None
        return id_, self._settle(kind, id_, inputs, timeout, notes)

    def read(
        self, kind: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Return the live object, and what the inputs would be to make it."""
        if kind == helm.RELEASE:
            return self._release(id_, inputs)
        try:
            live = self._get(kind, id_, inputs)
        except _NoKindError:
            live = None  # its CRD is gone, and it with that
        if live is None:
            return None
        if notes := _note_manager(kind, inputs, outputs):
            return {**live, **notes}, _pruned(live, inputs)
        if not inputs:
            return live, _imported(live)
        if not outputs and _holds(live, inputs):
            return live, inputs  # an update was interrupted while it made the object
        return live, _projected(live, inputs, outputs)

    def update(self, kind: str, id_: str, before: Properties, inputs: Properties, timeout: float) -> Properties:
        """Apply the object again and wait for it."""
        if kind == helm.RELEASE:
            return self._helm().install(inputs, id_.partition("/")[0], timeout)[1]
        notes = _note_manager(kind, inputs, before)
        self._reapply(kind, id_, inputs, notes)
        outputs = self._settle(kind, id_, inputs, timeout, notes)
        if notes != (former := _note_manager(kind, before, before)):
            self._relinquish(kind, id_, inputs, former)
        return outputs

    def preview_update(
        self, kind: str, id_: str, before: Properties, inputs: Properties, outputs: Properties
    ) -> Properties:
        """Ask the API server for the outputs of a patch, as the official provider asks for those of all objects."""
        if _is_patch(kind, inputs) and known(inputs):
            self._reapply(kind, id_, inputs, _note_manager(kind, inputs, before), dry_run="All")
        return super().preview_update(kind, id_, before, inputs, outputs)

    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        """Delete the object, and return when it is gone; of a patch, give up its fields alone."""
        namespace, _, name = id_.rpartition("/")
        if kind == helm.RELEASE:
            self._helm().uninstall(name, namespace, timeout)
            return
        try:
            resource = self._resource(kind, inputs)
        except _NoKindError:
            return  # its CRD is gone, and it with that

        if notes := _note_manager(kind, inputs, inputs):
            self._relinquish(kind, id_, inputs, notes)
            return

        def ask() -> None:
            resource.delete(name=name, namespace=namespace or None, body={"propagationPolicy": "Background"})

        try:
            _asked(f"delete {_title(kind, id_)}", ask)
        except _GoneError:
            return
        if not self._wait(timeout, lambda: self._get(kind, id_, inputs) is None):
            live = self._get(kind, id_, inputs) or {"metadata": {}}
            held = ", ".join(live["metadata"].get("finalizers") or live.get("spec", {}).get("finalizers") or ())
            raise ProviderError(
                f"{_title(kind, id_)} is not gone yet{f' (finalizers: {held})' if held else ''}; run the same again"
            )

    def cancel(self) -> None:
        """Stop waiting for what takes time."""
        self._cancelled.set()
        if self._releases is not None:
            self._releases.cancel()

    def _is_enabled(self, setting: str, variable: str) -> bool:
        return str(self._configuration.get(setting, os.environ.get(variable))).lower() in {"true", "1"}

    def _helm(self) -> Helm:
        with self._lock:
            if self._releases is None:
                home = Path(self._cache.name)
                kubeconfig = self._configuration.get("kubeconfig")
                if kubeconfig and not _is_path(kubeconfig):
                    write_private(home / "kubeconfig", kubeconfig)
                    kubeconfig = str(home / "kubeconfig")
                self._releases = Helm(kubeconfig, self._configuration.get("context"), home)
            return self._releases

    def _release(self, id_: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        namespace, _, name = id_.rpartition("/")
        status = self._helm().status(name, namespace)
        if status is None:
            return None
        now = {**inputs, "values": self._helm().values(name, namespace)} if "values" in inputs else inputs
        return {**now, "status": status}, now

    def _post(self, kind: str, id_: str, inputs: Properties) -> None:
        resource = self._resource(kind, inputs)
        body = {"apiVersion": resource.group_version, "kind": resource.kind, **inputs}
        namespace = id_.rpartition("/")[0] or None
        begun = datetime.now(UTC).replace(microsecond=0)
        _repeated.happened = False
        try:
            _asked(
                f"create {_title(kind, id_)}",
                lambda: resource.create(body=body, namespace=namespace, field_manager=_FIELD_MANAGER),
            )
        except _ExistsError as error:
            # Or the response to a request was lost, and this is what that made.
            if not (_repeated.happened and _is_younger(self._get(kind, id_, inputs), begun)):
                raise _RefusedError(f"{error}\n\nThe resource already exists in the cluster.") from None

    def _apply(self, kind: str, id_: str, inputs: Properties, notes: Properties, **options: str) -> None:
        """Apply `inputs` by the manager that `notes` name, or the provider's own.

        :raises _RefusedError: Others manage a field of them, or the API server refuses them.
        """
        resource = self._resource(kind, inputs)
        body = {"apiVersion": resource.group_version, "kind": resource.kind, **inputs}
        namespace, _, name = id_.rpartition("/")
        manager = notes.get(_MANAGED_BY, _FIELD_MANAGER)
        force = _annotations(inputs).get(_FORCE) == "true"
        try:
            _asked(
                f"apply {_title(kind, id_)}",
                lambda: resource.server_side_apply(
                    body=body,
                    name=name,
                    namespace=namespace or None,
                    field_manager=manager,
                    force_conflicts=force,
                    **options,
                ),
            )
        except _ExistsError as error:
            raise _RefusedError(
                f"Server-Side Apply field conflict detected. See {_GUIDE} for troubleshooting help.\n"
                f'The resource managed by field manager "{manager}" had an apply conflict: {error}'
            ) from None

    def _reapply(self, kind: str, id_: str, inputs: Properties, notes: Properties, **options: str) -> None:
        """Apply `inputs` to an object that should be there.

        :raises UnreadyError: It is there, and the API server refuses them: the official provider keeps them for the
            next update.
        """
        resource = self._resource(kind, inputs)
        namespace, _, name = id_.rpartition("/")
        try:
            if not notes:
                _asked(
                    f"apply {_title(kind, id_)}",
                    lambda: transfer_ownership(resource, name, namespace or None, to=_FIELD_MANAGER),
                )
            self._apply(kind, id_, inputs, notes, **options)
        except _RefusedError as error:
            live = self._get(kind, id_, inputs)
            if live is None:
                raise ProviderError(f'update of resource "{id_}" failed: {error}') from None
            raise UnreadyError(
                f'the Kubernetes API server reported that "{id_}" failed to fully initialize or become live: {error}',
                id_,
                {**live, **notes},
            ) from None

    def _relinquish(self, kind: str, id_: str, inputs: Properties, notes: Properties) -> None:
        """Give up the fields of a patch: what nobody else manages goes, or gets its default."""
        namespace, _, name = id_.rpartition("/")
        identity = {"name": name, **({"namespace": namespace} if namespace else {})}
        try:
            self._apply(kind, id_, {"kind": inputs["kind"], "metadata": identity}, notes)
        except _RefusedError as error:
            if field := re.search(r"([a-z][\w.\[\]]*): Required value", str(error)):
                raise ProviderError(
                    "this Patch resource is currently managing a required field, so it can't be deleted directly. "
                    "Either set the `retainOnDelete` resource option, or transfer ownership of the field before "
                    f"deleting: {field[1]}"
                ) from None
            raise ProviderError(str(error)) from None

    def _settle(self, kind: str, id_: str, inputs: Properties, timeout: float, notes: Properties) -> Properties:
        title = _title(kind, id_)
        live: Properties = {}

        def settled() -> bool:
            live.clear()
            if found := self._get(kind, id_, inputs):
                live.update(found | notes)
            return is_ready(live) or has_failed(live)

        if not self._wait(timeout, settled) or has_failed(live):
            raise UnreadyError(f"{title} is not ready{_unready(live)}; mend that, and run the same again", id_, live)
        return live

    def _get(self, kind: str, id_: str, inputs: Properties) -> Properties | None:
        namespace, _, name = id_.rpartition("/")
        resource = self._resource(kind, inputs)
        try:
            live: Properties = _asked(
                f"read {_title(kind, id_)}", lambda: resource.get(name=name, namespace=namespace or None)
            ).to_dict()
        except _GoneError:
            return None
        live["metadata"].pop("managedFields", None)
        return _without_nulls(live)

    def _resource(self, kind: str, inputs: Properties) -> Any:
        _, module, name = kind.split(":")
        name = inputs.get("kind") or name
        version = inputs.get("apiVersion") or module.removeprefix("core/")
        with self._lock:
            if self._client is None:
                self._client = _connect(self._configuration, Path(self._cache.name))
            resources: Any = self._client.resources
            try:
                return resources.get(api_version=version, kind=name)
            except ResourceNotFoundError:
                resources.invalidate_cache()
            try:
                return resources.get(api_version=version, kind=name)
            except ResourceNotFoundError:
                raise _NoKindError(f'no matches for kind "{name}" in version "{version}"') from None

    def _wait(self, timeout: float, done: Callable[[], bool]) -> bool:
        end = time.monotonic() + (timeout or _PATIENCE)
        pause = 0.05
        while not done():
            if time.monotonic() > end or self._cancelled.wait(pause):
                return False
            pause = min(pause * 1.5, 2.0)
        return True


class _NoKindError(ProviderError):
    """The cluster has no such kind."""


class _GoneError(Exception):
    """There is no such object."""


class _RefusedError(Exception):
    """The API server refused to create or to change an object."""


class _ExistsError(_RefusedError):
    """There is such an object already, or another manager's field."""


_repeated = threading.local()
"""Whether a request of this thread was sent again."""


class _Retry(urllib3.Retry):
    """Notes that a request is sent again: the first one may have been obeyed."""

    def increment(self, *args: Any, **options: Any) -> "_Retry":
        _repeated.happened = True
        return super().increment(*args, **options)


class _Bounded(RESTClientObject):
    """Waits no longer than a healthy API server needs: one that lost its etcd takes requests, and is silent."""

    def request(self, *args: Any, _request_timeout: Any = None, **options: Any) -> Any:
        return super().request(*args, _request_timeout=_request_timeout or _ANSWER, **options)


def _connect(configuration: Properties, cache: Path) -> dynamic.DynamicClient:
    kubeconfig = configuration.get("kubeconfig")
    context = configuration.get("context")
    try:
        # The configuration is a file's name or a file's contents, as with the official provider.
        if isinstance(kubeconfig, str) and not _is_path(kubeconfig):
            api = config.new_client_from_config_dict(yaml.safe_load(kubeconfig), context)
        else:
            api = config.new_client_from_config(kubeconfig, context)
        api.configuration.retries = _Retry(  # pyright: ignore[reportAttributeAccessIssue] - untyped there
            total=5,
            read=2,
            backoff_factor=0.3,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=None,
            raise_on_status=False,
        )
        # The pool was made before the retries were set.
        api.rest_client = _Bounded(api.configuration)
        return dynamic.DynamicClient(api, cache_file=str(cache / "discovery.json"))
    except (config.ConfigException, OSError, yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        # The errors of parsers quote what they parse, which holds credentials.
        reason = str(error) if isinstance(error, config.ConfigException | OSError) else type(error).__name__
        raise ProviderError(f"the kubeconfig can't be used: {reason}") from None
    except urllib3.exceptions.HTTPError as error:
        raise ProviderError(
            f"the API server can't be reached ({type(error).__name__}): start it and run again"
        ) from None
    except ApiException as error:
        raise ProviderError(f"the API server refused discovery: {error.status} {error.reason}") from None


def _asked(what: str, call: Callable[[], Answer]) -> Answer:
    try:
        return call()
    except NotFoundError as error:
        if what.startswith(("create", "apply")):
            raise _RefusedError(_message(error)) from None
        raise _GoneError from None
    except DynamicApiError as error:
        if what.startswith(("create", "apply")):
            kind = _ExistsError if isinstance(error, ConflictError) else _RefusedError
            raise kind(_message(error)) from None
        raise ProviderError(f"can't {what}: {_message(error)}") from None
    except urllib3.exceptions.HTTPError as error:
        raise ProviderError(
            f"can't {what}: the API server can't be reached ({type(error).__name__}); start it and run again"
        ) from None


def _is_younger(live: Properties | None, moment: datetime) -> bool:
    made = (live or {}).get("metadata", {}).get("creationTimestamp")
    return made is not None and datetime.fromisoformat(made) >= moment


def _message(error: DynamicApiError) -> str:
    try:
        return str(yaml.safe_load(error.body)["message"])
    except (yaml.YAMLError, TypeError, KeyError):
        return f"{error.status} {error.reason}"


def _is_path(kubeconfig: str) -> bool:
    return "\n" not in kubeconfig and not kubeconfig.lstrip().startswith("{")


def _unready(live: Properties) -> str:
    conditions = (live.get("status") or {}).get("conditions") or []
    reported = [entry.get("message") or entry.get("reason") for entry in conditions if entry.get("status") == "False"]
    return f" ({'; '.join(filter(None, reported))})" if any(reported) else ""


def _with_namespace(inputs: Properties, namespace: str) -> Properties:
    metadata = inputs.get("metadata")
    return {**inputs, "metadata": {"namespace": namespace, **metadata}} if isinstance(metadata, dict) else inputs


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _is_patch(kind: str, inputs: Properties) -> bool:
    """Return whether a resource is a patch of an object, and not an object of a kind that is called so."""
    return kind.rpartition(":")[2] == f"{inputs.get('kind')}Patch"


def _annotations(inputs: Properties) -> Properties:
    return inputs["metadata"].get("annotations") or {}


def _note_manager(kind: str, inputs: Properties, before: Properties) -> Properties:
    """Return the output that names a patch's manager: as the program or the state has it, else a new one.

    Nothing for a whole object, whose manager always is the provider itself.
    """
    if not _is_patch(kind, inputs):
        return {}
    named = _annotations(inputs).get(_MANAGER) or before.get(_MANAGED_BY)
    return {_MANAGED_BY: named or f"{_FIELD_MANAGER}-{secrets.token_hex(4)}"}


def _pruned(live: Any, inputs: Any) -> Any:
    """Return what `live` has where `inputs` are, items of lists by position (pulumi-kubernetes: `pruneLiveState`)."""
    if isinstance(live, dict) and isinstance(inputs, dict):
        return {key: _pruned(value, inputs[key]) for key, value in live.items() if key in inputs}
    if isinstance(live, list) and isinstance(inputs, list):
        return [_pruned(value, wanted) for value, wanted in zip(live, inputs, strict=False)]
    return live


def _title(kind: str, id_: str) -> str:
    return f"{kind.rpartition(':')[2]} {id_}"


def _is_token(inputs: Properties) -> bool:
    return inputs.get("type") == "kubernetes.io/service-account-token"


def _imported(live: Properties) -> Properties:
    metadata = {key: value for key, value in live["metadata"].items() if key not in _SERVER_SET}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def _projected(live: Any, inputs: Any, last: Any) -> Any:
    """Return the inputs that would give what is `live`: these `inputs`, save where it is no more what it was at `last`.

    Comparing with `last` keeps apart what somebody changed and what the API server writes in its own way.
    """
    if live == last:
        return inputs
    if isinstance(inputs, dict) and isinstance(live, dict):
        before = last if isinstance(last, dict) else {}
        return {
            key: _projected(live[key], value, before.get(key, _NEVER)) if key in live else value
            for key, value in inputs.items()
            # Write-only and empty fields never come back; what came back once and is missing was removed.
            if key in live or key not in before
        }
    if isinstance(inputs, list) and isinstance(live, list) and len(inputs) == len(live):
        before = last if isinstance(last, list) and len(last) == len(live) else [_NEVER] * len(live)
        return [_projected(now, value, then) for now, value, then in zip(live, inputs, before, strict=True)]
    return live


def _holds(live: Any, inputs: Any) -> bool:
    """Return whether what was asked for is there, with whatever the API server adds to it."""
    if isinstance(inputs, dict):
        return isinstance(live, dict) and all(key in live and _holds(live[key], inputs[key]) for key in inputs)
    if isinstance(inputs, list):
        return isinstance(live, list) and all(any(_holds(there, wanted) for there in live) for wanted in inputs)
    return live == inputs
