"""The chain as data, and which workload is meant."""

from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.ops.doctor import chain as module
from strongroom.ops.doctor.case import Case
from strongroom.ops.doctor.chain import Link, chain, walk
from strongroom.ops.doctor.diagnosis import chosen
from strongroom.ops.errors import NotAllowedError, OpsError
from strongroom.ops.findings import Finding
from strongroom.ops.pulumi.stack import DeployedStack, DeployedWorkload
from tests.support.sandboxed import ROOT

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


@pytest.mark.parametrize(
    ("store", "reads"),
    [
        ("vault", ["store", "identity", "role", "policy", "object", "version"]),
        ("azure-key-vault", ["identity", "federation", "store", "assignment", "object", "version"]),
    ],
)
def test_a_chain_has_every_link_that_its_store_needs(store: str, reads: list[str]) -> None:
    assert [link.name for link in chain("csi", store)] == [
        *("driver", "provider", "class", "volume", "service account", "audience"),
        *reads,
        *("sync", "mount"),
    ]


def walked(monkeypatch: pytest.MonkeyPatch, *found: Finding | Exception, **how: Any) -> list[tuple[str, str]]:
    """The states of links that find this, by their names; the last of them needs or repeats others."""

    def link(number: int, each: Finding | Exception) -> Link:
        def look(case: Case) -> Finding:
            if isinstance(each, Exception):
                raise each
            return each

        return Link(f"link {number}", look, **(how if number == len(found) else {}))

    links = [link(number, each) for number, each in enumerate(found, 1)]
    monkeypatch.setattr(module, "chain", lambda *_: links)
    case: Any = SimpleNamespace(
        workload=SimpleNamespace(delivery="csi"), stack=SimpleNamespace(backend=SimpleNamespace(kind="vault"))
    )
    return [(each.state, each.seen) for each in walk(case)]


def test_a_link_that_needs_a_broken_one_is_not_tried_and_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert walked(
        monkeypatch, Finding.failed("gone", "mend it"), Finding.ok("fine"), Finding.ok("never seen"), needs=("link 1",)
    ) == [
        ("failed", "gone"),
        ("ok", "fine"),
        ("skipped", "link 1 failed"),
    ]


def test_a_link_that_is_not_tried_names_the_one_that_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {link.name: link for link in chain("csi", "vault")}
    found: dict[str, Finding] = {}
    monkeypatch.setattr(
        module,
        "_looked_at",
        lambda link, _: Finding.failed("x", "y") if link.name == "class" else Finding.ok(link.name),
    )
    case: Any = SimpleNamespace(
        workload=SimpleNamespace(delivery="csi"), stack=SimpleNamespace(backend=SimpleNamespace(kind="vault"))
    )
    found = {each.name: each for each in walk(case)}

    assert {found[name].seen for name in ("volume", "identity", "role", "version", "sync", "mount")} == {"class failed"}
    assert {name for name in states if found[name].state == "ok"} == {"driver", "provider", "service account", "store"}


@pytest.mark.parametrize(
    ("first", "state"),
    [(Finding.failed("gone", "mend it"), "skipped"), (Finding.ok("fine"), "ok"), (Finding.skipped("away"), "ok")],
)
def test_a_link_says_nothing_again_that_another_has_said(
    monkeypatch: pytest.MonkeyPatch, first: Finding, state: str
) -> None:
    assert walked(monkeypatch, first, Finding.ok("said"), repeats=("link 1",))[-1][0] == state


def test_what_was_not_tried_for_a_broken_link_keeps_no_other_from_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module,
        "_looked_at",
        lambda link, _: Finding.failed("x", "y") if link.name == "driver" else Finding.ok(link.name),
    )
    case: Any = SimpleNamespace(
        workload=SimpleNamespace(delivery="csi"), stack=SimpleNamespace(backend=SimpleNamespace(kind="vault"))
    )
    assert {each.name for each in walk(case) if each.state == "skipped"} == {"audience", "sync", "mount"}


def test_what_may_not_be_looked_at_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert walked(monkeypatch, NotAllowedError("you may not"), Finding.ok("fine"), OpsError("it is away")) == [
        ("skipped", "you may not"),
        ("ok", "fine"),
        ("failed", "it is away"),
    ]


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
