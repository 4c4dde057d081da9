"""One set of behaviours, whichever store a stack has chosen."""

import copy
import json

import pytest

from .conftest import Subject, files

pytestmark = pytest.mark.integration


def test_what_is_read_is_what_was_written(subject: Subject) -> None:
    own = subject.provider_class("shop/orders")
    read = {file: subject.value(file, own, subject.token("shop/orders")) for file in files(own)}

    assert set(read) == {"db-username", "db-password"}
    assert (len(read["db-username"]), len(read["db-password"])) == (16, 32)
    assert read["db-username"].isalnum()


def test_verify_agrees(subject: Subject) -> None:
    checks = subject.project.checks()

    assert len(checks) > 60
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


@pytest.mark.soak
def test_fifty_workloads_are_each_let_in_and_kept_apart(fresh: Subject) -> None:
    count = 50
    settings = fresh.project.config
    pattern = settings["strongroom:workloads"][1]
    settings["strongroom:workloads"] = [
        {
            **copy.deepcopy(pattern),
            "name": f"worker-{number}",
            "secrets": [{"name": "value", "object": f"object-{number}", "key": "key"}],
        }
        for number in range(count)
    ]
    settings["strongroom:seeds"] |= {f"object-{number}": {"key": {"generate": {}}} for number in range(count)}

    fresh.deploy(settings)

    checks = json.loads(fresh.project.verify("--json").stdout)
    assert len({check["workload"] for check in checks} - {"stack"}) == count
    assert {(check["workload"], check["what"]) for check in checks if check["passed"] is not True} == set()
