"""Locks of engines: whose are taken away, whose are waited for. What the state takes in, and what it never does."""

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from strongroom.ops.errors import OpsError
from strongroom.ops.origins import trace
from strongroom.ops.origins.origin import ABSENT, OWN, InterruptedUpdate, Origin
from strongroom.ops.recover import run as recovery
from strongroom.ops.recover.run import recover

HERE = socket.gethostname()


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock file of the stack `dev`, to be written, and a Pulumi CLI that knows where it is."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(recovery, "_WAIT_SECONDS", 0.5)
    home = tmp_path / ".pulumi" / "locks" / "organization" / "strongroom" / "dev"
    home.mkdir(parents=True)
    program = tmp_path / "pulumi"
    program.write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        f'whoami) echo \'{{"url": "file://{tmp_path}"}}\' ;;\n'
        f"cancel) rm {home}/*.json ;;\n"
        f'stack) if [ "$2" = import ]; then cat >{tmp_path}/state; else cat {tmp_path}/state; fi ;;\n'
        "esac\n"
    )
    program.chmod(0o755)
    (tmp_path / "state").write_text('{"deployment": {}}')
    return home / "one.json"


def write(lock: Path, pid: int, host: str = HERE, since: timedelta = timedelta()) -> None:
    at = (datetime.now(UTC) + since).isoformat()
    lock.write_text(json.dumps({"pid": pid, "username": "u", "hostname": host, "timestamp": at}))


def test_without_a_lock_there_is_nothing_to_do(lock: Path) -> None:
    assert not recover("dev", print).unlocked


