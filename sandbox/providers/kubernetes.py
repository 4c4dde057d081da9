"""The `kubernetes` provider: any kind by discovery, by server-side apply."""

import re
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

import urllib3
import yaml
from kubernetes import config, dynamic
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTClientObject
from kubernetes.dynamic.exceptions import DynamicApiError, NotFoundError, ResourceNotFoundError

from .protocol import Properties, Provider, ProviderError
from .values import UNKNOWN

_FIELD_MANAGER = "pulumi-kubernetes"
_AUTONAMED = "pulumi.com/autonamed"
_FORCE = "pulumi.com/patchForce"
_SKIP_AWAIT = "pulumi.com/skipAwait"
_PATIENCE = 600.0
"""Seconds to wait for a resource where the program sets no timeout, as the official provider does."""

_IMMUTABLE: dict[str, Collection[str]] = {
    "Deployment": ("spec.selector",),
    "Pod": ("spec",),
    "Secret": ("type",),
    "ClusterRoleBinding": ("roleRef",),
    "RoleBinding": ("roleRef",),
}

Answer = TypeVar("Answer")


class KubernetesProvider(Provider):
    """Applies objects to a cluster and waits, as the official provider does, for those that take time."""

    package = "kubernetes"

    def __init__(self, configuration: Properties) -> None:
        self._namespace = configuration.get("namespace") or "default"
        self._client: dynamic.DynamicClient | None = None
        self._configuration = configuration
        self._lock = threading.Lock()
        self._cache = tempfile.TemporaryDirectory(prefix="strongroom-")

    @classmethod
    def check(cls, kind: str, inputs: Properties, before: Properties, unique: str, name: str) -> Properties:
        """Give an object without a name the one it has, or a new one."""
        metadata = inputs.get("metadata") or {}
        if metadata == UNKNOWN or metadata.get("name") or metadata.get("generateName"):
            return inputs
        old = before.get("metadata") or {}
        legal = re.sub(r"[^a-z0-9-]+", "-", name.lower())
        chosen = old["name"] if _AUTONAMED in (old.get("annotations") or {}) else f"{legal}-{unique}"
        annotations = {**(metadata.get("annotations") or {}), _AUTONAMED: "true"}
        return {**inputs, "metadata": {**metadata, "name": chosen, "annotations": annotations}}

    @classmethod
    def immutable(cls, kind: str) -> Collection[str]:
        """What the API server never lets change, and what makes another object."""
        name = kind.rpartition(":")[2]
        return ("apiVersion", "kind", "metadata.name", "metadata.namespace", *_IMMUTABLE.get(name, ()))

    @classmethod
    def same_name(cls, kind: str, inputs: Properties) -> bool:
        """Whether the program chose the name."""
        return _AUTONAMED not in ((inputs.get("metadata") or {}).get("annotations") or {})

    def unknown(self, kind: str, inputs: Properties) -> Properties:
        """What the API server adds is known after it has added it."""
        computed = {"data": UNKNOWN} if _is_token(inputs) else {}
        return {**inputs, **computed, "status": UNKNOWN}

    def create(self, kind: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Apply the object and wait for it."""
        live = self._apply(kind, inputs, timeout)
        metadata = live["metadata"]
        namespace = metadata.get("namespace")
        return f"{namespace}/{metadata['name']}" if namespace else metadata["name"], live

    def read(
        self, kind: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The live object, and what the inputs would be to make it."""
        live = self._get(kind, id_, inputs)
        if live is None:
            return None
        return live, _projected(live, inputs) if inputs else {k: v for k, v in live.items() if k != "status"}

    def update(self, kind: str, id_: str, before: Properties, inputs: Properties, timeout: float) -> Properties:
        """Apply the object again and wait for it."""
        return self._apply(kind, inputs, timeout)

    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        """Delete the object, and return when it is gone."""
        namespace, _, name = id_.rpartition("/")
        resource = self._resource(kind, inputs)

        def ask() -> None:
            resource.delete(name=name, namespace=namespace or None, body={"propagationPolicy": "Background"})

        try:
            _asked(f"delete {_title(kind, id_)}", ask)
        except _GoneError:
            return
        self._wait(f"{_title(kind, id_)} to be gone", timeout, lambda: self._get(kind, id_, inputs) is None)

    def _apply(self, kind: str, inputs: Properties, timeout: float) -> Properties:
        resource = self._resource(kind, inputs)
        body = {"apiVersion": resource.group_version, "kind": resource.kind, **inputs}
        namespace = (inputs["metadata"].get("namespace") or self._namespace) if resource.namespaced else None
        name = inputs["metadata"]["name"]
        title = _title(kind, f"{namespace}/{name}" if namespace else name)
        force = (inputs["metadata"].get("annotations") or {}).get(_FORCE) == "true"
        _asked(
            f"apply {title}",
            lambda: resource.server_side_apply(
                body=body, name=name, namespace=namespace, field_manager=_FIELD_MANAGER, force_conflicts=force
            ),
        )
        id_ = f"{namespace}/{name}" if namespace else name
        live: Properties = {}

        def settled() -> bool:
            live.clear()
            live.update(self._get(kind, id_, inputs) or {})
            return _is_settled(live)

        self._wait(f"{title} to be ready", timeout, settled)
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
        return live

    def _resource(self, kind: str, inputs: Properties) -> Any:
        _, module, name = kind.split(":")
        if module.startswith(("helm.sh/", "yaml/", "kustomize/")):
            raise ProviderError(f"{kind} is not supported by the sandbox's stand-in: it needs the official provider")
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
                raise ProviderError(
                    f"the cluster knows no {name} in {version}: install its CRD first (is the driver installed?)"
                ) from None

    def _wait(self, what: str, timeout: float, done: Callable[[], bool]) -> None:
        patience = timeout or _PATIENCE
        end = time.monotonic() + patience
        pause = 0.05
        while not done():
            if time.monotonic() > end:
                raise ProviderError(f"waited {patience:.0f} s for {what}, in vain; run the same command again")
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)


