"""Images that a container runtime imports."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

from sandbox.node.images import AZURE, IMAGES, Image, write, write_all


def read(archive: Path) -> tuple[dict[str, Any], dict[str, Any], list[tarfile.TarInfo]]:
    """The manifest and configuration of an image, and the files in its layer."""
    with tarfile.open(archive) as tar:
        (manifest,) = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        configuration = json.load(tar.extractfile(manifest["Config"]))  # type: ignore[arg-type]
        layer = tar.extractfile(manifest["Layers"][0])
        assert layer
        content = layer.read()
        assert configuration["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content).hexdigest()}"]
        layer.seek(0)
        return manifest, configuration["config"], tarfile.open(fileobj=layer).getmembers()


def test_an_image_starts_its_program_and_has_nothing_else(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("it")
    write(Image("example.net/it:1", "it", "bin/it"), {"bin/it": program}, tmp_path / "it.tar", {})
    manifest, configuration, members = read(tmp_path / "it.tar")

    assert manifest["RepoTags"] == ["example.net/it:1"]
    assert configuration["Entrypoint"] == ["/bin/it"]
    assert [(each.name, each.mode, each.size) for each in members if each.isfile()] == [("bin/it", 0o755, 2)]
    assert list(tmp_path.glob("*.layer")) == []


def test_one_with_a_shell_has_its_parts_and_a_sleep_that_can_be_ended(tmp_path: Path) -> None:
    shell = tmp_path / "busybox"
    shell.write_text("shell")
    write(Image("busybox:1", "", has_shell=True, command=["/bin/sh"]), {"bin/busybox": shell}, tmp_path / "it.tar", {})
    _, configuration, members = read(tmp_path / "it.tar")
    links = {each.name for each in members if each.linkname == "busybox"}

    assert configuration["Cmd"] == ["/bin/sh"]
    assert {"bin/sh", "bin/cat", "bin/mount"} <= links
    assert "bin/sleep" in {each.name for each in members if each.isfile()}


def test_each_image_of_the_node_is_written(tmp_path: Path) -> None:
    program = tmp_path / "any"
    program.write_text("any")

    archives = write_all(tmp_path, program, lambda _: program, program, {"HTTPS_PROXY": "http://127.0.0.1:1"})

    images = {manifest["RepoTags"][0]: (config, members) for manifest, config, members in map(read, archives)}
    assert list(images) == [image.name for image in IMAGES]
    found = {name: {each.name for each in members if each.isfile()} for name, (_, members) in images.items()}
    # Azure's provider alone finds the emulator, and trusts it, by any installation.
    assert [name for name, files in found.items() if "etc/ssl/certs/ca-certificates.crt" in files] == [AZURE]
    assert [name for name, (config, _) in images.items() if "HTTPS_PROXY=http://127.0.0.1:1" in config["Env"]] == [
        AZURE
    ]
