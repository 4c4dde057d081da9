"""What a workload's pods are made from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from strongroom.policy.rules.rule import at, listed


@dataclass(frozen=True)
class CsiVolume:
    """A volume that a CSI driver mounts."""

    driver: str
    provider_class: str
    read_only: bool

    credentials: str | None
    """The Kubernetes Secret of its `nodePublishSecretRef`."""

    mounted: bool
    """Whether a container mounts it: kubelet sets up no other."""


@dataclass(frozen=True)
class PodTemplate:
    """What a workload's pods are made from."""

    annotations: Mapping[str, str]
    labels: Mapping[str, str]

    audiences: Mapping[str, str]
    """The audience of the service account token in a volume, by the volume's name."""

    environment: Mapping[str, str]
    """The variables that its containers set to plain values."""

    service_account: str = "default"
    """The service account that they run as."""

    csi_volumes: tuple[CsiVolume, ...] = ()
    """Their volumes that a CSI driver mounts."""

    secret_keys: frozenset[tuple[str, str]] = frozenset()
    """The Kubernetes Secrets that variables are taken from, each by its name and its key."""


def parse_template(pod: object) -> PodTemplate:
    """Parse the template of a manifest: a mapping with metadata and spec."""
    spec = at(pod, "spec")
    return PodTemplate(
        annotations=_as_texts(at(pod, "metadata", "annotations")),
        labels=_as_texts(at(pod, "metadata", "labels")),
        audiences=dict(_list_audiences(spec)),
        environment=dict(_list_variables(spec)),
        service_account=str(at(spec, "serviceAccountName") or "default"),
    )


def _as_texts(found: object) -> Mapping[str, str]:
    return cast("Mapping[str, str]", found) if isinstance(found, Mapping) else {}


def _list_audiences(spec: object) -> Iterator[tuple[str, str]]:
    for volume in listed(at(spec, "volumes")):
        for source in listed(at(volume, "projected", "sources")):
            if token := at(source, "serviceAccountToken"):
                yield str(at(volume, "name")), str(at(token, "audience") or "")


def _list_variables(spec: object) -> Iterator[tuple[str, str]]:
    for container in listed(at(spec, "containers")):
        for variable in listed(at(container, "env")):
            if isinstance(value := at(variable, "value"), str):
                yield str(at(variable, "name")), value


def build_template(metadata: Any, spec: Any) -> PodTemplate:
    """Build the template from metadata and spec, as the kubernetes client read them."""
    volumes: list[Any] = spec.volumes or []
    containers: list[Any] = [*spec.containers, *(spec.init_containers or ())]
    audiences: dict[str, str] = {}
    environment: dict[str, str] = {}
    mounted = {mount.name for container in containers for mount in container.volume_mounts or ()}
    for volume in volumes:
        for source in volume.projected.sources if volume.projected else ():
            if source.service_account_token:
                audiences[volume.name] = source.service_account_token.audience or ""
    for container in containers:
        environment |= {variable.name: variable.value for variable in container.env or () if variable.value}
    return PodTemplate(
        metadata.annotations or {},
        metadata.labels or {},
        audiences,
        environment,
        service_account=spec.service_account_name or "default",
        csi_volumes=tuple(_read_csi_volume(volume.csi, volume.name in mounted) for volume in volumes if volume.csi),
        secret_keys=frozenset(
            (variable.value_from.secret_key_ref.name, variable.value_from.secret_key_ref.key)
            for container in containers
            for variable in container.env or ()
            if variable.value_from and variable.value_from.secret_key_ref
        ),
    )


def _read_csi_volume(source: Any, mounted: bool) -> CsiVolume:
    reference = source.node_publish_secret_ref
    attributes: dict[str, str] = source.volume_attributes or {}
    return CsiVolume(
        driver=source.driver,
        provider_class=attributes.get("secretProviderClass", ""),
        read_only=bool(source.read_only),
        credentials=reference.name if reference else None,
        mounted=mounted,
    )
