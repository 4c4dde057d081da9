"""Comparison of a stack's objects in the cluster, field by field."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds import kubernetes as kinds
from strongroom.policy.rules.pods import PODS
from strongroom.policy.rules.rule import at, listed

from ..pulumi.stack import DeployedAttachment, DeployedStack, DeployedWorkload
from .attempt import attempt
from .check import Check
from .cluster_reader import ClusterReader
from .deployment import Deployment
from .difference import Difference, Path, compare

_OF_A_JOB = ("controller-uid", "job-name")
"""The labels that a Job gives its pods. (Kubernetes docs: "Well-Known Labels, Annotations and Taints")"""

_POD: Mapping[str, Collection[object]] = {
    "restartPolicy": {"Always"},
    "terminationGracePeriodSeconds": {30},
    "dnsPolicy": {"ClusterFirst"},
    "schedulerName": {"default-scheduler"},
    "serviceAccount": "*",
    "nodeName": "*",
    "priority": {0},
    "preemptionPolicy": {"PreemptLowerPriority"},
    "enableServiceLinks": {True},
    "tolerations": "*",
    "nodeSelector": "*",
    "affinity": "*",
    "topologySpreadConstraints": "*",
    "priorityClassName": "*",
    "resources": "*",
    "overhead": "*",
    "terminationMessagePath": {"/dev/termination-log"},
    "terminationMessagePolicy": {"File"},
    "imagePullPolicy": {"IfNotPresent", "Always"},
    "imagePullSecrets": "*",
    "defaultMode": {0o644},
    "protocol": {"TCP"},
    "scheme": {"HTTP"},
    "timeoutSeconds": {1},
    "periodSeconds": {10},
    "successThreshold": {1},
    "failureThreshold": {3},
    "apiVersion": {"v1"},
    "creationTimestamp": "*",
    "containerID": "*",
    **dict.fromkeys((f"{prefix}{name}" for prefix in ("", "batch.kubernetes.io/") for name in _OF_A_JOB), "*"),
}
"""Fields that the API server, the scheduler and admission add to a pod, harmless for its secrets. (Kubernetes docs:
"Pod", API reference)"""

_AZURE_LABEL = "azure.workload.identity/use"
_AZURE_TOKEN = "[azure-identity-token]"  # noqa: S105 - a volume's name
_AZURE_ENV = ("AZURE_AUTHORITY_HOST", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID")
_RELOADING = ".reloader.stakater.com/reload"
_OF_RELOADER = (("env", "[STAKATER_"), ("annotations", "reloader.stakater.com/"))
_TOKEN_SOURCES = {"serviceAccountToken", "configMap", "downwardAPI"}

_MEANING = ("vault.hashicorp.com/", "azure.workload.identity/", "aadpodidbinding", "pod-security.kubernetes.io/")
"""Prefixes of labels and annotations that a controller acts on."""


@dataclass(frozen=True)
class _Kind:
    """A kind of document, with its fields to compare."""

    title: str
    place: str
    """Its path, with `{namespace}`."""

    fields: tuple[str, ...]
    known: Mapping[str, Collection[object]]


def _build_kind(title: str, place: str, *fields: str, known: Mapping[str, Collection[object]] | None = None) -> _Kind:
    return _Kind(title, place, fields, known or {})


_KINDS: Mapping[str, _Kind] = {
    kinds.NAMESPACE: _build_kind("namespace", "/api/v1/namespaces"),
    kinds.SERVICE_ACCOUNT: _build_kind(
        "service account", "/api/v1/namespaces/{namespace}/serviceaccounts", "automountServiceAccountToken"
    ),
    kinds.POD: _build_kind("Pod", "/api/v1/namespaces/{namespace}/pods", "spec", known=_POD),
    kinds.DEPLOYMENT: _build_kind(
        "Deployment", "/apis/apps/v1/namespaces/{namespace}/deployments", "spec.template", known=_POD
    ),
    kinds.STATEFUL_SET: _build_kind(
        "StatefulSet", "/apis/apps/v1/namespaces/{namespace}/statefulsets", "spec.template", known=_POD
    ),
    kinds.DAEMON_SET: _build_kind(
        "DaemonSet", "/apis/apps/v1/namespaces/{namespace}/daemonsets", "spec.template", known=_POD
    ),
    kinds.JOB: _build_kind("Job", "/apis/batch/v1/namespaces/{namespace}/jobs", "spec.template", known=_POD),
    kinds.CRON_JOB: _build_kind(
        "CronJob", "/apis/batch/v1/namespaces/{namespace}/cronjobs", "spec.jobTemplate.spec.template", known=_POD
    ),
    kinds.PROVIDER_CLASS: _build_kind(
        "SecretProviderClass",
        "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/{namespace}/secretproviderclasses",
        "spec",
    ),
    kinds.KEY_VAULT_SECRET: _build_kind(
        "AzureKeyVaultSecret", "/apis/spv.no/v2beta1/namespaces/{namespace}/azurekeyvaultsecrets", "spec"
    ),
    kinds.CLUSTER_ROLE_BINDING: _build_kind(
        "ClusterRoleBinding",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "roleRef",
        "subjects",
        known={"apiGroup": {"rbac.authorization.k8s.io"}},
    ),
    kinds.CLUSTER_ROLE: _build_kind(
        "ClusterRole", "/apis/rbac.authorization.k8s.io/v1/clusterroles", "rules", "aggregationRule"
    ),
    kinds.ROLE_BINDING: _build_kind(
        "RoleBinding",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
        "roleRef",
        "subjects",
        known={"apiGroup": {"rbac.authorization.k8s.io"}},
    ),
    "kubernetes:rbac.authorization.k8s.io:Role": _build_kind(
        "Role", "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles", "rules"
    ),
}


def check_objects(deployment: Deployment, cluster: ClusterReader) -> Iterator[Check]:
    """Compare each document that the stack deployed with the cluster's."""
    for resource in deployment.list_of_kind(*_KINDS):
        kind = _KINDS[resource.kind]
        name, namespace = resource.at("metadata", "name"), resource.at("metadata", "namespace")
        if isinstance(name, str):
            folder = kind.place.format(namespace=namespace or "default")
            place = f"{namespace or 'default'}/{name}" if folder != kind.place else name
            yield _check_object(deployment.find_owner(resource), resource, f"{folder}/{name}", place, cluster)


