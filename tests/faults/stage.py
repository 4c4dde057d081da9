"""A stack on the sandbox that is brought to where an operation begins, disturbed, mended, and compared."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.stack import read_stack, workspace
from ops.verify import Check, Verifier
from sandbox.world import World
from tests.sandboxed import Project

from .picture import Picture, take
from .run import Death, Ran, left, run
from .scenario import OPERATIONS, Operation, Scenario

_AFTER: dict[Operation, str] = {"up": "deployed", "update": "changed", "destroy": "nothing"}
_FROM: dict[Operation, str] = {"up": "nothing", "update": "deployed", "destroy": "changed"}
_NEXT = {before: operation for operation, before in _FROM.items()}
_COMMAND = {"up": "up", "update": "up", "destroy": "destroy"}


@dataclass(frozen=True)
class Undisturbed:
    """How an operation goes when nothing happens."""

    steps: int
    after: Picture


class Stage:
    """One stack of the sandbox."""

    def __init__(self, world: World, root: Path, stack: str) -> None:
        """
        :param world: The sandbox, which is up.
        :param root: A copy of the project.
        :param stack: The stack, which nobody deployed yet.
        """
        self._world = world
        self._root = root
        self.stack = stack
        """Its name."""

        self._project = Project(root, world, stack)
        self._now: str | None = None
        self._undisturbed: dict[Operation, Undisturbed] = {}

    def play(self, scenario: Scenario) -> dict[str, Any]:
        """Disturb an operation, run it again, and see that nothing tells; gives what there is to say of it.

        :raises AssertionError: Something tells.
        """
        operation = scenario.operation
        self._learn()
        self.reach(_FROM[operation])
        step, delay = scenario.moment(self.stack, self._undisturbed[operation].steps)
        disturbed = self._do(operation, Death(scenario.victim, step, delay))
        if scenario.victim not in {"program", "engine"}:
            self._world.up()
        between = take(self._world, self._project.engine, self.stack)
        again = self._do(operation)
        said = f"first run:\n{disturbed.said}\nsecond run:\n{again.said}"
        assert again.code == 0, said
        self._compare(operation, between, said)
        return {
            "scenario": f"{self.stack}-{scenario}",
            "step": step,
            "delay": round(delay, 3),
            "first": disturbed.code,
            "steps": disturbed.steps,
            "pending": len(between.pending),
            "seconds": [round(disturbed.seconds, 1), round(again.seconds, 1)],
        }

    def reach(self, wanted: str) -> None:
        """Bring the stack there, undisturbed: `deployed`, `changed` or `nothing`."""
        if self._now is None:
            self._well("destroy")  # others use this sandbox too
        while self._now != wanted:
            self._well(_NEXT[str(self._now)])

    def cut_short(self, kind: str) -> Ran:
        """Go on after an update of which nobody knows whether it changed a resource of the type `kind`."""
        self.reach("deployed")
        checkpoint = self._project.engine.checkpoint(self.stack)
        whole = json.loads(checkpoint.read_text())
        latest = whole["checkpoint"]["latest"]
        resource = next(each for each in latest["resources"] if each["type"] == kind)
        latest["pending_operations"] = [{"type": "updating", "resource": resource}]
        checkpoint.write_text(json.dumps(whole))
        return self._do("up")

    def _learn(self) -> None:
        """See once how everything goes undisturbed."""
        for operation in OPERATIONS if not self._undisturbed else ():
            self.reach(_FROM[operation])
            ran = self._well(operation)
            picture = take(self._world, self._project.engine, self.stack)
            assert not picture.orphans
            self._undisturbed[operation] = Undisturbed(ran.steps, picture)
        assert self._undisturbed["up"].after.servers

    def _well(self, operation: Operation) -> Ran:
        ran = self._do(operation)
        assert ran.code == 0, ran.said
        return ran

    def _do(self, operation: Operation, death: Death | None = None) -> Ran:
        if operation != "destroy":
            self._project.restore()
        if operation == "update":
            self._project.write(changed(self._project.config))
        ran = run(self._world, self._root, _COMMAND[operation], self.stack, death)
        self._now = _AFTER[operation]
        return ran

    def _compare(self, operation: Operation, between: Picture, said: str) -> None:
        wanted = self._undisturbed[operation].after
        found = take(self._world, self._project.engine, self.stack)
        # One that was asked to be another, and wasn't yet when the run was cut short, is made anew as it should be.
        again = {
            urn
            for urn, value in between.generated.items()
            if found.generated.get(urn, value) != value and between.state[urn] == found.state[urn]
        }
        faults = {
            "pending": found.pending,
            "orphans": found.orphans,
            "state": _differences(wanted.state, found.state),
            "servers": _differences(wanted.servers, found.servers),
            "generated again": again,
            "store and state differ": found.strangers,
            "processes": left(self._project.engine.home / "home"),
            "verify": self._verify() if operation != "destroy" else [],
        }
        wrong = {what: told for what, told in faults.items() if told}
        assert not wrong, f"{wrong}\n{said}"

    def _verify(self) -> list[Check]:
        home = workspace(self.stack)
        checks = Verifier(read_stack(self.stack), home.signing_key).run()
        assert checks
        return [check for check in checks if check.passed is not True]


def changed(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration in which a bit of everything is another: made, changed, replaced, removed."""
    after = copy.deepcopy(config)
    orders, checkout, ledger = after["strongroom:workloads"]
    orders["secrets"].append({"name": "payment-key", "object": "payment-api", "key": "key"})
    ledger["secrets"][0]["filePermission"] = "0400"
    after["strongroom:workloads"] = [orders, ledger, {**checkout, "name": "refunds"}]
    after["strongroom:seeds"]["payment-api"]["key"]["generate"]["length"] = 48
    after["strongroom:seeds"]["mail"] = {"password": {"generate": {"length": 20}}}
    return after


def _differences(wanted: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
    return {
        name: f"{json.dumps(wanted.get(name))} -> {json.dumps(found.get(name))}"
        for name in sorted({*wanted, *found})
        if wanted.get(name) != found.get(name)
    }
