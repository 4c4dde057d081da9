"""The template of a workload's pods: what Strongroom declares, with what the workload adds to it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from ..cross_checks import Location
from ..workload import DEFAULT_SCRATCH, ENDING_KINDS, Workload
from .merge import merge
from .pod_parts import PodParts

_GROUPS = ("containers", "initContainers")
_SCRATCH = "scratch-"
"""How the names of the scratch directories' volumes begin."""

_OWNED_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/managed-by", "strongroom/", "azure.workload.identity/")
_OWNED_VOLUMES = {
    *("secrets-store", "vault-token"),
    # What the Vault Agent injector and the workload identity webhook add.
    *("vault-secrets", "vault-tls-secrets", "vault-agent-cache", "home-init", "home-sidecar", "azure-identity-token"),
}
_OWNED_ANNOTATIONS = ("strongroom/", "vault.hashicorp.com/", "azure.workload.identity/")


def build_labels(workload: Workload) -> dict[str, str]:
    """Build the labels of a workload's objects, by which its controller finds its pods."""
    return {"app.kubernetes.io/name": workload.name, "app.kubernetes.io/managed-by": "strongroom"}


def build_pod_spec(workload: Workload, parts: PodParts) -> dict[str, Any]:
    """Build the specification of a workload's pods.

    :param parts: What its delivery puts into them.
    """
    added = _read_added(workload, "spec")
    own = _build_own_spec(workload, parts, added)
    rest = {name: value for name, value in added.items() if name not in _GROUPS}
    return {**merge(own, rest), **_build_containers(workload, parts, added)}


def list_conflicting_fields(workload: Workload) -> Iterator[tuple[Location, str]]:
    """List the fields of a workload's template that belong to Strongroom, or that no pod could have.

    The template's fields are those of a PodTemplateSpec.
    """
    spec = _read_added(workload, "spec")
    for name in ("serviceAccountName", "serviceAccount"):
        if name in spec:
            yield ("spec", name), "This field belongs to Strongroom: it is the account that the store's grant is for"
    if workload.delivery.kind == "akv2k8s" and spec.get("automountServiceAccountToken") is False:
        message = "This field must be true with delivery 'akv2k8s', which reads the Kubernetes API: leave it out"
        yield ("spec", "automountServiceAccountToken"), message
    for number, volume in enumerate(_list(spec, "volumes")):
        if _is_owned_volume(volume.get("name")):
            yield (
                ("spec", "volumes", number, "name"),
                f"The name {volume['name']!r} belongs to a volume of Strongroom: use another one",
            )
    for section, owned in (("labels", _OWNED_LABELS), ("annotations", _OWNED_ANNOTATIONS)):
        for name in cast("Mapping[str, Any]", _read_added(workload, "metadata").get(section) or {}):
            if name.startswith(owned):
                yield ("metadata", section, name), "This name belongs to Strongroom, or to what delivers: use another"
    names: list[object] = []
    for group in _GROUPS:
        for number, container in enumerate(_list(spec, group)):
            for location, message in _check_container(workload, group, container):
                yield ("spec", group, number, *location), message
            name = container.get("name")
            if name is not None and name in names:
                yield ("spec", group, number, "name"), f"The name {name!r} is another container's too: use another one"
            names.append(name)


def list_container_names(workload: Workload) -> list[str]:
    """List the names of all containers of a workload's pods, also of those that only its template has."""
    spec = _read_added(workload, "spec")
    added = [str(each["name"]) for group in _GROUPS for each in _list(spec, group) if "name" in each]
    return list(dict.fromkeys([*workload.containers, *added]))


def list_init_names(workload: Workload) -> list[str]:
    """List the names of the init containers of a workload's template."""
    return [str(each.get("name")) for each in _list(_read_added(workload, "spec"), "initContainers")]


def list_mounting(workload: Workload) -> Sequence[str]:
    """List the names of the containers that get a workload's secrets."""
    return workload.attach.containers if workload.attach else workload.mounts or list(workload.containers)


def _build_own_spec(workload: Workload, parts: PodParts, added: Mapping[str, Any]) -> dict[str, Any]:
    used = {name for each in _list_all(workload, added) for name, _ in _list_scratch(workload, each)}
    return {
        "serviceAccountName": workload.service_account_name,
        "automountServiceAccountToken": parts.api_token,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": workload.run_as_user,
            "runAsGroup": workload.run_as_user,
            "fsGroup": workload.run_as_user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [*parts.volumes, *({"name": name, "emptyDir": {}} for name in sorted(used))],
        **({"restartPolicy": "Never"} if workload.kind in ENDING_KINDS else {}),
    }


