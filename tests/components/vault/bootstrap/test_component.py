"""Bootstrap as a resource: what its state has, whatever version wrote it."""

from typing import Any

import pytest

from strongroom.components.vault.bootstrap import component
from strongroom.components.vault.bootstrap.component import VaultBootstrap
from strongroom.components.vault.bootstrap.file_key_store import FileKeyStore
from strongroom.components.vault.client import VaultNode
from tests.support.recording import Declare

IN_STATE: dict[str, Any] = {
    "nodes": [{"address": "https://vault:8200"}],
    "custody": {"kind": "file", "path": "recovery.json", "pgp_keys": [], "gives_shares": False},
    "shareCount": 5.0,
    "threshold": 3.0,
    "adminRules": "rules",
    "audit": {},
    "tokenTtl": 3600.0,
    "timeout": 300.0,
    "address": "https://vault:8200",
    "token": "hvs.x",
    "shares": [],
    "passedOver": ["https://other:8200"],
}
"""A state of version 0.1.0. Later versions read it, and see no change in the names of today."""


def test_a_state_of_an_earlier_version_is_read_and_needs_no_update(
    monkeypatch: pytest.MonkeyPatch, declare: Declare
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(component, "is_up_to_date", lambda *arguments: asked.append(arguments) or True)
    recorder = declare(
        lambda: VaultBootstrap(
            "vault",
            nodes=[VaultNode("https://vault:8200")],
            key_store=FileKeyStore("recovery.json"),
            policy="rules",
        )
    )
    news = recorder.one("pulumi-python:dynamic/strongroom:Bootstrap").inputs

    assert component.Provider().diff("id", IN_STATE, news).changes is False
    (nodes, key_store, _, given) = asked[0]
    assert (nodes, str(key_store.path)) == ([VaultNode("https://vault:8200")], "recovery.json")
    assert (given.token, given.skipped_nodes) == ("hvs.x", ("https://other:8200",))
