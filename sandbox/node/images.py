"""Container images made from programs of this machine, without a registry."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..tools.catalogue import ARCHITECTURE

_APPLETS = (
    "sh",
    "base64",
    "cat",
    "find",
    "id",
    "ls",
    "mount",
    "umount",
    "mkdir",
    "readlink",
    "sha256sum",
    "stat",
    "test",
    "touch",
    "wget",
)


_AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"
"""Where programs in Go look for those that they trust."""

_SLEEP = """\
#!/bin/sh
trap exit TERM
/bin/busybox sleep "$@" &
wait
"""
"""Ends when it is asked to. The first process of a container is not ended by a signal that it has no handler for, and a
kubelet waits half a minute before it kills one."""

PAUSE = "strongroom.invalid/pause:1"
AZURE = "mcr.microsoft.com/oss/v2/azure/secrets-store/provider-azure:v1.8.2"
VAULT = "hashicorp/vault-csi-provider:sandbox"
AGENT = "hashicorp/vault:sandbox"


@dataclass(frozen=True)
class Image:
    """A container image of one program, with a shell beside it or without."""

    name: str
    """As pods name it, with its tag."""

    program: str
    """The sandbox's tool in it; if empty, it has the shell alone."""

    path: str = ""
    """Where the tool is in the image."""

    has_shell: bool = False

    command: Sequence[str] = ()

    finds_azure: bool = False
    """Whether its program finds the emulator, and trusts it, as Azure's providers elsewhere find Azure."""


IMAGES = (
    Image(PAUSE, "", has_shell=True, command=["/bin/busybox", "sleep", "2147483647"]),
    Image("busybox:1.36", "", has_shell=True, command=["/bin/sh"]),
    Image("registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.16.0", "node-driver-registrar", "bin/registrar"),
    Image("registry.k8s.io/sig-storage/livenessprobe:v2.18.0", "livenessprobe", "bin/livenessprobe"),
    # It mounts by the program of that name.
    Image(
        "registry.k8s.io/csi-secrets-store/driver:v1.6.0",
        "secrets-store-csi-driver",
        "secrets-store-csi",
        has_shell=True,
    ),
    Image(
        AZURE,
        "secrets-store-csi-driver-provider-azure",
        "bin/secrets-store-csi-driver-provider-azure",
        finds_azure=True,
    ),
    Image(VAULT, "vault-csi-provider", "bin/vault-csi-provider"),
    # For agents, in pods that something injects them into.
    Image(AGENT, "vault", "bin/vault", has_shell=True),
)
"""What the node has from the start, by the names that charts and workloads use."""


def write_all(
    directory: Path, busybox: Path, tool: Callable[[str], Path], authority: Path, environment: Mapping[str, str]
) -> list[Path]:
    """Write the archives of all images, and return their files.

    :param directory: Where to.
    :param busybox: The shell, linked to no library.
    :param tool: Finds the program of a tool.
    :param authority: Who signed the emulator's certificates.
    :param environment: What makes Azure's clients find the emulator.
    """
    archives: list[Path] = []
    for number, image in enumerate(IMAGES):
        files = {image.path: tool(image.program)} if image.program else {}
        if image.has_shell:
            files["bin/busybox"] = busybox
        if image.finds_azure:
            files[_AUTHORITIES] = authority
        archives.append(directory / f"{number}.tar")
        write(image, files, archives[-1], environment if image.finds_azure else {})
    return archives


def write(image: Image, files: Mapping[str, Path], archive: Path, environment: Mapping[str, str]) -> None:
    """Write `image` as an archive that `ctr images import` reads (Docker's image specification 1.2).

    :param image: The image.
    :param files: Its program and other files, by their paths in it.
    :param archive: Where to.
    :param environment: Its program's.
    """
    layer = archive.with_suffix(".layer")
    with tarfile.open(layer, "w") as tar:
        for directory in ("bin", "etc", "tmp", "var"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            tar.addfile(entry)
        for path, source in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = source.stat().st_size, 0o755
            with source.open("rb") as file:
                tar.addfile(entry, file)
        if image.has_shell:
            _add(tar, "bin/sleep", _SLEEP.encode())
            for name in _APPLETS:
                entry = tarfile.TarInfo(f"bin/{name}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(entry)
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    configuration = {
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": {
            "Env": ["PATH=/bin:/usr/bin:/sbin", *(f"{name}={value}" for name, value in environment.items())],
            **({"Entrypoint": [f"/{image.path}"]} if image.path else {"Cmd": list(image.command)}),
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [image.name], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        for name, document in (("config.json", configuration), ("manifest.json", manifest)):
            _add(tar, name, json.dumps(document).encode())
        tar.add(layer, "layer.tar")
    layer.unlink()


def _add(tar: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), 0o755
    tar.addfile(entry, io.BytesIO(content))
