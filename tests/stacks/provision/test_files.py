"""The files that settings name."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from strongroom.stacks.load import parse
from strongroom.stacks.provision.files import read_files

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def settings(tmp_path: Path, auth: dict[str, Any]) -> Any:
    (tmp_path / "ca.crt").write_text(PEM)
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"server": "https://10.0.0.1", "certificate-authority": "ca.crt"}
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": cluster}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            }
        )
    )
    raw = {
        "backend": {"kind": "vault", "address": "https://vault.example.net:8200", "auth": auth},
        "kubernetes": {"kubeconfig": str(kubeconfig)},
        "workloads": [],
    }
    return parse(raw, stack="dev")


@pytest.mark.parametrize("host", [None, "https://api.example.net"])
def test_the_kubeconfigs_certificate_goes_with_whichever_host_is_named(tmp_path: Path, host: str | None) -> None:
    files, issues = read_files(settings(tmp_path, {"kubernetesHost": host} if host else {}))

    assert (files.kubernetes_host, files.kubernetes_ca) == (host or "https://10.0.0.1", PEM)
    assert issues == []


def test_a_certificate_of_its_own_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "own.crt"
    own.write_text(PEM.replace("MIIB", "MIIC"))
    auth = {"kubernetesHost": "https://api.example.net", "kubernetesCaCertificate": str(own)}

    assert "MIIC" in (read_files(settings(tmp_path, auth))[0].kubernetes_ca or "")


def test_who_names_the_host_needs_no_kubeconfig(tmp_path: Path) -> None:
    found = settings(tmp_path, {"kubernetesHost": "https://api.example.net"})
    (tmp_path / "ca.crt").unlink()
    files, issues = read_files(found)

    assert (files.kubernetes_ca, issues) == (None, [])
