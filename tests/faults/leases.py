"""Deaths while Vault makes, changes and takes back what a workload has of a database: drawn from a seed."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil
import requests
from hvac.exceptions import VaultError
from pulumi.automation import ConfigValue

from sandbox.running import ROOT, Sandbox
from tests.integration.injected import Agent
from tests.integration.postgresql import ADMIN, Postgresql, RefusedError
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

from .run import Death, run

Step = Literal["issue", "renewal", "rotation", "root-rotation", "revocation", "update"]
Victim = Literal["agent", "vault", "postgresql", "program", "engine"]

_VICTIMS: Mapping[Step, tuple[Victim, ...]] = {
    "issue": ("agent", "vault", "postgresql"),
    "renewal": ("agent", "vault", "postgresql"),
    "rotation": ("vault", "postgresql"),
    "root-rotation": ("vault", "postgresql"),
    "revocation": ("program", "vault", "postgresql"),
    "update": ("program", "engine"),
}

_WINDOWS: Mapping[Step, tuple[float, float]] = {
    "issue": (0.0, 1.2),
    "renewal": (3.5, 6.5),
    "rotation": (0.0, 0.12),
    "root-rotation": (0.0, 0.12),
    "revocation": (0.3, 4.0),
    "update": (0.0, 0.06),
}
"""Seconds after a step begins within which its victim dies."""

_RECOVERY = 150
"""Seconds. Vault rolls back what it had begun once a minute. (Vault: `rollback.go`)"""

_FORGOTTEN = 20
"""Seconds after which Vault doesn't find out any more which password it has: when it starts, it deletes its own note of
a change that was under way. (Vault 1.21: `deleting WAL with nil role or static account`)"""

_DOWN = (VaultError, requests.RequestException, RefusedError)
_GRACE = 2.0
"""Seconds that an agent has between the end of one user and the files of the next."""

_STRONGROOM = "from strongroom.ops.app import main; main()"
_STRAY = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%' AND rolvaliduntil > now()"


@dataclass(frozen=True)
class LeaseScenario:
    """One death in one step of a credential's life."""

    step: Step
    victim: Victim
    seed: int

    def __str__(self) -> str:
        return f"{self.step}-{self.victim}-{self.seed}"

    @property
    def delay(self) -> float:
        """How many seconds after the step begins the victim dies."""
        return self.random.uniform(*_WINDOWS[self.step])

    @property
    def random(self) -> random.Random:
        """What draws its moment."""
        return random.Random(str(self))  # noqa: S311 - to be repeated, not to be secret


def list_lease_scenarios(rounds: int) -> Iterator[LeaseScenario]:
    """Every victim in every step, in `rounds` rounds with a seed each."""
    for seed in range(rounds):
        for step, victims in _VICTIMS.items():
            yield from (LeaseScenario(step, victim, seed) for victim in victims)


@dataclass(frozen=True)
class LeasePaths:
    """The paths of the credentials that scenarios use."""

    made: str
    """Of a user that Vault makes."""

    static: str
    """Of a user that exists."""

    files: tuple[str, str]
    """The files with the name and the password."""


