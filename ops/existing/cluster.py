"""What a cluster has already under the names of a stack's objects."""

import os
from collections.abc import Mapping
from typing import Any

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds import kubernetes as kinds
from strongroom.policy.rules.rule import at, listed

from ..errors import AbsentError
from ..pulumi.stack import Cluster
from ..verify.cluster_reader import ClusterReader
from .find import Existing

_IN_NAMESPACE = "namespaces/{namespace}"
_PATHS: Mapping[str, tuple[str, str]] = {
    kinds.NAMESPACE: ("namespace", "/api/v1/namespaces/{name}"),
    kinds.SERVICE_ACCOUNT: ("service account", f"/api/v1/{_IN_NAMESPACE}/serviceaccounts/{{name}}"),
    "kubernetes:core:Secret": ("Secret", f"/api/v1/{_IN_NAMESPACE}/secrets/{{name}}"),
    kinds.POD: ("Pod", f"/api/v1/{_IN_NAMESPACE}/pods/{{name}}"),
    kinds.DEPLOYMENT: ("Deployment", f"/apis/apps/v1/{_IN_NAMESPACE}/deployments/{{name}}"),
    kinds.STATEFUL_SET: ("StatefulSet", f"/apis/apps/v1/{_IN_NAMESPACE}/statefulsets/{{name}}"),
    kinds.DAEMON_SET: ("DaemonSet", f"/apis/apps/v1/{_IN_NAMESPACE}/daemonsets/{{name}}"),
    kinds.JOB: ("Job", f"/apis/batch/v1/{_IN_NAMESPACE}/jobs/{{name}}"),
    kinds.CRON_JOB: ("CronJob", f"/apis/batch/v1/{_IN_NAMESPACE}/cronjobs/{{name}}"),
    kinds.PROVIDER_CLASS: (
        "SecretProviderClass",
        f"/apis/secrets-store.csi.x-k8s.io/v1/{_IN_NAMESPACE}/secretproviderclasses/{{name}}",
    ),
    kinds.KEY_VAULT_SECRET: (
        "AzureKeyVaultSecret",
        f"/apis/spv.no/v2beta1/{_IN_NAMESPACE}/azurekeyvaultsecrets/{{name}}",
    ),
    kinds.CLUSTER_ROLE: (
        "ClusterRole",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}",
    ),
    kinds.CLUSTER_ROLE_BINDING: (
        "ClusterRoleBinding",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}",
    ),
}
"""What an object is called, and where it is, by its kind."""

PATCH = "Patch"
"""How the names of the provider's patch resources end, e.g. `DeploymentPatch`."""

_UPSERT = "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"
"""What has the official provider take over objects that exist. (Pulumi Registry: "Kubernetes Provider")"""


class ClusterFinder:
    """The cluster, as the caller reads it."""

    name = "names in the cluster"

    reader: ClusterReader
    """What reads it."""

    def __init__(self, cluster: Cluster) -> None:
        """Make a client.

        :param cluster: Which kubeconfig and context.
        :raises OpsError: There is no such kubeconfig or context.
        """
        self.reader = ClusterReader(cluster)
        self._adopts = os.environ.get(_UPSERT, "").lower() in {"1", "true"}

    def knows(self, resource: Declared) -> bool:
        """Tell whether it is an object of a kind that stacks declare."""
        return resource.kind in _PATHS

    def find(self, resource: Declared) -> Existing | None:
        """Find the object of that name. Of a Secret, no value is read."""
        what, path = locate(resource)
        try:
            found = self.reader.get_metadata(what, path)
        except AbsentError:
            return None
        title, _, place = what.rpartition(" ")
        advice = advise(resource, title, place.rpartition("/")[2], place)
        return Existing(f"{what}{_describe(found)}", advice, self._adopts)


def is_patch(resource: Declared) -> bool:
    """Tell whether it is a patch of an object of such a kind."""
    return resource.kind.endswith(PATCH) and resource.kind.removesuffix(PATCH) in _PATHS


def locate(resource: Declared) -> tuple[str, str]:
    """Return the title of an object, or of what is patched, e.g. `Deployment shop/orders`, and its path."""
    title, path = _PATHS[resource.kind.removesuffix(PATCH)]
    name, namespace = str(resource.at("metadata", "name")), resource.at("metadata", "namespace")
    place = f"{namespace}/{name}" if isinstance(namespace, str) else name
    return f"{title} {place}", path.format(name=name, namespace=namespace)


def _describe(document: Mapping[str, Any]) -> str:
    if at(document, "metadata", "deletionTimestamp"):
        return " (which is being deleted)"
    if release := at(document, "metadata", "annotations", "meta.helm.sh/release-name"):
        return f" (of the Helm release {release})"
    # Controllers write the status of what others make.
    entries = [entry for entry in listed(at(document, "metadata", "managedFields")) if not at(entry, "subresource")]
    return f" (made by {at(entries[0], 'manager')})" if entries else ""


def advise(resource: Declared, title: str, name: str, place: str) -> str:
    """Return the setting or the command that leaves an object alone, or adopts it."""
    if resource.kind == kinds.NAMESPACE:
        return f"add {name} to kubernetes.existingNamespaces: the stack then neither changes nor deletes it"
    own = "another name or namespace for the workload" if f"/{name}" in f"/{resource.name}" else "another name"
    keep = ""
    if resource.kind == kinds.SERVICE_ACCOUNT and "/" in resource.name:
        keep = f"use it as it is: serviceAccount: {{name: {name}, create: false}} for the workload; or "
    return (
        f"{keep}choose {own}, or delete the {title}; to adopt it, which deletes it with the stack: pulumi import "
        f"{resource.type} {resource.name} {place}, or {_UPSERT}=true for one update"
    )
