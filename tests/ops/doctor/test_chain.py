"""The chain as data, and which workload is meant."""

import pytest

from ops.doctor.chain import chain
from ops.doctor.diagnosis import chosen
from ops.errors import OpsError
from ops.stack import ROOT, DeployedStack, DeployedWorkload

PAGE = (ROOT / "docs" / "doctor.md").read_text()


@pytest.mark.parametrize(
    ("delivery", "store"),
    [
        ("csi", "vault"),
        ("kubernetes-secret", "vault"),
        ("agent-injector", "vault"),
        ("csi", "azure-key-vault"),
        ("kubernetes-secret", "azure-key-vault"),
        ("akv2k8s", "azure-key-vault"),
    ],
)
def test_every_delivery_has_a_chain_whose_links_have_names_of_their_own(delivery: str, store: str) -> None:
    links = chain(delivery, store)

    names = [link.name for link in links]
    assert len(set(names)) == len(names)
    assert names[0] == ("driver" if delivery in {"csi", "kubernetes-secret"} else "webhook")
    assert {"service account", "identity", "object", "version"} <= set(names)
    assert all(name in PAGE for name in names)


def workload(namespace: str, name: str) -> DeployedWorkload:
    return DeployedWorkload(
        name=name, namespace=namespace, service_account=name, secret_provider_class=name, identity={}, objects=()
    )


STACK = DeployedStack.model_construct(
    workloads=(workload("shop", "orders"), workload("bank", "orders"), workload("bank", "x"))
)


def test_a_workload_is_named_with_its_namespace_or_without_where_that_is_enough() -> None:
    assert chosen(STACK, "bank/orders").namespace == "bank"
    assert chosen(STACK, "x").path == "bank/x"


@pytest.mark.parametrize(
    ("name", "told"),
    [("orders", "in several namespaces: name one of shop/orders, bank/orders"), ("y", "there are shop/orders, bank")],
)
def test_a_name_that_is_nobodys_or_several_is_told(name: str, told: str) -> None:
    with pytest.raises(OpsError, match=told):
        chosen(STACK, name)
