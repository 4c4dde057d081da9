"""Previews by the real engine, with the real policy pack, of a stack that is deployed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import EngineEvent

from ops.observed import of_events
from sandbox.world import ROOT, World
from tests.integration.test_local_stack import values
from tests.sandboxed import Project

pytestmark = pytest.mark.integration

PAGE = ROOT / "docs" / "preview.md"


@pytest.fixture
def deployed(project: Project) -> Iterator[Project]:
    """The project, deployed; a preview changes nothing but its file."""
    yield project
    project.restore()


def preview(stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", "preview", "--stack", stack, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


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
    deployed: Project, world: World, change: Callable[[Any], None], code: int
) -> None:
    changed(deployed, change)
    done = preview("local", "--markdown")

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
    told = json.loads(preview("local", "--json").stdout)

    assert told["changes"] == told["access"] == told["guardrails"] == told["costs"] == told["errors"] == []
    assert told["unchanged"] == 38
    assert told["refused"] is False


def test_a_secret_that_changes_is_told_without_its_value(deployed: Project) -> None:
    canary = "canary-0b7d41"
    with deployed.engine.stack("local") as stack:
        before = stack.get_config("strongroom:seeds.ledger.token", path=True).value
        stack.workspace.set_config("local", "strongroom:seeds.ledger.token", _secret(canary), path=True)
    try:
        done = preview("local", "--markdown")
    finally:
        with deployed.engine.stack("local") as stack:
            stack.workspace.set_config("local", "strongroom:seeds.ledger.token", _secret(before), path=True)

    assert "| update | SecretV2 | `vault/ledger` | `dataJson`" in done.stdout
    assert canary not in done.stdout + done.stderr


def _secret(value: str) -> Any:
    from pulumi.automation import ConfigValue  # noqa: PLC0415

    return ConfigValue(value, secret=True)


def test_faults_are_told_and_nothing_else(deployed: Project) -> None:
    def change(config: Any) -> None:
        config["strongroom:workloads"][0]["name"] = "Orders"

    changed(deployed, change)
    done = preview("local", "--markdown")

    assert done.returncode == 1
    assert "strongroom:workloads[0].name: 'Orders' is not a legal Kubernetes name" in done.stdout
    assert "Who gains" not in done.stdout
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
    told: list[EngineEvent] = []
    with deployed.engine.stack("local") as stack:
        stack.preview(policy_packs=[str(ROOT / "policy")], policy_pack_configs=[str(levels)], on_event=told.append)

    broken = of_events(told).broken
    assert {(each.rule, each.level) for each in broken} == {("vault-ttl", "advisory")}
    assert "above 1800" in broken[0].message


def test_a_stack_that_is_not_there_is_one_line() -> None:
    done = preview("nowhere")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr
