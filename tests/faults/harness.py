"""A stack on the sandbox that is brought to where an operation begins, disturbed, mended, and compared."""

import copy
import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.engine import PROJECT
from sandbox.running import Sandbox
from strongroom.ops.pulumi.stack import read_stack
from strongroom.ops.verify import Check, Verifier
from tests.support.sandboxed import Project, environment

from .run import Death, Ran, left, run
from .scenario import Operation, Scenario
from .snapshot import Picture, take

_AFTER: dict[Operation, str] = {"up": "deployed", "update": "changed", "destroy": "nothing"}
_FROM: dict[Operation, str] = {"up": "nothing", "update": "deployed", "destroy": "changed"}
_NEXT = {before: operation for operation, before in _FROM.items()}
_PROVIDER = "pulumi:providers:"
_NOBODY = 2**22 + 1
"""The id of no process. (Linux: "proc_pid_max")"""

_COMMAND = {"up": "up", "update": "up", "destroy": "destroy"}


@dataclass(frozen=True)
class Undisturbed:
    """How an operation goes when nothing happens."""

    steps: int
    after: Picture


class Stage:
    """One stack of the sandbox."""

    def __init__(self, world: Sandbox, root: Path, stack: str) -> None:
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
        undisturbed = self._learn(operation)
        self.reach(_FROM[operation])
        step, delay = scenario.moment(self.stack, undisturbed.steps)
        disturbed = self._do(operation, Death(scenario.victim, step, delay))
        if scenario.victim not in {"program", "engine"}:
            self._world.up()
        between = take(self._world, self._project.engine, self.stack)
        again = self._do(operation)
        if again.code and "already exists" in again.said:
            # An object was made whose maker never heard of it: once, an update is to take over what is there.
            with environment({"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"}):
                self._do(operation)
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
            self._well("destroy" if wanted == "nothing" else _NEXT[str(self._now)])

    def cut_short(self, kind: str) -> Ran:
        """Go on after an update of which nobody knows whether it changed a resource of the type `kind`."""
        self.reach("deployed")
        checkpoint, whole = self._project.engine.checkpoint(self.stack), self._read_checkpoint()
        latest = whole["checkpoint"]["latest"]
        resource = next(each for each in latest["resources"] if each["type"] == kind)
        latest["pending_operations"] = [{"type": "updating", "resource": resource}]
        checkpoint.write_text(json.dumps(whole))
        return self._do("up")

    def interrupt_creation(self, *resources: dict[str, Any], begun: datetime) -> Path:
        """Leave the deployed stack as an engine does that died while it created `resources`; return its lock.

        :param begun: When it began.
        """
        checkpoint, whole = self._project.engine.checkpoint(self.stack), self._read_checkpoint()
        latest = whole["checkpoint"]["latest"]
        providers = {each["type"].rpartition(":")[2]: each for each in latest["resources"] if _PROVIDER in each["type"]}
        latest["manifest"]["time"] = datetime.now(UTC).isoformat()
        latest["pending_operations"] = [
            {"type": "creating", "resource": {**resource, "provider": f"{provider['urn']}::{provider['id']}"}}
            for resource in resources
            for provider in [providers[resource["type"].partition(":")[0]]]
        ]
        checkpoint.write_text(json.dumps(whole))
        locks = self._project.engine.home / "state" / ".pulumi" / "locks" / "organization" / PROJECT / self.stack
        locks.mkdir(parents=True, exist_ok=True)
        lock = locks / "dead.json"
        lock.write_text(json.dumps({"pid": _NOBODY, "hostname": socket.gethostname(), "timestamp": begun.isoformat()}))
        return lock

    def update(self) -> Ran:
        """Deploy the stack as it was written."""
        return self._do("up")

    def _learn(self, operation: Operation) -> Undisturbed:
        """See once how `operation` goes undisturbed."""
        if operation in self._undisturbed:
            return self._undisturbed[operation]
        if operation == "destroy":  # leaves what there was before
            self.reach("nothing")
            picture = take(self._world, self._project.engine, self.stack)
            self.reach("changed")
            steps = len(self._read_checkpoint()["checkpoint"]["latest"]["resources"])
        else:
            self.reach(_FROM[operation])
            steps = self._well(operation).steps
            picture = take(self._world, self._project.engine, self.stack)
            assert picture.servers
        assert not picture.orphans
        self._undisturbed[operation] = Undisturbed(steps, picture)
        return self._undisturbed[operation]

    def _read_checkpoint(self) -> Any:
        return json.loads(self._project.engine.checkpoint(self.stack).read_text())

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
        wrong = {what: reported for what, reported in faults.items() if reported}
        assert not wrong, f"{wrong}\n{said}"

    def _verify(self) -> list[Check]:
        checks = Verifier(read_stack(self.stack), self._world.api_server.signing_key).run()
        assert checks
        return [check for check in checks if check.passed is not True]


def changed(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration in which a bit of everything is another: made, changed, replaced, removed."""
    after = copy.deepcopy(config)
    orders, checkout, ledger = after["strongroom:workloads"]
    orders["secrets"].append({"name": "payment-key", "object": "payment-api", "key": "key"})
    ledger["secrets"][0]["filePermission"] = "0444"
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
