"""What the emulator keeps, in SQLite: resources of the Resource Manager, and objects of key vaults, encrypted."""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from cryptography.fernet import Fernet

from ..certificates import write_private

Document = dict[str, Any]
Kind = Literal["secrets", "keys", "certificates"]

_TABLES = """
CREATE TABLE IF NOT EXISTS resources (id TEXT PRIMARY KEY, type TEXT NOT NULL, since REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS resources_by_type ON resources (type);
CREATE TABLE IF NOT EXISTS objects (
    vault TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (vault, kind, name)
);
CREATE TABLE IF NOT EXISTS clocks (vault TEXT PRIMARY KEY, ahead REAL NOT NULL);
"""


class Store:
    """The emulator's memory, shared by the processes that serve it and the one that deploys to it."""

    def __init__(self, directory: Path) -> None:
        """
        :param directory: Where it is kept, with the key that encrypts what vaults hold.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = directory / "azure.sqlite"
        if not self._file.exists():
            os.close(os.open(self._file, os.O_CREAT | os.O_WRONLY, 0o600))
        key = directory / "vaults.key"
        if not key.is_file():
            write_private(key, Fernet.generate_key())
        self._cipher = Fernet(key.read_bytes())
        self._local = threading.local()
        with self.writing() as connection:
            connection.executescript(_TABLES)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a transaction that nobody else writes beside."""
        connection = self._connection
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        if connection.in_transaction:
            connection.commit()

    def resource(self, id_: str) -> Document | None:
        """Return the resource `id_`; names in ids differ by more than case alone."""
        row = self._connection.execute("SELECT body FROM resources WHERE id = ?", (id_.lower(),)).fetchone()
        return json.loads(row[0]) if row else None

    def resources(self, type_: str, below: str = "", settled: float = 0) -> list[Document]:
        """Return the resources of a type.

        :param below: A prefix of their ids.
        :param settled: How many seconds ago they must have been written.
        """
        rows = self._connection.execute(
            "SELECT body FROM resources WHERE type = ? AND substr(id, 1, ?) = ? AND since <= ? ORDER BY since",
            (type_.lower(), len(below), below.lower(), time.time() - settled),
        )
        return [json.loads(body) for (body,) in rows]

    def put(self, id_: str, type_: str, body: Document) -> None:
        """Keep a resource."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO resources VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET since = excluded.since, body = excluded.body",
                (id_.lower(), type_.lower(), time.time(), json.dumps(body)),
            )

    def remove(self, id_: str) -> None:
        """Forget a resource and everything below it."""
        with self.writing() as connection:
            below = f"{id_.lower()}/"
            connection.execute(
                "DELETE FROM resources WHERE id = ? OR substr(id, 1, ?) = ?", (id_.lower(), len(below), below)
            )

    def object(self, vault: str, kind: Kind, name: str) -> Document | None:
        """Return what a vault holds under a name, all versions of it."""
        row = self._connection.execute(
            "SELECT body FROM objects WHERE vault = ? AND kind = ? AND name = ?", (vault, kind, name.lower())
        ).fetchone()
        return json.loads(self._cipher.decrypt(row[0])) if row else None

    def objects(self, vault: str, kind: Kind) -> list[Document]:
        """Everything of a kind that a vault holds."""
        rows = self._connection.execute(
            "SELECT body FROM objects WHERE vault = ? AND kind = ? ORDER BY name", (vault, kind)
        )
        return [json.loads(self._cipher.decrypt(body)) for (body,) in rows]

    def put_object(self, vault: str, kind: Kind, name: str, body: Document) -> None:
        """Keep what a vault holds under a name."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO objects VALUES (?, ?, ?, ?) "
                "ON CONFLICT (vault, kind, name) DO UPDATE SET body = excluded.body",
                (vault, kind, name.lower(), self._cipher.encrypt(json.dumps(body).encode())),
            )

    def remove_object(self, vault: str, kind: Kind | None = None, name: str | None = None) -> None:
        """Forget an object, or all that a vault holds."""
        with self.writing() as connection:
            if kind is None or name is None:
                connection.execute("DELETE FROM objects WHERE vault = ?", (vault,))
            else:
                connection.execute(
                    "DELETE FROM objects WHERE vault = ? AND kind = ? AND name = ?", (vault, kind, name.lower())
                )

    def read_clock(self, vault: str) -> float:
        """Return the time in a vault, in seconds since 1970."""
        row = self._connection.execute("SELECT ahead FROM clocks WHERE vault = ?", (vault,)).fetchone()
        return time.time() + (row[0] if row else 0)

    def move_clock(self, vault: str, ahead: float) -> None:
        """Let a vault be `ahead` seconds in the future, with 0 back in the present."""
        with self.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO clocks VALUES (?, ?)", (vault, ahead))

    @property
    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            made = sqlite3.connect(self._file, timeout=30, isolation_level=None)
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = NORMAL")
            self._local.connection = made
        return self._local.connection
