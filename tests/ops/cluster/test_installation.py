"""Telling the driver and its providers from what else runs on nodes."""

import pytest

from strongroom.ops.cluster.installation import DaemonSet


def daemon_set(
    *arguments: str, name: str = "container", image: str = "registry.example.net/x:1", path: str = "kube-system/x"
) -> DaemonSet:
    return DaemonSet(path, None, "system:serviceaccount:kube-system:x", [image], [name], arguments, [], 1, 1)


@pytest.mark.parametrize(
    "found",
    [
        daemon_set(name="secrets-store", image="mirror.example.net/driver:v1.6.0"),
        daemon_set(image="registry.k8s.io/csi-secrets-store/driver:v1.6.0"),
        daemon_set(image="mcr.microsoft.com/oss/v2/kubernetes-csi/secrets-store/driver:v1.5.3"),
    ],
)
def test_the_driver_is_known_by_its_container_or_its_image(found: DaemonSet) -> None:
    assert found.drives


def test_a_provider_is_known_by_its_socket() -> None:
    vault = daemon_set("-endpoint=/provider/vault.sock", "-log-level=info")
    azure = daemon_set("--endpoint=unix:///provider/azure.sock")

    assert (vault.provides("vault"), vault.provides("azure"), vault.drives) == (True, False, False)
    assert (azure.provides("azure"), azure.provides("vault")) == (True, False)
    assert not daemon_set("--endpoint=unix:///csi/csi.sock").provides("csi-driver")


def test_the_driver_looks_in_each_directory_that_it_is_reported() -> None:
    driver = daemon_set(
        "--provider-volume=/var/run/secrets-store-csi-providers/",
        "--additional-provider-volume-paths=/etc/kubernetes/secrets-store-csi-providers,/run/more",
        name="secrets-store",
    )
    assert driver.socket_directories == {
        "/var/run/secrets-store-csi-providers",
        "/etc/kubernetes/secrets-store-csi-providers",
        "/run/more",
    }


def test_it_is_named_with_whose_it_is() -> None:
    assert str(daemon_set(path="kube-system/aks-secrets-store-csi-driver")) == (
        "kube-system/aks-secrets-store-csi-driver (the AKS add-on's)"
    )
    assert str(daemon_set()) == "kube-system/x"


@pytest.mark.parametrize(("option", "seconds"), [("2m0s", 120), ("1m30s", 90), ("500ms", 0.5), ("1.5h", 5400)])
def test_a_poll_interval_is_read_as_go_prints_it(option: str, seconds: float) -> None:
    found = daemon_set(f"--rotation-poll-interval={option}").poll_interval

    assert found and found.total_seconds() == seconds


@pytest.mark.parametrize("arguments", [(), ("--rotation-poll-interval=often",), ("--rotation-poll-interval=2m!",)])
def test_a_driver_without_a_readable_poll_interval_has_none(arguments: tuple[str, ...]) -> None:
    assert daemon_set(*arguments).poll_interval is None
