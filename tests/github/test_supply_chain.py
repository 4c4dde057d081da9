"""What jobs install: only what a checksum in the repository fits."""

import hashlib
import importlib.util
import io
import os
import re
import subprocess
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from sandbox.tools.checksums import read_checksums

from .test_workflows import ALL, EXAMPLES, TEMPLATE, load, mappings

SCRIPTS = [step["run"] for file in ALL for step in mappings(load(file)) if "run" in step]
TEXTS = [*SCRIPTS, *(text for _, text in EXAMPLES)]
PREPARE = TEMPLATE / "actions" / "prepare" / "action.yml"


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_that_is_downloaded_is_run_unseen(text: str) -> None:
    assert not re.search(r"\|\s*(sudo\s+)?(\w*sh|python3?)(\s+-s)?\s*(--\s|$)", text, re.MULTILINE)
    assert not re.search(r"(sh|source|\.)\s+<\(", text)


@pytest.mark.parametrize("text", TEXTS)
def test_no_job_has_an_installer_that_takes_what_is_newest(text: str) -> None:
    assert not re.search(r"install-cli|apt(-get)? install|npm (i|install)\b|go install|pipx? install(?! --)", text)
    for line in re.findall(r".*\bpip install .*", text):
        assert "--require-hashes" in line
    for line in re.findall(r".*\bcurl .*--output (\S+).*", text):
        assert re.search(rf"  {re.escape(line.strip(chr(34)))}\" \| sha256sum --check --strict", text)


def test_a_checksum_in_the_pages_is_the_pinned_one() -> None:
    pinned = read_checksums()
    for _, text in EXAMPLES:
        for url, checksum in re.findall(r"(https://get\.pulumi\.com/\S+)\n.*?([0-9a-f]{64})", text):
            assert pinned[url] == checksum
    assert any("sha256sum" in text for _, text in EXAMPLES)
    lines = (TEMPLATE / "pulumi.sha256").read_text().splitlines()[1:]
    assert len(lines) == 2
    assert all(pinned[url] == checksum for checksum, url in map(str.split, lines))


def prepare(tmp_path: Path, archive: bytes, checksum: str | None) -> subprocess.CompletedProcess[str]:
    """Run the step that installs Pulumi, from a site that has `archive`, with `checksum` pinned."""
    (script,) = [step["run"] for step in mappings(load(PREPARE)) if "curl" in step.get("run", "")]
    (url,) = re.findall(r'url="(\S+)-linux-', script)
    pins = tmp_path / ".github" / "pulumi.sha256"
    pins.parent.mkdir(parents=True)
    lines = [f"{checksum}  {url}-linux-{machine}.tar.gz\n" for machine in ("x64", "arm64")] if checksum else []
    pins.write_text("".join(["# a comment\n", *lines]))
    (tmp_path / "archive").write_bytes(archive)
    curl = tmp_path / "bin" / "curl"
    curl.parent.mkdir()
    curl.write_text('#!/bin/sh\nwhile [ "$1" != --output ]; do shift; done; cp archive "$2"\n')
    curl.chmod(0o755)
    environment = {"PATH": f"{curl.parent}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path)}
    environment["GITHUB_PATH"] = str(tmp_path / "path")
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def archive() -> bytes:
    """What a download of Pulumi is: a folder with programs."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        packed.addfile(tarfile.TarInfo("pulumi/pulumi"), io.BytesIO())
    return content.getvalue()


def test_pulumi_is_installed_if_its_checksum_is_the_pinned_one(tmp_path: Path, archive: bytes) -> None:
    done = prepare(tmp_path, archive, hashlib.sha256(archive).hexdigest())

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "path").read_text() == f"{tmp_path}/pulumi\n"
    assert (tmp_path / "pulumi" / "pulumi").is_file()


@pytest.mark.parametrize("checksum", ["0" * 64, None], ids=["another", "none"])
def test_pulumi_with_another_checksum_or_none_is_not_installed(
    tmp_path: Path, archive: bytes, checksum: str | None
) -> None:
    assert prepare(tmp_path, archive, checksum).returncode != 0
    assert not (tmp_path / "path").exists()
    assert not (tmp_path / "pulumi").exists()


@pytest.fixture(scope="module")
def kubeconfig() -> ModuleType:
    """The script that converts a kubeconfig."""
    spec = importlib.util.spec_from_file_location("kubeconfig", TEMPLATE / "kubeconfig.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kubelogin(server: str) -> dict[str, Any]:
    args = ["get-token", "--login", "devicecode", "--server-id", server, "--environment", "AzurePublicCloud"]
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin", "args": args}}


def test_a_job_logs_in_to_aks_by_the_azure_cli(tmp_path: Path, kubeconfig: ModuleType) -> None:
    certificate = {"client-certificate-data": "canary"}
    file = tmp_path / "kubeconfig"
    users = [
        {"name": "entra", "user": kubelogin("6dae42f8-4368-4678-94ff-3960e28e3630")},
        {"name": "local", "user": certificate},
    ]
    file.write_text(yaml.safe_dump({"clusters": [], "users": users}))
    kubeconfig.main(file)

    entra, local = (entry["user"] for entry in yaml.safe_load(file.read_text())["users"])
    assert local == certificate
    assert entra["exec"]["command"] == "az"
    assert entra["exec"]["args"][:4] == [
        "account",
        "get-access-token",
        "--resource",
        "6dae42f8-4368-4678-94ff-3960e28e3630",
    ]
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("server", ["00000000-2222-3333-4444-555555555555", ""])
def test_a_kubeconfig_can_not_ask_for_a_token_of_something_else(kubeconfig: ModuleType, server: str) -> None:
    with pytest.raises(ValueError, match="not of AKS's"):
        kubeconfig.convert_user(kubelogin(server))
