"""What a cluster has installed that brings secrets to pods."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from kubernetes import client

from strongroom.components.durations import parse_go_seconds
from strongroom.components.kubernetes.csi_volume import ADDON, DRIVER

from ..pulumi.stack import Cluster
from .client import call_api, connect


@dataclass(frozen=True)
class DaemonSet:
    """What runs on each node."""

    path: str
    """`namespace/name`."""

    release: str | None
    """The Helm release that it is of, as `namespace/name`."""

    user: str
    """User name of its pods' service account."""

    images: Sequence[str]
    names: Sequence[str]
    """Names of its containers."""

    arguments: Sequence[str]
    """Arguments of all its containers."""

    directories: Sequence[str]
    """Directories of the node that its pods mount."""

    wanted: int
    """Number of nodes that should run it."""

    ready: int
    """Number of nodes on which it is ready."""

    mount_paths: Sequence[str] = ()
    """Mount paths of its containers."""

    @property
    def drives(self) -> bool:
        """Whether it is the Secrets Store CSI driver: the chart and the AKS add-on name its container alike."""
        return "secrets-store" in self.names or any("secrets-store/driver" in image for image in self.images)

    def provides(self, provider: str) -> bool:
        """Return whether it is the driver's provider `provider`: it listens on a socket of that name.

        (Secrets Store CSI Driver docs: "Provider Implementation")
        """
        return not self.drives and any(argument.endswith(f"/{provider}.sock") for argument in self.arguments)

    def find_option(self, name: str) -> str | None:
        """Read the value of the option `name` from its arguments, e.g. `rotation-poll-interval`."""
        for argument in self.arguments:
            option, equals, value = argument.lstrip("-").partition("=")
            if equals and option == name:
                return value
        return None

    @property
    def poll_interval(self) -> timedelta | None:
        """How often a driver reads mounted secrets again, if its arguments set it."""
        seconds = parse_go_seconds(self.find_option("rotation-poll-interval") or "")
        return None if seconds is None else timedelta(seconds=seconds)

    def mounts(self, path: str) -> bool:
        """Return whether `path` is, or is below, a volume of one of its containers."""
        return any(PurePosixPath(path).is_relative_to(place) for place in self.mount_paths)

    @property
    def socket_directories(self) -> frozenset[str]:
        """Directories of the node in which the driver looks for providers' sockets."""
        found: set[str] = set()
        for argument in self.arguments:
            option, _, value = argument.lstrip("-").partition("=")
            if option in {"provider-volume", "additional-provider-volume-paths"}:
                found |= {place.rstrip("/") for place in value.split(",") if place}
        return frozenset(found)

    def __str__(self) -> str:
        whose = "the AKS add-on's" if self.path.endswith(f"/{ADDON}") else self.release and f"release {self.release}"
        return f"{self.path} ({whose})" if whose else self.path


@dataclass(frozen=True)
class Webhook:
    """A webhook that changes pods as they are created."""

    name: str
    labels: Mapping[str, str]
    """Labels of the pods that it selects."""

    namespace_labels: Mapping[str, str]
    """Labels of the namespaces that it selects."""

    service: tuple[str, str] | None
    """Namespace and name of its Service."""


