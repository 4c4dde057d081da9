"""What runs on the node, and how it is configured."""

import json
from pathlib import Path

from ..ports import HOST
from . import pod_network
from .description import Description
from .images import PAUSE

NODE = "node-1"
SOCKET = "/run/containerd/containerd.sock"

CONFIGURATION = Path("/var/lib/node")
"""Where the node keeps its configuration, in its own file system."""

_CONTAINERD = """\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.opt",
]

[grpc]
address = "{socket}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
restrict_oom_score_adj = true
disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{configuration}/cni-plugins"
conf_dir = "{configuration}/cni"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "{runtime}/usr/sbin/runc"
SystemdCgroup = false
"""

_NETWORK = {
    "cniVersion": "0.4.0",
    "name": "sandbox",
    "plugins": [
        {
            "type": "ptp",
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": "10.244.0.0/24"}]],
                "routes": [{"dst": "0.0.0.0/0"}],
                "dataDir": "/run/cni",
            },
        },
        {"type": pod_network.PLUGIN, "socket": pod_network.SOCKET},
    ],
}


def write_configuration(described: Description) -> None:
    """Write the daemons' configuration files."""
    network = CONFIGURATION / "cni"
    network.mkdir(parents=True)
    (network / "10-sandbox.conflist").write_text(json.dumps(_NETWORK))
    plugins = CONFIGURATION / "cni-plugins"
    plugins.mkdir()
    for plugin in Path(described.runtime, "usr/lib/cni").iterdir():
        (plugins / plugin.name).symlink_to(plugin)
    pod_network.write_plugin(plugins)
    (CONFIGURATION / "containerd.toml").write_text(
        _CONTAINERD.format(socket=SOCKET, pause=PAUSE, runtime=described.runtime, configuration=CONFIGURATION)
    )
    nothing = dict.fromkeys(("memory.available", "nodefs.available", "imagefs.available"), "0%")
    kubelet = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": HOST,
        "port": described.kubelet_port,
        "healthzPort": 0,
        "tlsCertFile": described.certificate,
        "tlsPrivateKeyFile": described.certificate_key,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": described.authority},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "evictionHard": {**nothing, "nodefs.inodesFree": "0%", "imagefs.inodesFree": "0%"},
        "imageGCHighThresholdPercent": 100,
        "localStorageCapacityIsolation": False,
        "makeIPTablesUtilChains": False,
        "oomScoreAdj": 0,
        "clusterDNS": ["10.96.0.10"],
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        # Every volume is looked at this often: what rotates is seen sooner than a minute later.
        "syncFrequency": "10s",
    }
    (CONFIGURATION / "kubelet.json").write_text(json.dumps(kubelet))


def containerd(described: Description) -> list[str]:
    """Return the command line of containerd."""
    return [f"{described.runtime}/usr/bin/containerd", "--config", str(CONFIGURATION / "containerd.toml")]


def kubelet(described: Description) -> list[str]:
    """Return the command line of the kubelet."""
    return [
        described.kubelet,
        f"--config={CONFIGURATION / 'kubelet.json'}",
        f"--kubeconfig={described.kubeconfig}",
        f"--hostname-override={NODE}",
        # The sandbox says what its address is, as a cloud does: a kubelet takes none on loopback.
        "--cloud-provider=external",
    ]


def importer(described: Description, image: str) -> list[str]:
    """Return the command line that gives containerd an image."""
    return [f"{described.runtime}/usr/bin/ctr", "--address", SOCKET, "--namespace", "k8s.io", "images", "import", image]
