"""The driver on the nodes of a workload's pods."""

from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.ops.doctor import driver as module
from strongroom.ops.doctor.driver import check_driver
from strongroom.ops.errors import NotAllowedError
from strongroom.ops.findings import Finding


def check(monkeypatch: pytest.MonkeyPatch, registered: Any) -> Finding:
    def has_registered(node: str, driver: str) -> bool:
        if isinstance(registered, Exception):
            raise registered
        return (node, driver) in registered

    monkeypatch.setattr(module, "inspect_driver", lambda *_: Finding.ok("ready"))
    context: Any = SimpleNamespace(
        has_kubelet=True,
        daemon_sets=[],
        installed=SimpleNamespace(has_registered=has_registered),
        records=SimpleNamespace(read_nodes=lambda: frozenset({"a", "b"})),
    )
    return check_driver(context)


def test_a_node_on_which_the_driver_has_not_registered_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(monkeypatch, {("a", "secrets-store.csi.k8s.io"), ("b", "disk.csi.azure.com")})

    assert found.state == "failed"
    assert "secrets-store.csi.k8s.io has not registered with kubelet on b, where" in found.seen


@pytest.mark.parametrize(
    "registered", [{(node, "secrets-store.csi.k8s.io") for node in "ab"}, NotAllowedError("no csinodes")]
)
def test_a_driver_that_has_registered_or_whose_nodes_can_not_be_read_is_ok(
    registered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(monkeypatch, registered).seen == "ready"
