"""Initialisation of a Vault, in a process of its own that outlives the one that asked for it.

Vault gives its keys once, in its response. An engine that is killed before the response would lose them; this
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

from ...retry import make_retry
from ..client import VaultNode, create_client, create_session
from .key_store import BootstrapState, KeyStore, KeyStoreError, build_key_store

_TIMEOUT = 120
"""Seconds that Vault may take, and the key store."""

_RETRY = make_retry(read=False, busy={429, 503})
"""Asks again only where Vault did nothing: it gives its keys once."""


def start_initialisation(
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
    request = {
        "node": node.to_inputs(),
        "key_store": key_store.to_inputs(),
        "shares": shares,
        "threshold": threshold,
        "recovery": recovery,
    }
    components, module = Path(__file__).parents[2], ".".join(__name__.split(".")[-3:])
    process = subprocess.Popen(  # noqa: S603 - this very module
        [sys.executable, str(components), "--module", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        pass_fds=tuple(inherited),
    )
    assert process.stdin  # noqa: S101 - a pipe was asked for
    process.stdin.write(json.dumps(request))
    process.stdin.close()
    return process


def wait_for_error(process: subprocess.Popen[str]) -> str | None:
    """Wait for its end, and return why it failed; `None` where the key store has the shares."""
    assert process.stdout  # noqa: S101 - a pipe was asked for
    error = process.stdout.read().strip()
    process.wait()
    return error or (None if process.returncode == 0 else f"the process ended with {process.returncode}")


def main() -> None:
    """Initialise as standard input asks; print on standard output why it failed."""
    request: dict[str, Any] = json.load(sys.stdin)
    key_store = build_key_store(request["key_store"])
    shares, threshold = int(request["shares"]), int(request["threshold"])
    keys = list(key_store.pgp_keys) or None
    # Under auto-unseal there is nothing to unseal with, and shares of a recovery key take the place.
    body: dict[str, Any] = (
        {"recovery_shares": shares, "recovery_threshold": threshold, "recovery_pgp_keys": keys}
        if request["recovery"]
        else {"secret_shares": shares, "secret_threshold": threshold, "pgp_keys": keys}
    )
    body = {name: value for name, value in body.items() if value is not None}
    node = VaultNode.from_inputs(request["node"])
    try:
        # hvac's own method would send a Shamir threshold along with recovery shares.
        vault = create_client(node, timeout=_TIMEOUT, session=create_session(node, _RETRY))
        response: dict[str, Any] = vault.adapter.put("/v1/sys/init", json=body)
        shares_given: list[str] = response["recovery_keys_base64" if request["recovery"] else "keys_base64"]
        _keep(
            key_store,
            BootstrapState(shares=tuple(shares_given), threshold=threshold, root_token=response["root_token"]),
        )
    except (VaultError, requests.RequestException, KeyStoreError) as error:
        print(str(error).splitlines()[0])
        sys.exit(1)


def _keep(key_store: KeyStore, state: BootstrapState) -> None:
    # Vault never gives them again.
    end = time.monotonic() + _TIMEOUT
    while True:
        try:
            key_store.save(state)
            return
        except KeyStoreError:
            if time.monotonic() > end:
                raise
        time.sleep(1)


if __name__ == "__main__":
    main()