class _GoneError(Exception):
    """There is no such object."""


def _connect(configuration: Properties, cache: Path) -> dynamic.DynamicClient:
    kubeconfig = configuration.get("kubeconfig")
    context = configuration.get("context")
    try:
        # The configuration is a file's name or a file's contents, as with the official provider.
        if kubeconfig and "\n" in kubeconfig:
            api = config.new_client_from_config_dict(yaml.safe_load(kubeconfig), context)
        else:
            api = config.new_client_from_config(kubeconfig, context)
        api.configuration.retries = urllib3.Retry(  # pyright: ignore[reportAttributeAccessIssue] - untyped there
            total=5, backoff_factor=0.3, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None
        )
        # The pool was made before the retries were set.
        api.rest_client = RESTClientObject(api.configuration)
        return dynamic.DynamicClient(api, cache_file=str(cache / "discovery.json"))
    except (config.ConfigException, OSError, yaml.YAMLError) as error:
        raise ProviderError(f"the kubeconfig can't be used: {error}") from None
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
        if what.startswith("apply"):
            raise ProviderError(f"can't {what}: {_message(error)}") from None
        raise _GoneError from None
    except DynamicApiError as error:
        raise ProviderError(f"can't {what}: {_message(error)}") from None
    except urllib3.exceptions.HTTPError as error:
        raise ProviderError(
            f"can't {what}: the API server can't be reached ({type(error).__name__}); start it and run again"
        ) from None


def _message(error: DynamicApiError) -> str:
    try:
        status = yaml.safe_load(error.body)
        return f"{status['message']} ({error.status} {status.get('reason', '')})"
    except (yaml.YAMLError, TypeError, KeyError):
        return f"{error.status} {error.reason}"


def _title(kind: str, id_: str) -> str:
    return f"{kind.rpartition(':')[2]} {id_}"


def _is_token(inputs: Properties) -> bool:
    return inputs.get("type") == "kubernetes.io/service-account-token"


def _is_settled(live: Properties) -> bool:
    annotations = live.get("metadata", {}).get("annotations") or {}
    status = live.get("status") or {}
    if annotations.get(_SKIP_AWAIT) == "true":
        return bool(live)
    match live.get("kind"):
        case "Secret" if _is_token(live):
            return bool((live.get("data") or {}).get("token"))
        case "Deployment":
            wanted = live["spec"].get("replicas", 1)
            current = status.get("observedGeneration", 0) >= live["metadata"]["generation"]
            return current and status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == wanted
        case "Pod":
            ready = {entry["type"]: entry["status"] for entry in status.get("conditions") or []}
            return ready.get("Ready") == "True"
        case _:
            return bool(live)


def _projected(live: Any, inputs: Any) -> Any:
    """What `live` has of what `inputs` speak of: equal to them unless somebody changed it."""
    if isinstance(inputs, dict) and isinstance(live, dict):
        kept = {key: _projected(live[key], value) for key, value in inputs.items() if key in live}
        # Write-only and empty fields never come back.
        return kept | {
            key: value for key, value in inputs.items() if key not in live and (not value or key == "stringData")
        }
    if isinstance(inputs, list) and isinstance(live, list) and len(inputs) == len(live):
        return [_projected(now, value) for now, value in zip(live, inputs, strict=True)]
    return live
