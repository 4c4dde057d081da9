"""PostgreSQL's server with one database; from Debian's packages where the machine has none."""

import os
import pwd
import subprocess
from pathlib import Path

from sandbox.certificates import write_private
from sandbox.ports import HOST, find_free_port
from sandbox.process import Process
from tests.support.polling import poll_until

from .debian import brought, libraries

ADMIN = "vault"
_PROGRAMS = "usr/lib/postgresql/*/bin"


class RefusedError(Exception):
    """The server refused a login or a statement, in these words."""


class Postgresql:
    """A server on loopback, with the database `shop`, a table, and a user who may make others."""

    def __init__(self, home: Path, password: str) -> None:
        """
        :param home: Where its files are: a directory that other users of the machine may enter.
        :param password: The password of `ADMIN`, until somebody changes it.
        """
        self.port = find_free_port()
        self.url = f"postgresql://{{{{username}}}}:{{{{password}}}}@{HOST}:{self.port}/shop?sslmode=disable"
        root = brought("postgresql", f"{_PROGRAMS}/postgres", home)
        self._programs = max(root.glob(_PROGRAMS))
        self._environment = libraries(root)
        self._socket = home / "socket"
        self.process = Process("postgresql", home)
        data, given = home / "data", home / "password"
        write_private(given, password)
        for folder in (data, self._socket):
            folder.mkdir(0o700)
        # It never runs as root.
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self._user:
            for path in (data, self._socket, given):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        command = ["initdb", "-D", str(data), "-U", ADMIN, f"--pwfile={given}", "-A", "scram-sha-256", "-N"]
        self._run(command, self._environment)
        given.unlink()
        self._data = data

    def start(self, password: str) -> None:
        """Start it, and make the database."""
        self.restart(ADMIN, password)
        self.query(ADMIN, password, "CREATE DATABASE shop", "postgres")
        self.query(ADMIN, password, "CREATE TABLE orders (id serial PRIMARY KEY, item text)")

    def restart(self, user: str, password: str) -> None:
        """Start it if it doesn't run, and return when `user` can log in."""
        server = [str(self._programs / "postgres"), "-D", str(self._data), "-h", HOST, "-p", str(self.port)]
        quick = ["-k", str(self._socket), "-c", "fsync=off"]

        def is_up() -> bool:
            if not self.process.pid:  # one that was killed leaves memory behind for a moment
                self.process.start([*self._as_user(), *server, *quick], self._environment)
            return bool(self.query(user, password, "SELECT 1", "postgres"))

        poll_until(is_up, ignored=(RefusedError,))

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()

    def query(self, user: str, password: str, statement: str, database: str = "shop") -> list[str]:
        """Log in, and return the lines of a statement's result.

        :raises RefusedError: The server refuses one of both.
        """
        where = ["-h", HOST, "-p", str(self.port), "-U", user, "-d", database]
        command = ["psql", *where, "--no-password", "-v", "ON_ERROR_STOP=1", "-qAtc", statement]
        return self._run(command, {**self._environment, "PGPASSWORD": password}).splitlines()

    def _run(self, command: list[str], environment: dict[str, str]) -> str:
        program, *arguments = command
        done = subprocess.run(
            [*self._as_user(), str(self._programs / program), *arguments],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RefusedError(done.stderr)
        return done.stdout

    def _as_user(self) -> list[str]:
        """The words before a command that has it run as another user than root."""
        if self._user is None:
            return []
        return ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups", "--"]
