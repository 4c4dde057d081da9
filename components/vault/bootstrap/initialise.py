"""Initialising a Vault, in a process of its own that outlives the one that asked for it.

Vault says its keys once, in the answer. Whoever kills the engine between question and answer would lose them; this
process is in a session of its own, and keeps them before it ends.
"""
# pyright: reportUnknownMemberType=false
# hvac ships no types.

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests
from hvac.exceptions import VaultError

from ...retry import patience
from ..client import VaultNode, client, connections
from .key_store import KeyStore, KeyStoreError, Record, build_key_store

_PATIENCE = 120
"""Seconds that Vault may take, and the key store."""

_UNANSWERED = patience(read=False, busy={429, 503})
"""Asks again only where Vault did nothing: it gives its keys once."""


def begin(
    node: VaultNode, key_store: KeyStore, *, shares: int, threshold: int, recovery: bool, inherited: Sequence[int]
) -> subprocess.Popen[str]:
    """Start to initialise `node`.

    :param node: The node; its store must be empty, and Vault refuses otherwise.
    :param key_store: Who keeps the shares.
    :param shares: How many.
    :param threshold: How many open it.
    :param recovery: Whether the store unseals itself, so that they are recovery shares.
    :param inherited: Descriptors that hold the key store's lock.
    """
    question = {
        "node": node.inputs(),
        "key_store": key_store.inputs(),
        "shares": shares,
        "threshold": threshold,
        "recovery": recovery,
    }
    components, module = Path(__file__).parents[2], ".".join(__name__.split(".")[-3:])
    started = subprocess.Popen(  # noqa: S603 - this very module
        [sys.executable, str(components), "--module", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        pass_fds=tuple(inherited),
    )
    assert started.stdin  # noqa: S101 - a pipe was asked for
    started.stdin.write(json.dumps(question))
    started.stdin.close()
    return started


def outcome(started: subprocess.Popen[str]) -> str | None:
    """Wait for its end: why it failed, or `None` where the key store has the shares."""
    assert started.stdout  # noqa: S101 - a pipe was asked for
    told = started.stdout.read().strip()
    started.wait()
    return told or (None if started.returncode == 0 else f"the process ended with {started.returncode}")


def main() -> None:
    """Do what standard input asks; say on standard output why it failed."""
    question: dict[str, Any] = json.load(sys.stdin)
    key_store = build_key_store(question["key_store"])
    shares, threshold = int(question["shares"]), int(question["threshold"])
    keys = list(key_store.pgp_keys) or None
    # Under auto-unseal there is nothing to unseal with, and shares of a recovery key take the place.
    wanted: dict[str, Any] = (
        {"recovery_shares": shares, "recovery_threshold": threshold, "recovery_pgp_keys": keys}
        if question["recovery"]
        else {"secret_shares": shares, "secret_threshold": threshold, "pgp_keys": keys}
    )
    wanted = {name: value for name, value in wanted.items() if value is not None}
    node = VaultNode.from_inputs(question["node"])
    try:
        # hvac's own method would send a Shamir threshold along with recovery shares.
        vault = client(node, timeout=_PATIENCE, session=connections(node, _UNANSWERED))
        answer: dict[str, Any] = vault.adapter.put("/v1/sys/init", json=wanted)
        given: list[str] = answer["recovery_keys_base64" if question["recovery"] else "keys_base64"]
        _keep(key_store, Record(shares=tuple(given), threshold=threshold, root_token=answer["root_token"]))
    except (VaultError, requests.RequestException, KeyStoreError) as error:
        print(str(error).splitlines()[0])
        sys.exit(1)


def _keep(key_store: KeyStore, record: Record) -> None:
    # Nobody will ever be told them again.
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            key_store.save(record)
            return
        except KeyStoreError:
            if time.monotonic() > end:
                raise
        time.sleep(1)


if __name__ == "__main__":
    main()
