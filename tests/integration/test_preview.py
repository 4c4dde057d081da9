"""Previews by the real engine, with the real policy pack, of a stack that is deployed."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import EngineEvent

from sandbox.running import ROOT, Sandbox
from strongroom.ops.preview.events import collect_events
from tests.integration.test_local_stack import values
from tests.support.forked import run_ops
from tests.support.sandboxed import Project

pytestmark = pytest.mark.integration

PAGE = ROOT / "docs" / "preview.md"


@pytest.fixture
def deployed(project: Project) -> Iterator[Project]:
    """The project, deployed; a preview changes nothing but its file."""
    yield project
    project.restore()


def access(config: Any) -> None:
    payment = {"name": "payment-key", "object": "payment-api", "key": "key"}
    workloads = config["strongroom:workloads"]
    workloads[0]["secrets"].append(payment)
    workloads[1]["replicas"] = 3
    workloads[2] = {"name": "refunds", "namespace": "shop", "image": "busybox:1.36", "secrets": [payment]}


def guardrails(config: Any) -> None:
    config["strongroom:backend"]["tokenMaxTtl"] = "48h"
    config["strongroom:workloads"][1]["image"] = "busybox:latest"


def replacing(config: Any) -> None:
    config["strongroom:backend"]["mount"]["path"] = "shop"


def changed(project: Project, change: Callable[[Any], None]) -> None:
    config = project.config
    change(config)
    project.write(config)


@pytest.mark.parametrize(("change", "code"), [(access, 0), (guardrails, 1), (replacing, 0)])
def test_the_comments_in_the_documentation_are_what_is_produced(
    deployed: Project, world: Sandbox, change: Callable[[Any], None], code: int
) -> None:
    changed(deployed, change)
    done = deployed.ops("preview", "--markdown")

    assert done.returncode == code, done.stderr
    sample = re.compile(rf"(?<=<!-- sample: {change.__name__} -->\n).*?(?=<!-- end -->)", re.DOTALL)
    page = PAGE.read_text()
    if os.environ.get("STRONGROOM_WRITE_DOCS"):
        page = sample.sub(lambda _: f"\n{done.stdout}\n", page, count=1)
        PAGE.write_text(page)
    found = sample.search(page)
    assert found and found[0].strip() == done.stdout.strip(), "run again with STRONGROOM_WRITE_DOCS=1"
    assert not any(value in done.stdout + done.stderr for value in values(world))


def test_nothing_changes_and_no_guardrail_is_broken_as_deployed(deployed: Project) -> None:
    report = json.loads(deployed.ops("preview", "--json").stdout)

    assert report["changes"] == report["access"] == report["costs"] == report["errors"] == report["unread"] == []
    assert [(each["rule"], each["resource"], each["mandatory"]) for each in report["guardrails"]] == [
        ("no-copy-in-etcd", "shop/orders", False)
    ]
    assert report["unchanged"] == 38
    assert report["refused"] is False


def test_a_secret_that_changes_is_reported_without_its_value(deployed: Project) -> None:
    canary = "canary-0b7d41"
    with deployed.engine.stack("local") as stack:
        before = stack.get_config("strongroom:seeds.ledger.token", path=True).value
        stack.workspace.set_config("local", "strongroom:seeds.ledger.token", _secret(canary), path=True)
    try:
        done = deployed.ops("preview", "--markdown")
    finally:
        with deployed.engine.stack("local") as stack:
            stack.workspace.set_config("local", "strongroom:seeds.ledger.token", _secret(before), path=True)

    assert "| update | SecretV2 | `vault/ledger` | `dataJson`" in done.stdout
    assert canary not in done.stdout + done.stderr


def _secret(value: str) -> Any:
    from pulumi.automation import ConfigValue  # noqa: PLC0415

    return ConfigValue(value, secret=True)


def test_faults_are_reported_and_nothing_else(deployed: Project) -> None:
    def change(config: Any) -> None:
        config["strongroom:workloads"][0]["name"] = "Orders"

    changed(deployed, change)
    done = deployed.ops("preview", "--markdown")

    assert done.returncode == 1
    assert "strongroom:workloads[0].name: 'Orders' is not a legal Kubernetes name" in done.stdout
    assert "Access gained" not in done.stdout
    assert "Traceback" not in done.stdout


def test_a_stacks_levels_reach_the_pack(deployed: Project, tmp_path: Path) -> None:
    levels = tmp_path / "levels.json"
    levels.write_text(
        json.dumps(
            {
                "all": "disabled",
                "vault-ttl": {"enforcementLevel": "advisory", "tokenSeconds": 1800},
            }
        )
    )
    changed(deployed, guardrails)
    reported: list[EngineEvent] = []
    with deployed.engine.stack("local") as stack:
        stack.preview(policy_packs=[str(ROOT / "policy")], policy_pack_configs=[str(levels)], on_event=reported.append)

    broken = collect_events(reported).violations
    assert {(each.rule, each.level) for each in broken} == {("vault-ttl", "advisory")}
    assert "above 30m" in broken[0].message


def test_a_stack_that_is_not_there_is_one_line(world: Sandbox) -> None:
    done = run_ops("preview", "--stack", "nowhere")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr


def test_check_knows_what_is_the_stacks_own_and_judges_the_file_that_is_edited(deployed: Project) -> None:
    found = json.loads(deployed.ops("check", "--json").stdout)
    names = {each["name"]: each for each in found if each["name"].startswith("names in")}
    assert {name: each["state"] for name, each in names.items()} == {
        "names in the cluster": "ok",
        "names in the store": "ok",
    }, names

    def misspell(config: Any) -> None:
        config["strongroom:workloads"][0]["name"] = "Orders"

    changed(deployed, misspell)
    done = deployed.ops("check", "--json")
    assert done.returncode == 1
    (seen,) = [each["seen"] for each in json.loads(done.stdout) if each["state"] == "failed"]
    assert "strongroom:workloads[0].name: 'Orders'" in seen


def test_what_is_not_the_stacks_own_is_refused_before_anything_changes(deployed: Project, world: Sandbox) -> None:
    core, vault = world.api_server.core(), world.vault.client()
    core.create_namespaced_service_account("shop", {"metadata": {"name": "refunds", "labels": {"owner": "them"}}})
    vault.sys.create_or_update_policy("kubernetes.shop.refunds", 'path "a" { capabilities = ["read"] }')
    core.create_namespaced_config_map("bank", {"metadata": {"name": "rates", "labels": {"owner": "them"}}})
    changed(deployed, access)
    try:
        done = deployed.ops("preview", "--json")
        assert done.returncode == 1, done.stderr
        reported = json.loads(done.stdout)
        assert reported["refused"] is True
        assert {each["seen"].partition(" (")[0] for each in reported["existing"] if each["state"] == "failed"} == {
            "service account shop/refunds",
            "the policy kubernetes.shop.refunds exists, and is not this stack's own",
            "the update deletes namespace bank, and with it what it would not delete by itself: ConfigMap rates",
        }
        assert core.read_namespaced_service_account("refunds", "shop").metadata.labels == {"owner": "them"}
    finally:
        core.delete_namespaced_service_account("refunds", "shop")
        core.delete_namespaced_config_map("rates", "bank")
        vault.sys.delete_policy("kubernetes.shop.refunds")


def test_naming_the_api_server_is_no_reason_to_leave_out_its_certificate(deployed: Project, world: Sandbox) -> None:
    def name_host(config: Any) -> None:
        config["strongroom:backend"]["auth"] = {"kubernetesHost": world.api_server.address}

    before = deployed.config["strongroom:backend"].get("auth") or {}
    assert set(before) <= {"path"}
    changed(deployed, lambda config: (name_host(config), config["strongroom:backend"]["auth"].update(before)))
    # Nothing changes, and workloads log in by what is deployed.
    assert deployed.changes("preview") == set()


def test_a_policy_that_was_widened_by_hand_is_drift_and_tells_who_gains_by_it(
    deployed: Project, world: Sandbox
) -> None:
    def drift() -> subprocess.CompletedProcess[str]:
        return deployed.ops("drift", "--markdown")

    clean = drift()
    assert (clean.returncode, "**None**: " in clean.stdout) == (0, True), clean.stdout + clean.stderr
    system, name = world.vault.client().sys, "kubernetes.shop.orders"
    before = system.read_acl_policy(name)["data"]["policy"]
    system.create_or_update_acl_policy(name, f'{before}\npath "strongroom/data/ledger" {{ capabilities = ["read"] }}\n')
    try:
        done = drift()
    finally:
        system.create_or_update_acl_policy(name, before)

    assert done.returncode == 1, done.stderr
    assert "**1 resource is not as deployed**" in done.stdout
    assert "**gains**" in done.stdout and "ledger" in done.stdout
    assert "`pulumi refresh --stack local`, then `pulumi up --stack local`" in done.stdout
    assert not any(value in done.stdout + done.stderr for value in values(world))
