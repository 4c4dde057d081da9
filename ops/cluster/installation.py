"""What a cluster has installed that brings secrets to pods."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from kubernetes import client

from strongroom.components.kubernetes.csi_volume import ADDON, DRIVER

from ..pulumi.stack import Cluster
from .client import asked, connected


@dataclass(frozen=True)
class DaemonSet:
    """What runs on each node."""

    path: str
    """`namespace/name`."""

    release: str | None
    """The Helm release that it is of, as `namespace/name`."""

    user: str
    """Who its pods are to the API server."""

    images: Sequence[str]
    names: Sequence[str]
    """Of its containers."""

    arguments: Sequence[str]
    """Of all its containers."""

    directories: Sequence[str]
    """The nodes' directories that its pods see."""

    wanted: int
    """How many nodes should run it."""

    ready: int
    """On how many it is ready."""

    mount_paths: Sequence[str] = ()
    """Where its containers have volumes."""

    @property
    def drives(self) -> bool:
        """Whether it is the Secrets Store CSI driver: the chart and the AKS add-on name its container alike."""
        return "secrets-store" in self.names or any("secrets-store/driver" in image for image in self.images)

    def provides(self, provider: str) -> bool:
        """Whether it is the provider that the driver calls `provider`: it listens on a socket of that name.

        (Secrets Store CSI Driver docs: "Provider Implementation")
        """
        return not self.drives and any(argument.endswith(f"/{provider}.sock") for argument in self.arguments)

    def option(self, name: str) -> str | None:
        """Read the value of the option `name` from its arguments, e.g. `rotation-poll-interval`."""
        for argument in self.arguments:
            option, equals, value = argument.lstrip("-").partition("=")
            if equals and option == name:
                return value
        return None

    def mounts(self, path: str) -> bool:
        """Tell whether `path` is, or is below, a volume of one of its containers."""
        return any(PurePosixPath(path).is_relative_to(place) for place in self.mount_paths)

    @property
    def socket_directories(self) -> frozenset[str]:
        """With the driver: the nodes' directories that it looks for providers' sockets in."""
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
    """What changes pods as they are created."""

    name: str
    labels: Mapping[str, str]
    """The labels of the pods that it looks at."""

    namespace_labels: Mapping[str, str]
    """The labels of the namespaces that it looks at."""

    service: tuple[str, str] | None
    """Who answers, as namespace and name of a Service."""


class Installed:
    """A cluster's installation, with the rights of whoever runs the command."""

    def __init__(self, cluster: Cluster) -> None:
        """
        :param cluster: Which kubeconfig and context.
        :raises OpsError: There is no such kubeconfig or context.
        """
        api = connected(cluster)
        self._storage = client.StorageV1Api(api)
        self._apps = client.AppsV1Api(api)
        self._core = client.CoreV1Api(api)
        self._webhooks = client.AdmissionregistrationV1Api(api)
        self._slices = client.DiscoveryV1Api(api)
        self._extensions = client.ApiextensionsV1Api(api)
        self._authorization = client.AuthorizationV1Api(api)

    def audiences(self) -> frozenset[str]:
        """The audiences that the Secrets Store CSI driver has kubelet request tokens of.

        (Kubernetes CSI docs: "Token Requests")

        :raises AbsentError: The cluster has no such driver.
        :raises OpsError: It can't be asked, or not by this user.
        """
        found: Any = asked(f"CSIDriver {DRIVER}", lambda: self._storage.read_csi_driver(DRIVER))
        return frozenset(request.audience or "" for request in found.spec.token_requests or ())

    def daemon_sets(self) -> list[DaemonSet]:
        """Everything that runs on each node; what is for Windows nodes left out.

        :raises OpsError: It can't be asked, or not by this user.
        """
        found: Any = asked("list of DaemonSets", self._apps.list_daemon_set_for_all_namespaces)
        return [_daemon_set(entry) for entry in found.items if not _for_windows(entry)]

    def has_nodes(self) -> bool:
        """Tell whether a kubelet has ever registered a node.

        :raises OpsError: It can't be asked, or not by this user.
        """
        found: Any = asked("list of Nodes", lambda: self._core.list_node(limit=1))
        return bool(found.items)

    def webhooks(self, domain: str) -> list[Webhook]:
        """The mutating webhooks whose names end in `domain`.

        :raises OpsError: It can't be asked, or not by this user.
        """
        found: Any = asked("list of MutatingWebhookConfigurations", self._webhooks.list_mutating_webhook_configuration)
        return [_webhook(hook) for entry in found.items for hook in entry.webhooks or () if hook.name.endswith(domain)]

    def answers(self, namespace: str, service: str) -> bool:
        """Whether a pod behind `service` is ready.

        :raises OpsError: It can't be asked, or not by this user.
        """
        found: Any = asked(
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

    def serves(self, crd: str) -> bool:
        """Whether the custom resource definition `crd` is there.

        :raises OpsError: It can't be asked, or not by this user.
        """
        found: Any = asked(
            "list of CustomResourceDefinitions",
            lambda: self._extensions.list_custom_resource_definition(field_selector=f"metadata.name={crd}"),
        )
        return bool(found.items)

    def namespaces(self) -> Mapping[str, Mapping[str, str]]:
        """The namespaces' labels, by name.

        :raises OpsError: It can't be asked, or not by this user.
        """
        found: Any = asked("list of Namespaces", self._core.list_namespace)
        return {entry.metadata.name: entry.metadata.labels or {} for entry in found.items}

    def may_create(self, user: str, resource: str, namespace: str) -> bool:
        """Whether `user` may create `resource` in `namespace`.

        :param user: A service account, as `system:serviceaccount:<namespace>:<name>`.
        :param resource: Of the core API; with its subresource after a slash.
        :raises OpsError: It can't be asked, or not by this user.
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
        answer: Any = asked("access review", lambda: self._authorization.create_subject_access_review(review))
        return bool(answer.status.allowed)


def _for_windows(entry: Any) -> bool:
    selector: dict[str, str] = entry.spec.template.spec.node_selector or {}
    return selector.get("kubernetes.io/os") == "windows"


def _daemon_set(entry: Any) -> DaemonSet:
    said: dict[str, str] = entry.metadata.annotations or {}
    pod: Any = entry.spec.template.spec
    release = said.get("meta.helm.sh/release-name")
    containers: list[Any] = pod.containers
    volumes: list[Any] = pod.volumes or []
    namespace = entry.metadata.namespace
    return DaemonSet(
        path=f"{namespace}/{entry.metadata.name}",
        release=f"{said.get('meta.helm.sh/release-namespace')}/{release}" if release else None,
        user=f"system:serviceaccount:{namespace}:{pod.service_account_name or 'default'}",
        images=[container.image or "" for container in containers],
        names=[container.name for container in containers],
        arguments=[word for container in containers for word in (*(container.command or ()), *(container.args or ()))],
        directories=[volume.host_path.path.rstrip("/") for volume in volumes if volume.host_path],
        wanted=entry.status.desired_number_scheduled or 0,
        ready=entry.status.number_ready or 0,
        mount_paths=[mount.mount_path for container in containers for mount in container.volume_mounts or ()],
    )


def _webhook(hook: Any) -> Webhook:
    service = hook.client_config.service

    def labels(selector: Any) -> Mapping[str, str]:
        return (selector.match_labels if selector else None) or {}

    return Webhook(
        hook.name,
        labels(hook.object_selector),
        labels(hook.namespace_selector),
        (service.namespace, service.name) if service else None,
    )