class LeaseStage:
    """A deployed stack with a database, in which something dies."""

    def __init__(
        self,
        world: Sandbox,
        project: Project,
        root: Path,
        database: Postgresql,
        keeper: tuple[str, str],
        log_in: Callable[[], Any],
        at: LeasePaths,
    ) -> None:
        """
        :param root: The project's directory.
        :param keeper: A superuser of the database, which Vault doesn't know, and its password.
        :param log_in: Logs in to Vault as the workload.
        :param at: The credentials' paths.
        """
        self._world, self._project, self._root, self._database = world, project, root, database
        self._keeper, self._log_in, self._at = keeper, log_in, at

    def play(self, scenario: LeaseScenario, build_agent: Callable[[], Agent], workload: str) -> dict[str, Any]:
        """Let the victim die in a step, mend it, repeat the step, and see that nothing is left or lost.

        :param build_agent: Builds the agent of the workload, `namespace/name`, with files of its own.
        :raises AssertionError: A user is left that can log in, one in use was dropped, or a value is lost.
        """
        begun, first = time.monotonic(), "interrupted"
        match scenario.step:
            case "issue" | "renewal":
                self._play_agent(scenario, build_agent)
            case "rotation":
                first = self._play_write(scenario, self._at.static.replace("static-creds", "rotate-role"))
            case "root-rotation":
                first = self._play_root_rotation(scenario)
            case "revocation":
                first = self._play_revocation(scenario, workload)
            case "update":
                first = self._play_update(scenario)
        self._require_whole()
        return {
            "scenario": str(scenario),
            "delay": round(scenario.delay, 3),
            "first": first,
            "seconds": round(time.monotonic() - begun, 1),
            "left": self._sweep(),
        }

    def _play_agent(self, scenario: LeaseScenario, build_agent: Callable[[], Agent]) -> None:
        agent = build_agent()

        def works() -> bool:
            name, password = (agent.read(file).decode() for file in self._at.files)
            return self._database.query(name, password, "SELECT current_user") == [name]

        if scenario.victim == "agent":
            with agent.beside() as process:
                if scenario.step == "renewal":
                    poll_until(works, _RECOVERY, ignored=(OSError, RefusedError))
                time.sleep(scenario.delay)
                process.kill()
            with agent.beside():
                self._require_used(works)
            return
        with agent.beside():
            if scenario.step == "renewal":
                poll_until(works, _RECOVERY, ignored=(OSError, RefusedError))
            time.sleep(scenario.delay)
            self._kill(scenario.victim)
            self._mend(scenario.victim)
            self._require_used(works)

    def _require_used(self, works: Callable[[], bool]) -> None:
        """See that the files' user can log in from now on, through more than one renewal."""
        poll_until(works, _RECOVERY, ignored=(OSError, RefusedError))
        end = time.monotonic() + 8
        while time.monotonic() < end:
            poll_until(works, _GRACE, ignored=(OSError, RefusedError))
            time.sleep(0.2)

    def _play_root_rotation(self, scenario: LeaseScenario) -> str:
        """Let Vault change its own password, and mend by a new one, as docs/databases.md says, if it forgot that."""
        database = self._at.made.rpartition(".")[2]
        path = f"database/rotate-root/{database}"
        first = self._play_once(scenario, path)
        try:
            poll_until(self._makes_users, _FORGOTTEN, ignored=_DOWN)
        except AssertionError:
            first = "forgotten"
            password = f"again-{scenario.seed}"
            self._list(f"ALTER ROLE {ADMIN} PASSWORD '{password}'")
            with self._project.engine.stack(self._project.stack) as stack:
                value = ConfigValue(password, secret=True)
                stack.set_config(f'strongroom:credentials["database/{database}"]', value, path=True)
            self._project.changes("up")
        self._world.vault.client().write_data(path, data={})
        return first

    def _makes_users(self) -> bool:
        return bool(self._world.vault.client().read(self._at.made))

    def _play_write(self, scenario: LeaseScenario, path: str) -> str:
        first = self._play_once(scenario, path)

        def again() -> bool:
            self._world.vault.client().write_data(path, data={})
            return True

        poll_until(again, _RECOVERY, ignored=_DOWN)
        return first

    def _play_once(self, scenario: LeaseScenario, path: str) -> str:
        done: list[bool] = []

        def write() -> None:
            with suppress(*_DOWN):
                self._world.vault.client().write_data(path, data={})
                done.append(True)

        writing = threading.Thread(target=write)
        writing.start()
        time.sleep(scenario.delay)
        self._kill(scenario.victim)
        self._mend(scenario.victim)
        writing.join()
        return _format_first(is_done=bool(done))

    def _play_revocation(self, scenario: LeaseScenario, workload: str) -> str:
        # A user that would live on.
        role = self._at.made.replace("/creds/", "/roles/")
        short = self._world.vault.client().read(role)["data"]["default_ttl"]
        self._write_lives(role, 600)
        before = self._log_in().read(self._at.made)["data"]
        words = ["revoke", "--stack", self._project.stack, "--workload", workload]
        self._project.engine.complete_files()
        command = [sys.executable, "-c", _STRONGROOM, *words, "--yes"]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._project.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as first:
            time.sleep(scenario.delay)
            if scenario.victim == "program":
                first.kill()
            else:
                self._kill(scenario.victim)
                self._mend(scenario.victim)
            said = first.communicate(timeout=300)[0]
        again = self._project.ops(*words, "--yes")
        assert again.returncode == 0, f"first run:\n{said}\nsecond run:\n{again.stdout}{again.stderr}"

        def is_refused() -> bool:
            try:
                self._database.query(before["username"], before["password"], "SELECT 1")
            except RefusedError:
                return True
            return False

        poll_until(is_refused, _RECOVERY)
        self._write_lives(role, short)
        lifted = self._project.ops(*words, "--lift", "--yes")
        assert lifted.returncode == 0, lifted.stdout + lifted.stderr
        with self._project.engine.stack(self._project.stack) as stack:
            stack.up(refresh=True)
        return _format_first(is_done=first.returncode == 0)

    def _write_lives(self, role: str, seconds: int) -> None:
        self._world.vault.client().write_data(role, data={"default_ttl": seconds, "max_ttl": seconds})

    def _play_update(self, scenario: LeaseScenario) -> str:
        config = self._project.config
        entry = next(each for each in config["strongroom:workloads"] if each.get("databases"))["databases"][0]
        entry["ttl"] = "7s" if entry["ttl"] == "6s" else "6s"
        self._project.write(config)
        step = scenario.random.randint(0, 4)
        death = Death(scenario.victim, step, scenario.delay)  # pyright: ignore[reportArgumentType]
        first = run(self._world, self._root, "up", self._project.stack, death)
        again = run(self._world, self._root, "up", self._project.stack)
        assert again.code == 0, f"first run:\n{first.said}\nsecond run:\n{again.said}"
        return _format_first(is_done=first.code == 0)

    def _require_whole(self) -> None:
        """See that the workload gets a user that can log in, and that Vault knows the one that exists."""

        def logs_in(client: Any, path: str) -> bool:
            given = client.read(path)["data"]
            return bool(self._database.query(given["username"], given["password"], "SELECT 1"))

        poll_until(lambda: logs_in(self._log_in(), self._at.made), _RECOVERY, ignored=(*_DOWN, TypeError))
        root = self._world.vault.client()
        poll_until(lambda: logs_in(root, self._at.static), _RECOVERY, ignored=(*_DOWN, TypeError))

    def _sweep(self) -> int:
        """Take back every lease; see that no user is left that can log in. Return how many are left that can't."""
        root = self._world.vault.client()

        def revoke() -> bool:
            root.sys.revoke_prefix(self._at.made)
            return True

        poll_until(revoke, _RECOVERY, ignored=_DOWN)
        poll_until(lambda: not self._list(_STRAY), 20)
        left = self._list(_STRAY.partition(" AND ")[0])
        for name in left:
            self._list(f'REASSIGN OWNED BY "{name}" TO CURRENT_USER; DROP OWNED BY "{name}"; DROP ROLE "{name}"')
        return len(left)

    def _list(self, statement: str) -> list[str]:
        return self._database.query(*self._keeper, statement)

    def _kill(self, victim: Victim) -> None:
        process = self._database.process if victim == "postgresql" else self._world.vault.process
        assert process.pid, f"{victim} was dead already"
        server = psutil.Process(process.pid)
        for each in [server, *server.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs([server], 10)

    def _mend(self, victim: Victim) -> None:
        if victim == "postgresql":
            self._database.restart(*self._keeper)
        else:
            self._world.vault.start()


def _format_first(*, is_done: bool) -> str:
    return "done" if is_done else "interrupted"