def test_the_lock_of_a_dead_engine_is_taken_away(lock: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    write(lock, int(dead.stdout))

    assert recover("dev", print).unlocked
    assert not lock.exists()


def test_a_process_that_has_a_dead_ones_id_is_not_taken_for_it(lock: Path) -> None:
    write(lock, os.getpid(), since=-timedelta(days=365))

    assert recover("dev", print).unlocked


def test_an_engine_that_works_is_waited_for_and_left_alone(lock: Path) -> None:
    write(lock, os.getpid())
    said: list[str] = []

    with pytest.raises(OpsError, match=f"locked by pulumi .pid {os.getpid()} on {HERE}.*wait for it"):
        recover("dev", said.append)
    assert lock.exists()
    assert "still works on this stack" in said[0]


def test_a_file_that_a_killed_engine_left_empty_beside_the_state_is_removed(lock: Path) -> None:
    stacks = lock.parents[4] / "stacks" / "strongroom"
    stacks.mkdir(parents=True)
    empty, whole = stacks / "dev.json.attrs", stacks / "prod.json.attrs"
    empty.touch()
    whole.touch()

    recover("dev", print)
    assert not empty.exists()
    assert whole.exists()


@pytest.mark.parametrize("pid", [1, 2**22 + 1], ids=["here too", "not here"])
def test_nothing_is_known_of_an_engine_on_another_machine(lock: Path, pid: int) -> None:
    write(lock, pid, host="elsewhere")

    with pytest.raises(OpsError, match=r"on elsewhere.*if it is certainly dead, run `pulumi cancel --stack dev`"):
        recover("dev", print)
    assert lock.exists()


BEGUN = "2026-03-01T10:00:00.5Z"
LAST_SEEN = "2026-03-01T10:00:07Z"
OTHER = Origin("other", "Namespace shop exists, made by kubectl-create", "add shop to kubernetes.existingNamespaces")
UNKNOWN = Origin("unknown", "the policy shop exists, and Vault does not record who created it", "choose another name")


def pending(kind: str, name: str, /, **inputs: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:dev::strongroom::{kind}::{name}"
    return {"type": "creating", "resource": {"urn": urn, "type": kind, "custom": True, "inputs": inputs}}


SHOP = pending("kubernetes:core/v1:Namespace", "shop", metadata={"name": "shop"})
POLICY = pending("vault:index/policy:Policy", "shop", name="shop", policy="")


class Interruption:
    """A stack whose engine died while it made the namespace `shop` and a policy."""

    def __init__(self, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lock, self.state = lock, lock.parents[4].parent / "state"
        self.origins = {SHOP["resource"]["urn"]: OWN, POLICY["resource"]["urn"]: ABSENT}
        self.seen: list[InterruptedUpdate] = []
        deployment = {"manifest": {"time": LAST_SEEN}, "resources": [], "pending_operations": [SHOP, POLICY]}
        self.state.write_text(json.dumps({"version": 3, "deployment": deployment}))
        lock.write_text(json.dumps({"pid": 2**22 + 1, "hostname": HERE, "timestamp": BEGUN}))
        monkeypatch.setattr(trace, "trace_origins", self.trace)
        monkeypatch.setattr(recovery, "_refresh", lambda _, urns: set(urns))

    def trace(self, _stack: str, _created: Any, _others: Any, interrupted: InterruptedUpdate) -> dict[str, Origin]:
        assert self.lock.exists()
        self.seen.append(interrupted)
        return self.origins

    @property
    def deployment(self) -> Any:
        return json.loads(self.state.read_text())["deployment"]


@pytest.fixture
def interruption(lock: Path, monkeypatch: pytest.MonkeyPatch) -> Interruption:
    return Interruption(lock, monkeypatch)


def test_what_the_interrupted_update_made_is_taken_into_the_state(interruption: Interruption) -> None:
    done = recover("dev", print)

    assert done.found == [SHOP["resource"]["urn"]]
    assert done.gone == [POLICY["resource"]["urn"]]
    assert [each["id"] for each in interruption.deployment["resources"]] == ["shop"]
    assert not interruption.lock.exists()


@pytest.mark.parametrize("adopt", [None, True, False])
def test_what_somebody_else_made_is_named_and_never_taken_into_the_state(
    interruption: Interruption, adopt: bool | None
) -> None:
    interruption.origins[SHOP["resource"]["urn"]] = OTHER
    done = recover("dev", print, adopt=adopt)

    assert done.left == {SHOP["resource"]["urn"]: f"{OTHER.reason}: {OTHER.fix}"}
    assert done.found == []
    assert interruption.deployment["resources"] == interruption.deployment["pending_operations"] == []


def test_where_nothing_tells_who_made_it_the_user_is_asked_before_anything_changes(interruption: Interruption) -> None:
    interruption.origins[POLICY["resource"]["urn"]] = UNKNOWN
    before = interruption.state.read_text()

    with pytest.raises(OpsError, match="the policy shop exists, and Vault does not record who created it") as raised:
        recover("dev", print)
    assert "`strongroom recover --stack dev --adopt`" in str(raised.value)
    assert "`strongroom recover --stack dev --leave`" in str(raised.value)
    assert interruption.state.read_text() == before
    assert interruption.lock.exists()


@pytest.mark.parametrize("adopt", [True, False])
def test_the_users_answer_is_followed(interruption: Interruption, adopt: bool) -> None:
    interruption.origins[POLICY["resource"]["urn"]] = UNKNOWN
    done = recover("dev", print, adopt=adopt)

    assert (POLICY["resource"]["urn"] in done.found) is adopt
    assert (POLICY["resource"]["urn"] in done.left) is not adopt
    assert (POLICY["resource"]["urn"] in [each["urn"] for each in interruption.deployment["resources"]]) is adopt


def test_the_update_ran_from_the_last_lock_to_the_last_state(interruption: Interruption) -> None:
    earlier = {"pid": 2**22 + 1, "hostname": HERE, "timestamp": "2026-02-01T10:00:00Z"}
    interruption.lock.with_name("two.json").write_text(json.dumps(earlier))
    recover("dev", print)

    begun, last_seen = datetime.fromisoformat(BEGUN), datetime.fromisoformat(LAST_SEEN)
    assert interruption.seen == [InterruptedUpdate(begun, last_seen)]