def check_attachments(stack: DeployedStack, cluster: ClusterReader) -> Iterator[Check]:
    """Compare each object of others that is patched with what its pods need."""
    for workload in stack.workloads:
        if workload.attachment:
            title, path = _locate_attached(workload, workload.attachment)
            yield attempt(
                workload.path,
                f"{title} has what its pods need",
                (f"GET {path}",),
                lambda workload=workload: find_unmet_needs(workload, cluster),
                absent=f"{title} does not exist any more",
            )


def find_unmet_needs(workload: DeployedWorkload, cluster: ClusterReader) -> list[Difference]:
    """Find the fields that the pods of a patched object need and lack, each with the manager that wrote it last.

    :raises AbsentError: There is no such object.
    :raises NotAllowedError: The caller may not read it.
    :raises OpsError: The API server can't be reached.
    """
    if workload.attachment is None:
        return []
    found = cluster.get(*_locate_attached(workload, workload.attachment))
    template = PODS[_find_kind(workload.controller)]
    needed = {
        template: workload.build_pod(workload.attachment.containers),
        ("metadata", "annotations"): (workload.pod or {}).get("controllerAnnotations", {}),
    }
    return [
        replace(each, owner=_find_manager(found, each.path))
        for path, expected in needed.items()
        for each in compare(expected, _get_at(found, path), path=path)
        if each.expected is not None  # all else is the owner's
    ]


def _locate_attached(workload: DeployedWorkload, attachment: DeployedAttachment) -> tuple[str, str]:
    """Return the title of a patched object, and its path."""
    folder = _KINDS[_find_kind(workload.controller)].place.format(namespace=workload.namespace)
    return f"{workload.controller} {workload.namespace}/{attachment.name}", f"{folder}/{attachment.name}"


def _find_kind(controller: str) -> str:
    return next(kind for kind in _KINDS if kind.endswith(f":{controller}"))


def _check_object(owner: str, resource: Declared, path: str, place: str, cluster: ClusterReader) -> Check:
    kind = _KINDS[resource.kind]
    title = f"{kind.title} {place}"
    return attempt(
        owner,
        f"{title} is as deployed",
        (f"GET {path}",),
        lambda: list(_find_differences(resource, kind, cluster.get(title, path))),
        absent=f"{title} does not exist any more",
    )


def _find_differences(resource: Declared, kind: _Kind, found: Mapping[str, Any]) -> Iterator[Difference]:
    fields: Iterable[str] = kind.fields
    for field in fields:
        path = tuple(field.split("."))
        declared = resource.at(*path)
        added = _list_additions(resource, declared)
        for difference in compare(declared, _get_at(found, path), kind.known, path):
            is_token = _is_addition(difference, added) and _holds_token(found, path, difference)
            if not is_token and not is_reloaders(resource, difference):
                yield replace(difference, owner=_find_manager(found, difference.path))
    template = PODS.get(resource.kind, ())
    for top in dict.fromkeys(((), template)):
        for section in ("labels", "annotations"):
            path = (*top, "metadata", section)
            yield from _compare_marks(resource.at(*path), _get_at(found, path), found, path)


