"""What `pulumi new` makes of the template is a project with legal settings, levels and rules."""

import json

import pytest

from strongroom.ops.new_project import PROGRAM
from strongroom.ops.pulumi.stack_file import parse_stack_file
from strongroom.policy.rules import RULES
from tests.support.sandboxed import ROOT

TEMPLATE = ROOT / "template"
STACKS = sorted(file.name.split(".")[1] for file in TEMPLATE.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("stack", STACKS)
def test_its_stacks_are_legal(stack: str) -> None:
    assert parse_stack_file(TEMPLATE / f"Pulumi.{stack}.yaml", stack).workloads


@pytest.mark.parametrize("stack", STACKS)
def test_its_levels_are_of_rules_that_exist(stack: str) -> None:
    levels = json.loads((TEMPLATE / "policy" / "levels" / f"{stack}.json").read_text())

    assert set(levels) <= {"all", *(rule.name for rule in RULES)}


def test_its_program_is_the_one_that_init_writes() -> None:
    assert (TEMPLATE / "__main__.py").read_text() == (ROOT / "__main__.py").read_text() == PROGRAM
