"""One set of behaviours, whichever store a stack has chosen."""

import copy
import json

import pytest

from ops.cluster import expired

from .conftest import RefusedError, Subject, accounts, files

pytestmark = pytest.mark.integration

WORKLOADS = ("shop/orders", "shop/checkout", "bank/ledger")
MANY = 50


def test_each_workload_reads_its_own_and_nobody_elses(subject: Subject) -> None:
    for workload in WORKLOADS:
        for other in WORKLOADS:
            assert subject.opens(workload, other) is (workload == other), f"{workload} asks for what {other} declares"


def test_what_is_read_is_what_was_written(subject: Subject) -> None:
    own = subject.provider_class("shop/orders")
    read = {file: subject.value(file, own, subject.token("shop/orders")) for file in files(own)}

    assert set(read) == {"db-username", "db-password"}
    assert (len(read["db-username"]), len(read["db-password"])) == (16, 32)
    assert read["db-username"].isalnum()


def test_a_neighbours_token_opens_nothing(subject: Subject) -> None:
    own = subject.provider_class("shop/orders")

    for stranger in ("shop/checkout", "bank/ledger"):
        with pytest.raises(RefusedError):
            subject.value("db-password", own, subject.token(stranger))


def test_forged_expired_and_foreign_tokens_open_nothing(subject: Subject) -> None:
    own, good = subject.provider_class("shop/orders"), subject.token("shop/orders")
    head, body, signature = good.split(".")
    tokens = [
        f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        f"{head}.{body}.",
        subject.cluster.token("shop", "orders", "somewhere-else"),
        expired(good, subject.world.api_server.signing_key),
        "not a token",
    ]

    assert subject.value("db-password", own, good)
    for token in tokens:
        with pytest.raises(RefusedError):
            subject.value("db-password", own, token)


def test_verify_agrees(subject: Subject) -> None:
    checks = subject.project.checks()

    assert len(checks) == 31
    assert all(check["passed"] is True for check in checks)


def test_a_rotated_value_is_seen_at_the_next_read(fresh: Subject) -> None:
    own = fresh.provider_class("shop/orders")
    before = {file: fresh.value(file, own, fresh.token("shop/orders")) for file in files(own)}
    settings = fresh.project.config
    settings["strongroom:seeds"]["db-pass"]["password"] = {"generate": {"length": 48}}

    changed = fresh.deploy(settings)

    after = {file: fresh.value(file, own, fresh.token("shop/orders")) for file in files(own)}
    assert len(after["db-password"]) == 48
    assert after["db-password"] != before["db-password"]
    assert after["db-username"] == before["db-username"]
    assert fresh.provider_class("shop/orders") == own
    assert not any("Deployment" in change or "Pod" in change for change in changed)


def test_a_removed_workload_takes_its_access_along(fresh: Subject) -> None:
    own, token = fresh.provider_class("bank/ledger"), fresh.token("bank/ledger")
    assert fresh.value("token", own, token)
    settings = fresh.project.config
    settings["strongroom:workloads"] = settings["strongroom:workloads"][:2]

    fresh.deploy(settings)

    with pytest.raises(RefusedError):
        fresh.value("token", own, token)
    assert accounts(fresh.world) == {"shop/orders", "shop/checkout"}
    assert fresh.project.wrong() == set()


def test_a_renamed_workload_keeps_its_secrets_and_its_old_name_nothing(fresh: Subject) -> None:
    old, token = fresh.provider_class("shop/orders"), fresh.token("shop/orders")
    password = fresh.value("db-password", old, token)
    settings = fresh.project.config
    settings["strongroom:workloads"][0]["name"] = "purchases"

    fresh.deploy(settings)

    own = fresh.provider_class("shop/purchases")
    assert fresh.value("db-password", own, fresh.token("shop/purchases")) == password
    with pytest.raises(RefusedError):
        fresh.value("db-password", old, token)
    assert fresh.project.wrong() == set()


def test_a_workload_that_moves_to_another_namespace_leaves_nothing_behind(fresh: Subject) -> None:
    old, token = fresh.provider_class("shop/checkout"), fresh.token("shop/checkout")
    settings = fresh.project.config
    settings["strongroom:workloads"][1]["namespace"] = "bank"

    fresh.deploy(settings)

    assert fresh.value("payment-key", fresh.provider_class("bank/checkout"), fresh.token("bank/checkout"))
    with pytest.raises(RefusedError):
        fresh.value("payment-key", old, token)
    assert fresh.project.wrong() == set()


def test_a_secret_that_is_not_declared_any_more_is_not_readable(fresh: Subject) -> None:
    before = fresh.provider_class("shop/orders")
    settings = fresh.project.config
    settings["strongroom:workloads"][0]["secrets"] = [{"name": "payment", "object": "payment-api", "key": "key"}]

    fresh.deploy(settings)

    assert files(fresh.provider_class("shop/orders")) == ["payment"]
    for file in files(before):
        with pytest.raises(RefusedError):
            fresh.value(file, before, fresh.token("shop/orders"))
    assert fresh.project.wrong() == set()


def test_fifty_workloads_are_each_let_in_and_kept_apart(fresh: Subject) -> None:
    settings = fresh.project.config
    pattern = settings["strongroom:workloads"][1]
    settings["strongroom:workloads"] = [
        {
            **copy.deepcopy(pattern),
            "name": f"worker-{number}",
            "secrets": [{"name": "value", "object": f"object-{number}", "key": "key"}],
        }
        for number in range(MANY)
    ]
    settings["strongroom:seeds"] |= {f"object-{number}": {"key": {"generate": {}}} for number in range(MANY)}

    fresh.deploy(settings)

    checks = json.loads(fresh.project.verify("--json").stdout)
    assert len({check["workload"] for check in checks}) == MANY
    assert {(check["workload"], check["what"]) for check in checks if check["passed"] is not True} == set()