def _list_additions(resource: Declared, spec: object) -> Collection[tuple[str, str]]:
    """List what admission adds to a pod that asks for it, by section and the beginning of its name.

    (Kubernetes docs: "Configure Service Accounts for Pods", on the bound token's volume; Azure AD Workload Identity:
    "Mutating Admission Webhook")
    """
    asked: list[tuple[str, str]] = []
    if at(spec, "automountServiceAccountToken") is True:
        asked += ((section, "[kube-api-access-") for section in ("volumes", "volumeMounts"))
    if at(resource.at("metadata", "labels"), _AZURE_LABEL) == "true":
        asked += ((section, _AZURE_TOKEN) for section in ("volumes", "volumeMounts"))
        asked += (("env", f"[{name}]") for name in _AZURE_ENV)
    return asked


def is_reloaders(resource: Declared, difference: Difference) -> bool:
    """Return whether Reloader added what differs, and was asked to restart the pods.

    (Reloader docs: "Reload Strategies")
    """
    annotations = cast("Mapping[str, Any]", resource.at("metadata", "annotations") or {})
    return any(name.endswith(_RELOADING) for name in annotations) and _is_addition(difference, _OF_RELOADER)


def _is_addition(difference: Difference, added: Collection[tuple[str, str]]) -> bool:
    section, item = ("", *difference.path)[-2], _name_item(difference)
    return difference.expected is None and any(section == place and item.startswith(name) for place, name in added)


def _name_item(difference: Difference) -> str:
    """Name an item of a list by its name, also one that has another key."""
    name = at(difference.found, "name")
    return f"[{name}]" if isinstance(name, str) else ("", *difference.path)[-1]


def _holds_token(document: Mapping[str, Any], path: Path, difference: Difference) -> bool:
    """Return whether an added volume holds nothing but the pod's own tokens."""
    item = _name_item(difference)
    if difference.path[-2] == "env":
        return True
    volumes = cast("list[Any]", _get_at(document, (*path, "volumes")) or [])
    for volume in (each for each in volumes if f"[{at(each, 'name')}]" == item):
        sources = listed(at(volume, "projected", "sources"))
        return set(volume) == {"name", "projected"} and all(_TOKEN_SOURCES.issuperset(source) for source in sources)
    return False


def _compare_marks(expected: object, found: object, document: Mapping[str, Any], path: Path) -> Iterator[Difference]:
    """Compare labels or annotations: those that were deployed, and others that a controller acts on."""
    one = cast("Mapping[str, Any]", expected if isinstance(expected, Mapping) else {})
    other = cast("Mapping[str, Any]", found if isinstance(found, Mapping) else {})
    for name in sorted({*one, *(name for name in other if name.startswith(_MEANING))}):
        # Pulumi's own annotations are not in the server's documents for every way of applying them.
        if not name.startswith("pulumi.com/") and one.get(name) != other.get(name):
            whole = (*path, name)
            yield Difference(whole, one.get(name), other.get(name), _find_manager(document, whole))


def _get_at(document: object, path: Path) -> Any:
    for step in path:
        document = cast("Mapping[str, Any]", document).get(step) if isinstance(document, Mapping) else None
    return document


def _find_manager(document: Mapping[str, Any], path: Path) -> str:
    """Find the manager that wrote a field last (Kubernetes docs: "Server-Side Apply", on managed fields)."""
    best, owner = (0, ""), ""
    for entry in _get_at(document, ("metadata", "managedFields")) or ():
        rank = (_measure_depth(entry.get("fieldsV1"), path), str(entry.get("time") or ""))
        if rank[0] and rank > best:
            best, owner = rank, str(entry.get("manager") or "")
    return owner


def _measure_depth(fields: object, path: Path) -> int:
    """Return how far down a path a manager owns it."""
    depth = 0
    for step in path:
        if not isinstance(fields, Mapping):
            break
        owned = cast("Mapping[str, Any]", fields)
        keys = [f'k:{{"{key}":"{step[1:-1]}"}}' for key in ("name", "mountPath")] if step[0] == "[" else [f"f:{step}"]
        key = next((each for each in keys if each in owned), None)
        if key is None:
            break
        depth, fields = depth + 1, owned[key]
    return depth