def _build_containers(workload: Workload, parts: PodParts, added: Mapping[str, Any]) -> dict[str, Any]:
    changes = {str(each.get("name")): each for each in _list(added, "containers")}
    images = workload.containers
    main = [changes.get(name, {"name": name}) for name in images]
    others = [each for name, each in changes.items() if name not in images]
    several = len(_list_all(workload, added)) > 1
    return {
        group: [merge(_build_container(workload, parts, each, several), each) for each in containers]
        for group, containers in (("containers", [*main, *others]), ("initContainers", _list(added, "initContainers")))
        if containers or group == "containers"
    }


def _build_container(
    workload: Workload, parts: PodParts, container: Mapping[str, Any], several: bool
) -> dict[str, Any]:
    """Build what a container has before the template's changes to it."""
    name = str(container.get("name"))
    image = workload.containers.get(name)
    mounting = name in list_mounting(workload)
    scratch = [
        # Each container has a directory of its own, as it would have in its image.
        {"name": volume, "mountPath": path, **({"subPath": name} if several else {})}
        for volume, path in _list_scratch(workload, container)
    ]
    return {
        "name": name,
        **({"image": image} if image else {}),
        **({"command": list(workload.command)} if workload.command and image else {}),
        "env": list(parts.environment) if mounting else [],
        "volumeMounts": [*(parts.mounts if mounting else ()), *scratch],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }


def _list_all(workload: Workload, added: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List all containers of the pods, with what the template says of each."""
    listed = [each for group in _GROUPS for each in _list(added, group)]
    names = {each.get("name") for each in listed}
    return [*listed, *({"name": name} for name in workload.containers if name not in names)]


def _list_scratch(workload: Workload, container: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the scratch directories of a container, each with its volume, but those where something else is mounted."""
    taken = {_normalize(workload.mount_path), *(_normalize(each.get("mountPath")) for each in _list_mounts(container))}
    return [
        (f"{_SCRATCH}{number}", path) for number, path in enumerate(workload.scratch) if _normalize(path) not in taken
    ]


def _is_owned_volume(name: object) -> bool:
    return name in _OWNED_VOLUMES or str(name).startswith(_SCRATCH)


def _check_container(workload: Workload, group: str, container: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    name = container.get("name")
    if name is None:
        yield (), "This container needs a name: a container's changes are found by it"
        return
    if not container.get("image") and (group == "initContainers" or name not in workload.containers):
        yield (), f"The container {name!r} is in neither image nor images of this workload: give it an image"
    if group == "initContainers" and name in workload.containers:
        yield ("name",), f"The name {name!r} belongs to a container of this workload: use another one"
    secret = {each.env for each in workload.secrets if each.env}
    for number, variable in enumerate(_list(container, "env")):
        if variable.get("name") in secret and name in list_mounting(workload):
            message = f"The variable {variable['name']!r} is a secret's env: it can be set only once"
            yield ("env", number, "name"), message
    own = {_normalize(workload.mount_path): "mountPath"}
    own |= {
        _normalize(each.mount_path): f"secrets[{place}].mountPath"
        for place, each in enumerate(workload.secrets)
        if each.mount_path
    }
    if workload.scratch != DEFAULT_SCRATCH:
        own |= {_normalize(path): "scratch" for path in workload.scratch}
    for number, mount in enumerate(_list_mounts(container)):
        if _is_owned_volume(mount.get("name")):
            message = f"The volume {mount['name']!r} belongs to Strongroom: to give it to a container, use mounts"
            yield ("volumeMounts", number, "name"), message
        path = _normalize(mount.get("mountPath"))
        for taken, setting in own.items():
            if path == taken or (setting == "mountPath" and path.startswith(f"{taken}/")):
                message = f"The path {path!r} is used twice: this workload's {setting} is {taken!r}. Use another one"
                yield ("volumeMounts", number, "mountPath"), message


def _list_mounts(container: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return _list(container, "volumeMounts")


def _normalize(path: object) -> str:
    return str(path).rstrip("/") or "/"


def _read_added(workload: Workload, section: str) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", workload.template.get(section) or {})


def _list(document: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", document.get(name) or ())
