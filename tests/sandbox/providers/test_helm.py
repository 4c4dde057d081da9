"""How the fake kubernetes provider runs Helm; its work on a cluster is in tests/integration."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.helm import RELEASE, Helm
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.providers.protocol import ProviderError
from sandbox.tools.catalogue import HELM

CANARY = "canary-64e1"

# It notes how it was called, and what the file of values was.
PROGRAM = f"""#!/usr/bin/env python3
import json, os, pathlib, stat, sys
arguments = sys.argv[1:]
if arguments[0] == "version":
    sys.exit(print("v{HELM.version}"))
files = [pathlib.Path(each.partition("=")[2]) for each in arguments if each.startswith("--values=")]
seen = {{
    "arguments": arguments,
    "values": [file.read_text() for file in files],
    "modes": [stat.S_IMODE(file.stat().st_mode) for file in files],
    "files": [str(file) for file in files],
    "kubeconfig": os.environ.get("KUBECONFIG"),
    "helm": sorted(name for name in os.environ if name.startswith("HELM_")),
}}
with open(os.environ["SEEN"], "a") as out:
    out.write(json.dumps(seen) + "\\n")
if arguments[0] == "list":
    print(os.environ.get("LISTED", "[]"))
if arguments[0] == "upgrade" and os.environ.get("FAILS"):
    sys.exit("Error: " + os.environ["FAILS"])
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a Helm on PATH notes."""
    program = tmp_path / "bin" / "helm"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/local/bin:/usr/bin:/bin")
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    monkeypatch.setenv("HELM_NAMESPACE", "elsewhere")
    return tmp_path / "seen"


def called(seen: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in seen.read_text().splitlines()]


def inputs(**more: Any) -> dict[str, Any]:
    return {"name": "mine", "chart": "small", "version": "1.2.3", "values": {"password": CANARY}, **more}


def test_values_go_by_a_file_of_ones_own_and_never_by_arguments(seen: Path, tmp_path: Path) -> None:
    Helm("/kube/config", "dev", tmp_path).install(
        inputs(repositoryOpts={"repo": "https://charts"}, atomic=True), "ns", 90
    )
    upgrade = called(seen)[0]

    assert upgrade["arguments"][:6] == [
        "upgrade",
        "--install",
        "mine",
        "small",
        "--version=1.2.3",
        "--repo=https://charts",
    ]
    assert {"--timeout=90s", "--wait", "--atomic", "--namespace=ns", "--kube-context=dev"} <= set(upgrade["arguments"])
    assert CANARY not in str(upgrade["arguments"])
    assert upgrade["values"] == [f"password: {CANARY}\n"]
    assert upgrade["modes"] == [0o600]
    assert not Path(upgrade["files"][0]).exists()
    assert upgrade["kubeconfig"] == "/kube/config"
    assert upgrade["helm"] == ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"]


def test_a_release_that_is_not_waited_for_isnt(seen: Path, tmp_path: Path) -> None:
    Helm(None, None, tmp_path).install(inputs(skipAwait=True, timeout=30.0), "ns", 0)

    assert not {"--wait", "--atomic"} & set(called(seen)[0]["arguments"])
    assert "--timeout=30s" in called(seen)[0]["arguments"]


def test_what_helm_says_is_reported(seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "chart not found")

    with pytest.raises(ProviderError, match="helm upgrade: chart not found"):
        Helm(None, None, tmp_path).install(inputs(), "ns", 0)


def test_a_release_that_failed_and_stayed_is_kept_in_the_state(
    seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = {"name": "mine", "chart": "small-1.2.3", "app_version": "", "revision": "1", "status": "failed"}
    monkeypatch.setenv("FAILS", "timed out")
    monkeypatch.setenv("LISTED", json.dumps([listed]))

    with pytest.raises(ProviderError, match="timed out") as raised:
        Helm(None, None, tmp_path).install(inputs(), "ns", 0)
    assert raised.value.id == "ns/mine"
    assert raised.value.outputs["status"]["status"] == "failed"


def test_a_kubeconfig_in_the_configuration_becomes_a_private_file(seen: Path) -> None:
    provider = KubernetesProvider({"kubeconfig": "apiVersion: v1\nkind: Config\n"})
    provider.delete(RELEASE, "ns/mine", {}, 0)
    (uninstall,) = called(seen)

    assert uninstall["arguments"][:2] == ["uninstall", "mine"]
    assert Path(uninstall["kubeconfig"]).stat().st_mode & 0o077 == 0


def test_another_name_or_namespace_is_another_release() -> None:
    before = inputs(namespace="ns")

    assert set(KubernetesProvider.immutable(RELEASE, before)) == {"name", "namespace"}
    assert KubernetesProvider.same_name(RELEASE, before, before)
    assert not KubernetesProvider.same_name(RELEASE, {**before, "namespace": "other"}, before)


def test_a_release_without_a_name_keeps_the_one_it_was_given() -> None:
    nameless = {"chart": "small"}

    assert KubernetesProvider.check(RELEASE, nameless, {}, "0a1b", "mine")["name"] == "mine-0a1b"
    assert KubernetesProvider.check(RELEASE, nameless, {"name": "mine-old"}, "0a1b", "mine")["name"] == "mine-old"


def test_what_the_stand_in_does_not_know_of_helm_is_reported_in_a_preview() -> None:
    with pytest.raises(ProviderError, match="postrender, verify of a Release"):
        KubernetesProvider.check(RELEASE, inputs(verify=True, postrender="x", lint=False), {}, "0a1b", "mine")
