"""A sandbox with a node, and both local stacks on it with a workload of each kind that pods tell apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation import ConfigValue

from sandbox.node import cgroups
from sandbox.node.description import Description
from sandbox.node.requirements import list_missing
from sandbox.running import Sandbox
from tests.integration.node.injector import injecting
from tests.integration.node.pods import Pods
from tests.support.sandboxed import Project, copied, started

ENCODED = {"base64": "b25l", "hex": "6f6e65", "plain": "one"}
"""The first version of the object that is delivered by its encodings."""

_TEXT = [{"name": "text", "object": "encoded", "key": "plain"}]

_KINDS: list[dict[str, Any]] = [
    {
        "name": "stateful",
        "kind": "StatefulSet",
        "replicas": 2,
        "secrets": _TEXT,
        "controller": {
            "serviceName": "stateful",
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": "data"},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "storageClassName": "",
                        "resources": {"requests": {"storage": "1Mi"}},
                    },
                }
            ],
        },
        "template": {
            "spec": {"containers": [{"name": "stateful", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}
        },
    },
    {"name": "everywhere", "kind": "DaemonSet", "secrets": _TEXT},
    {
        "name": "once",
        "kind": "Job",
        "secrets": _TEXT,
        "command": ["busybox", "cp", "/shared/text", "/dev/termination-log"],
        "mounts": ["migrate"],
        "template": {
            "spec": {
                "volumes": [{"name": "shared", "emptyDir": {}}],
                "initContainers": [
                    {
                        "name": "migrate",
                        "image": "busybox:1.36",
                        "command": ["busybox", "cp", "/mnt/secrets-store/text", "/shared/text"],
                        "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
                    }
                ],
                "containers": [{"name": "once", "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}],
            }
        },
    },
    {
        "name": "nightly",
        "kind": "CronJob",
        "secrets": _TEXT,
        "command": ["busybox", "cp", "/mnt/secrets-store/text", "/dev/termination-log"],
        "controller": {"schedule": "* * * * *", "concurrencyPolicy": "Forbid"},
    },
    {
        "name": "web",
        "secrets": _TEXT,
        "command": ["busybox", "httpd", "-f", "-p", "8080", "-h", "/tmp"],  # noqa: S108
        "scratch": ["/tmp", "/var/run/web"],  # noqa: S108
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "ports": [{"name": "http", "containerPort": 8080}],
                        "lifecycle": {
                            "postStart": {"exec": {"command": ["busybox", "cp", "/etc/hostname", "/tmp/index.html"]}}  # noqa: S108
                        },
                        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
                        "resources": {"requests": {"cpu": "10m", "memory": "4Mi"}, "limits": {"cpu": "1000m"}},
                    },
                    {"name": "beside", "image": "busybox:1.36", "command": ["sleep", "infinity"]},
                ]
            }
        },
    },
]
"""A workload of each kind, and one with what a web server needs."""
PULL = '{"auths": {"registry.example.net": {"auth": "b3JkZXJzOm9uZQ=="}}}'
"""What a registry's clients log in with."""

_MORE_OF_VAULT: dict[str, Any] = {
    "workloads": [
        {
            "name": "formats",
            "secrets": [
                {"name": "base64", "object": "encoded", "key": "base64", "encoding": "base64"},
                {"name": "hex", "object": "encoded", "key": "hex", "encoding": "hex", "filePermission": "0404"},
                {"name": "latest", "object": "encoded", "key": "plain"},
                {"name": "first", "object": "encoded", "key": "plain", "version": "1"},
                {"name": "in/a/directory", "object": "encoded", "key": "plain", "mountPath": "/etc/app/text"},
            ],
        },
        {
            "name": "agent",
            "delivery": {"kind": "agent-injector", "mode": "sidecar", "renderInterval": "1s"},
            "secrets": [
                {"name": "text", "object": "encoded", "key": "plain", "filePermission": "0400"},
                {"name": "in/decoded", "object": "encoded", "key": "base64", "encoding": "base64"},
                {"name": "missing", "object": "encoded", "key": "missing", "optional": True},
                {"name": "all.json", "object": "encoded", "format": "json"},
            ],
        },
        {
            "name": "copied",
            "delivery": "kubernetes-secret",
            "secrets": [{"name": "text", "object": "encoded", "key": "plain", "env": "TEXT"}],
        },
        *_KINDS,
        {
            "name": "registry",
            "delivery": {
                "kind": "kubernetes-secret",
                "secretName": "pull",
                "type": "kubernetes.io/dockerconfigjson",
                "labels": {"team": "bank"},
                "annotations": {"of": "the registry"},
            },
            "secrets": [{"name": ".dockerconfigjson", "object": "registry", "key": "config"}],
        },
    ],
}
"""What is beside the workloads of the stack `local`."""

