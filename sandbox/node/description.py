"""What the node is reported when it starts."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from ..certificates import write_private


@dataclass(frozen=True)
class Description:
    """A node: where its files are, what it runs, and which addresses of the machine it reaches."""

    home: str
    """Its directory, in the sandbox's state."""

    logs: str
    """Where its daemons' logs are written."""

    seen: list[str]
    """Directories of the machine that it sees besides the system's, e.g. the sandbox's state."""

    runtime: str
    """The root below which the container runtime's packages are unpacked."""

    kubelet: str
    """The kubelet's program."""

    kubeconfig: str

    authority: str
    """Who signed the certificates of the kubelet's clients."""

    certificate: str
    certificate_key: str

    cgroup: str
    """The name of its control groups."""

    images: list[str]
    """Archives of the images that it has from the start."""

    carried: list[tuple[str, int, int]]
    """Addresses in its network, and the port of this machine's loopback that each leads to."""

    kubelet_port: int
    """The port of this machine's loopback that leads to the kubelet, which has the same one."""

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read what `write` wrote."""
        given = json.loads(file.read_text())
        return cls(**{**given, "carried": [tuple(entry) for entry in given["carried"]]})

    def write(self, file: Path) -> None:
        """Write it as JSON."""
        write_private(file, json.dumps(asdict(self), indent=2))
