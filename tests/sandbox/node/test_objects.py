"""What is installed on a cluster with a node."""

from pathlib import Path
from typing import Any

import yaml

from sandbox.node.objects import build

DRIVER = {
    "kind": "DaemonSet",
    "metadata": {"name": "driver"},
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "driver",
                        "image": "driver:1",
                        "args": ["--v=5", "--enable-secret-rotation=false", "--rotation-poll-interval=2m"],
                        "resources": {"limits": {"cpu": "50m"}},
                    },
                ],
                "volumes": [],
            }
        }
    },
}
CSI_DRIVER = {"kind": "CSIDriver", "metadata": {"name": "csi"}, "spec": {"podInfoOnMount": True}}
ACCOUNT = {"kind": "ServiceAccount", "metadata": {"name": "provider"}}


def built(tmp_path: Path) -> list[dict[str, Any]]:
    published = tmp_path / "all.yaml"
    published.write_text(yaml.safe_dump_all([DRIVER, None, CSI_DRIVER, ACCOUNT]))
    return build([published], "a certificate")


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(each for each in objects if each["kind"] == kind)


def test_the_driver_asks_for_the_tokens_of_both_stores(tmp_path: Path) -> None:
    spec = of_kind(built(tmp_path), "CSIDriver")["spec"]

    assert spec == {
        "podInfoOnMount": True,
        "tokenRequests": [{"audience": "vault"}, {"audience": "api://AzureADTokenExchange"}],
        "serviceAccountTokenInSecrets": True,
    }


def test_the_driver_rotates_and_is_not_throttled(tmp_path: Path) -> None:
    (driver,) = of_kind(built(tmp_path), "DaemonSet")["spec"]["template"]["spec"]["containers"]

    assert driver["args"] == ["--v=5", "--enable-secret-rotation=true", "--rotation-poll-interval=10s"]
    assert "resources" not in driver


def test_what_pods_need_comes_before_them_and_in_one_namespace(tmp_path: Path) -> None:
    objects = built(tmp_path)
    kinds = [each["kind"] for each in objects]
    namespaces = {
        each["metadata"].get("namespace") for each in objects if each["kind"] in {"DaemonSet", "ServiceAccount"}
    }

    assert kinds.index("DaemonSet") > max(kinds.index(kind) for kind in ("ServiceAccount", "ConfigMap", "ClusterRole"))
    assert namespaces == {"kube-system"}