_MORE_OF_KEY_VAULT: dict[str, Any] = {
    "workloads": [
        {
            "name": "formats",
            "delivery": {
                "kind": "csi",
                "syncedSecrets": [
                    {"name": "front", "type": "kubernetes.io/tls", "data": {"tls.crt": "tls.pem", "tls.key": "tls.pem"}}
                ],
            },
            "secrets": [
                {"name": "in/decoded", "object": "blob", "encoding": "base64"},
                {"name": "tls.pem", "object": "shop-tls", "format": "pem"},
                {"name": "tls.pfx", "object": "shop-pfx", "format": "pfx"},
                {"name": "tls.crt", "object": "shop-tls", "type": "cert"},
                {"name": "signer.pem", "object": "signer", "type": "key"},
            ],
        },
        {"name": "history", "secrets": [{"name": "token", "object": "ledger", "key": "token", "versionHistory": 2}]},
    ],
    "seeds": {"blob": {"generate": {"length": 32, "special": False}}},
    "backend": {
        "keys": {"signer": {}},
        "certificates": {
            "shop-tls": {"subject": "CN=shop.example.net"},
            "shop-pfx": {"subject": "CN=shop.example.net", "contentType": "pfx"},
        },
    },
}
"""What is beside those of the stack `local-azure`."""


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with a node, beside that of other tests, whose pods would run on it."""
    state = tmp_path_factory.mktemp("node") / "state"
    if missing := list_missing(state):
        pytest.skip(f"no node can run here: {'; '.join(missing)}")
    before = mounts(), interfaces()
    with started(state, node=True) as made:
        if not made.has_node:
            pytest.skip("no container runtime can be had here")
        assert (mounts(), interfaces()) == before
        with injecting(made):
            yield made
        groups = [place / Description.read(made.state / "node" / "node.json").cgroup for place in hierarchies()]
        assert all(group.is_dir() for group in groups)
    assert (mounts(), interfaces()) == before
    assert not any(group.exists() for group in groups)


def mounts() -> set[str]:
    """What is mounted on this machine."""
    return {line.split(maxsplit=4)[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}


def interfaces() -> set[str]:
    """This machine's network interfaces."""
    return {found.name for found in Path("/sys/class/net").iterdir()}


def hierarchies() -> set[Path]:
    """Where control groups of nodes are made."""
    return {place for place, _ in cgroups.hierarchies().values()}


@pytest.fixture(scope="module")
def pods(world: Sandbox) -> Pods:
    return Pods(world)


@pytest.fixture(scope="module")
def project(world: Sandbox, pods: Pods, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The stack `local`, and workloads of each kind, with each encoding and by each delivery."""
    for number in range(2):
        pods.add_volume(f"data-{number}")
    root = _extended(tmp_path_factory.mktemp("project"), "local", _MORE_OF_VAULT)
    made = Project(root, world, "local")
    with made.engine.stack("local") as stack:
        values = {f"strongroom:seeds.encoded.{key}": ConfigValue(value, secret=True) for key, value in ENCODED.items()}
        values["strongroom:seeds.registry.config"] = ConfigValue(PULL, secret=True)
        stack.set_all_config(values, path=True)
    made.engine.run("up", "local")
    return made


@pytest.fixture(scope="module")
def azure_project(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The stack `local-azure`, and workloads with each kind of object."""
    root = _extended(tmp_path_factory.mktemp("azure-project"), "local-azure", _MORE_OF_KEY_VAULT)
    made = Project(root, world, "local-azure")
    made.engine.run("up", "local-azure")
    return made


def _extended(directory: Path, stack: str, more: dict[str, Any]) -> Path:
    """A copy of the project, whose stack has more workloads and objects."""
    root = copied(directory)
    file = root / "stacks" / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load(file.read_text())
    common = {"namespace": "bank", "image": "busybox:1.36", "command": ["sleep", "infinity"]}
    document["config"]["strongroom:workloads"] += [{**common, **each} for each in more["workloads"]]
    for setting in ("backend", "seeds"):
        document["config"][f"strongroom:{setting}"] |= more.get(setting, {})
    file.write_text(yaml.safe_dump(document))
    return root