class Installed:
    """A reader of a cluster's installation, with the caller's rights."""

    def __init__(self, cluster: Cluster) -> None:
        """Make a client for the installation.

        :param cluster: Which kubeconfig and context.
        :raises OpsError: There is no such kubeconfig or context.
        """
        api = connect(cluster)
        self._storage = client.StorageV1Api(api)
        self._apps = client.AppsV1Api(api)
        self._core = client.CoreV1Api(api)
        self._webhooks = client.AdmissionregistrationV1Api(api)
        self._slices = client.DiscoveryV1Api(api)
        self._extensions = client.ApiextensionsV1Api(api)
        self._authorization = client.AuthorizationV1Api(api)

    def read_audiences(self) -> frozenset[str]:
        """Read the audiences of the tokens that the Secrets Store CSI driver has kubelet request.

        (Kubernetes CSI docs: "Token Requests")

        :raises AbsentError: The cluster has no such driver.
        :raises OpsError: It can't be read, or not by this user.
        """
        found: Any = call_api(f"CSIDriver {DRIVER}", lambda: self._storage.read_csi_driver(DRIVER))
        return frozenset(request.audience or "" for request in found.spec.token_requests or ())

    def list_daemon_sets(self) -> list[DaemonSet]:
        """List the DaemonSets, without those for Windows nodes.

        :raises OpsError: It can't be read, or not by this user.
        """
        found: Any = call_api("list of DaemonSets", self._apps.list_daemon_set_for_all_namespaces)
        return [_parse_daemon_set(entry) for entry in found.items if not _is_for_windows(entry)]

    def has_nodes(self) -> bool:
        """Return whether a kubelet has registered a node.

        :raises OpsError: It can't be read, or not by this user.
        """
        found: Any = call_api("list of Nodes", lambda: self._core.list_node(limit=1))
        return bool(found.items)

    def has_registered(self, node: str, driver: str) -> bool:
        """Return whether a CSI driver has registered with a node's kubelet (Kubernetes API: "CSINode").

        :raises OpsError: It can't be read, or not by this user.
        """
        found: Any = call_api(f"CSINode {node}", lambda: self._storage.read_csi_node(node))
        return any(each.name == driver for each in found.spec.drivers or ())

    def list_webhooks(self, domain: str) -> list[Webhook]:
        """List the mutating webhooks whose names end in `domain`.

        :raises OpsError: It can't be read, or not by this user.
        """
        found: Any = call_api(
            "list of MutatingWebhookConfigurations", self._webhooks.list_mutating_webhook_configuration
        )
        return [
            _parse_webhook(hook) for entry in found.items for hook in entry.webhooks or () if hook.name.endswith(domain)
        ]

    def has_ready_pod(self, namespace: str, service: str) -> bool:
        """Return whether a pod of `service` is ready.

        :raises OpsError: It can't be read, or not by this user.
        """
        found: Any = call_api(
            f"endpoints of Service {namespace}/{service}",
            lambda: self._slices.list_namespaced_endpoint_slice(
                namespace, label_selector=f"kubernetes.io/service-name={service}"
            ),
        )
        return any(
            endpoint.conditions is None or endpoint.conditions.ready is not False
            for piece in found.items
            for endpoint in piece.endpoints or ()
        )

    def has_crd(self, crd: str) -> bool:
        """Return whether the custom resource definition `crd` exists.

        :raises OpsError: It can't be read, or not by this user.
        """
        found: Any = call_api(
            "list of CustomResourceDefinitions",
            lambda: self._extensions.list_custom_resource_definition(field_selector=f"metadata.name={crd}"),
        )
        return bool(found.items)

    def read_namespaces(self) -> Mapping[str, Mapping[str, str]]:
        """Read the namespaces' labels, by name.

        :raises OpsError: It can't be read, or not by this user.
        """
        found: Any = call_api("list of Namespaces", self._core.list_namespace)
        return {entry.metadata.name: entry.metadata.labels or {} for entry in found.items}

    def may_create(self, user: str, resource: str, namespace: str) -> bool:
        """Return whether `user` may create `resource` in `namespace`.

        :param user: A service account, as `system:serviceaccount:<namespace>:<name>`.
        :param resource: A resource of the core API, with its subresource after a slash.
        :raises OpsError: It can't be read, or not by this user.
        """
        kind, _, below = resource.partition("/")
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{user.split(':')[-2]}", "system:authenticated"]
        review = client.V1SubjectAccessReview(
            spec=client.V1SubjectAccessReviewSpec(
                user=user,
                groups=groups,
                resource_attributes=client.V1ResourceAttributes(
                    namespace=namespace, verb="create", resource=kind, subresource=below or None
                ),
            )
        )
        answer: Any = call_api("access review", lambda: self._authorization.create_subject_access_review(review))
        return bool(answer.status.allowed)


def _is_for_windows(entry: Any) -> bool:
    selector: dict[str, str] = entry.spec.template.spec.node_selector or {}
    return selector.get("kubernetes.io/os") == "windows"


def _parse_daemon_set(entry: Any) -> DaemonSet:
    annotations: dict[str, str] = entry.metadata.annotations or {}
    pod: Any = entry.spec.template.spec
    release = annotations.get("meta.helm.sh/release-name")
    containers: list[Any] = pod.containers
    volumes: list[Any] = pod.volumes or []
    namespace = entry.metadata.namespace
    return DaemonSet(
        path=f"{namespace}/{entry.metadata.name}",
        release=f"{annotations.get('meta.helm.sh/release-namespace')}/{release}" if release else None,
        user=f"system:serviceaccount:{namespace}:{pod.service_account_name or 'default'}",
        images=[container.image or "" for container in containers],
        names=[container.name for container in containers],
        arguments=[word for container in containers for word in (*(container.command or ()), *(container.args or ()))],
        directories=[volume.host_path.path.rstrip("/") for volume in volumes if volume.host_path],
        wanted=entry.status.desired_number_scheduled or 0,
        ready=entry.status.number_ready or 0,
        mount_paths=[mount.mount_path for container in containers for mount in container.volume_mounts or ()],
    )


def _parse_webhook(hook: Any) -> Webhook:
    service = hook.client_config.service

    def get_labels(selector: Any) -> Mapping[str, str]:
        return (selector.match_labels if selector else None) or {}

    return Webhook(
        hook.name,
        get_labels(hook.object_selector),
        get_labels(hook.namespace_selector),
        (service.namespace, service.name) if service else None,
    )
