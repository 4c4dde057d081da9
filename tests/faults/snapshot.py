"""What there is after a run: in the state, and on every server."""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hvac.exceptions import InvalidPath
from kubernetes import config, dynamic

from sandbox.engine import Engine
from sandbox.providers.azure_native import KINDS
from sandbox.running import Sandbox
from strongroom.ops.pulumi.state import hide_secrets

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"\b[0-9a-f]{16}\b|[0-9a-f]{32,}")
_OBJECTS = {
    "v1": ("Namespace", "ServiceAccount", "Secret", "ConfigMap", "Pod"),
    "apps/v1": ("Deployment", "DaemonSet"),
    "rbac.authorization.k8s.io/v1": ("ClusterRoleBinding", "ClusterRole", "RoleBinding", "Role"),
    "secrets-store.csi.x-k8s.io/v1": ("SecretProviderClass",),
}
_COUNTED = {"deployment.kubernetes.io/revision", "kubernetes.io/legacy-token-last-used"}
"""What the cluster writes down of what was done."""

_MANAGER = "pulumi-kubernetes"
_OWN = {"default", "root", "strongroom-admin"}
"""Policies that are not a stack's."""


@dataclass
class Picture:
    """Everything, with what is random in every run taken out, and secrets apart."""

    state: dict[str, Any] = field(default_factory=dict[str, Any])
    """Resources by URN, with their inputs."""

    servers: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the stack's servers hold, by kind and id."""

    pending: list[str] = field(default_factory=list[str])
    """Operations that the state thinks are not over."""

    orphans: list[str] = field(default_factory=list[str])
    """What is on a server with the engine's marks, and not in the state."""

    generated: dict[str, str] = field(default_factory=dict[str, str])
    """The state's passwords, by URN."""

    written: set[str] = field(default_factory=set[str])
    """The store's values."""

    @property
    def strangers(self) -> list[str]:
        """URNs of passwords of the state that the store doesn't hold."""
        return [urn for urn, value in self.generated.items() if value not in self.written]


def take(world: Sandbox, engine: Engine, stack: str) -> Picture:
    """A picture of `stack` as it is now."""
    reported = subprocess.run(
        [world.tools.path("pulumi"), "stack", "export", "--show-secrets", "--stack", stack, "--cwd", engine.home],
        env={**os.environ, **engine.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    deployment: dict[str, Any] = json.loads(reported.stdout)["deployment"]
    operations: list[dict[str, Any]] = deployment.get("pending_operations") or []
    picture = Picture(pending=[f"{one['type']} {one['resource']['urn']}" for one in operations])
    ids: set[str] = set()
    for resource in deployment.get("resources") or ():
        marks = {key: resource[key] for key in ("pendingReplacement", "initErrors") if resource.get(key)}
        over = " (to be deleted)" if resource.get("delete") else ""
        picture.state[f"{resource['urn']}{over}"] = {"inputs": plain(_inputs(resource)), **marks}
        ids.add(str(resource.get("id", "")).lower())
        if resource["type"].endswith(":RandomPassword") and not over:
            picture.generated[resource["urn"]] = json.loads(resource["outputs"]["result"]["plaintext"])
    for server in (_cluster(world), _vault(world, picture.written), _azure(world, picture.written)):
        picture.servers |= dict(server)
    picture.orphans = [name for name in picture.servers if name.partition(" ")[2].lower() not in ids]
    return picture


def _inputs(resource: dict[str, Any]) -> Any:
    # Dynamic resources carry their pickled program, which holds nothing of the stack.
    return hide_secrets({key: value for key, value in (resource.get("inputs") or {}).items() if key != "__provider"})


def plain(value: Any) -> Any:
    """`value` without what is random in every run."""
    if isinstance(value, dict):
        return {key: plain(below) for key, below in value.items()}
    if isinstance(value, list):
        return [plain(below) for below in value]
    if isinstance(value, str):
        return _DIGEST.sub("[digest]", _UUID.sub("[uuid]", value))
    return value


def _cluster(world: Sandbox) -> Iterator[tuple[str, Any]]:
    cluster = dynamic.DynamicClient(config.new_client_from_config(str(world.api_server.kubeconfig)))
    for version, kinds in _OBJECTS.items():
        for kind in kinds:
            for item in cluster.resources.get(api_version=version, kind=kind).get().to_dict()["items"]:
                metadata = item["metadata"]
                if _MANAGER not in {entry["manager"] for entry in metadata.get("managedFields") or ()}:
                    continue
                place = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
                kept = {name: _lasting(metadata.get(name) or {}) for name in ("annotations", "labels")}
                if kind not in {"Pod", "Namespace"}:
                    kept |= {key: item.get(key) for key in ("spec", "roleRef", "subjects", "type")}
                yield f"{kind} {place}", plain(kept)


def _lasting(marks: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in marks.items() if name not in _COUNTED}


def _vault(world: Sandbox, written: set[str]) -> Iterator[tuple[str, Any]]:
    vault = world.vault.client()
    for name in set(vault.sys.list_acl_policies()["data"]["keys"]) - _OWN:
        yield f"policy {name}", vault.sys.read_acl_policy(name)["data"]["policy"]
    for path, mount in vault.sys.list_mounted_secrets_engines()["data"].items():
        if mount["type"] == "kv":
            yield f"mount {path.strip('/')}", {key: mount[key] for key in ("type", "description", "options")}
            for name in _keys(vault, f"{path}metadata"):
                versions = vault.adapter.get(f"/v1/{path}metadata/{name}")["data"]["versions"]
                with contextlib.suppress(InvalidPath):  # it may be deleted, and still have its metadata
                    written |= set(vault.adapter.get(f"/v1/{path}data/{name}")["data"]["data"].values())
                yield f"object {path}data/{name}", {"versions": len(versions)}
    for path, mount in vault.sys.list_auth_methods()["data"].items():
        if mount["type"] != "token":
            yield f"auth {path.strip('/')}", {key: mount[key] for key in ("type", "description")}
            with contextlib.suppress(InvalidPath):
                yield f"config auth/{path}config", vault.adapter.get(f"/v1/auth/{path}config")["data"]
            for name in _keys(vault, f"auth/{path}role"):
                yield f"role auth/{path}role/{name}", vault.adapter.get(f"/v1/auth/{path}role/{name}")["data"]


def _keys(vault: Any, path: str) -> list[str]:
    try:
        return vault.adapter.list(f"/v1/{path}")["data"]["keys"]
    except InvalidPath:
        return []


def _azure(world: Sandbox, written: set[str]) -> Iterator[tuple[str, Any]]:
    store = world.azure.store
    for type_ in sorted({kind.arm for kind in KINDS.values()}):
        for resource in store.resources(type_):
            yield f"{type_} {resource['id']}", plain(resource["properties"])
    for vault in store.resources("Microsoft.KeyVault/vaults"):
        for secret in store.objects(vault["name"].lower(), "secrets"):
            written.add(secret["versions"][-1]["value"])
            yield f"object {vault['id']}/secrets/{secret['name']}", {"versions": len(secret["versions"])}
