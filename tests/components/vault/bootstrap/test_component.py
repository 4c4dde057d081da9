"""Bootstrap as a resource: what its state has, whatever version wrote it."""

from typing import Any

import pytest

from strongroom import FileAudit, SocketAudit
from strongroom.components.errors import InvalidArgumentsError
from strongroom.components.vault.bootstrap import component
from strongroom.components.vault.bootstrap.azure_key_store import AzureKeyStore
from strongroom.components.vault.bootstrap.component import VaultBootstrap, VaultBootstrapArgs
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
            VaultBootstrapArgs(
                nodes=[VaultNode(address="https://vault:8200")], key_store=FileKeyStore("recovery.json"), policy="rules"
            ),
        )
    )
    news = recorder.one("pulumi-python:dynamic/strongroom:Bootstrap").inputs

    assert component.Provider().diff("id", IN_STATE, news).changes is False
    (nodes, key_store, _, given) = asked[0]
    assert (nodes, str(key_store.path)) == ([VaultNode(address="https://vault:8200")], "recovery.json")
    assert (given.token, given.skipped_nodes) == ("hvs.x", ("https://other:8200",))


def args(*addresses: str, **more: Any) -> VaultBootstrapArgs:
    nodes = [VaultNode(address=address) for address in addresses]
    return VaultBootstrapArgs(**{"nodes": nodes, "key_store": FileKeyStore("recovery.json"), **more})


@pytest.mark.parametrize(
    ("addresses", "more", "message"),
    [
        (["http://vault:8200"], {}, r"nodes\[0\].*address.*: 'http://vault:8200' is plain HTTP"),
        ([], {}, "nodes: This argument is required"),
        (
            ["https://vault:8200", "https://vault:8200"],
            {},
            r"nodes\[1\].*address.*: .* is the address of entry \[0\] too",
        ),
        (["https://vault:8200"], {"shares": 2}, "threshold: 3 of 2 shares"),
        (["https://vault:8200"], {"token_ttl": -1}, "token_ttl: -1 "),
        (["https://vault:8200"], {"timeout": 0}, "timeout: 0 "),
        (["https://vault:8200"], {"key_store": "recovery.json"}, "key_store: .*KeyStore"),
        (
            ["https://vault:8200"],
            {"audit": [SocketAudit(address="logs:24224")]},
            "audit: The devices are sockets alone",
        ),
        (
            ["https://vault:8200"],
            {"audit": [FileAudit(), FileAudit()]},
            r"audit\[1\].path: 'file' is the path of entry",
        ),
    ],
)
def test_what_a_stack_file_is_refused_is_refused(addresses: list[str], more: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentsError, match=message):
        args(*addresses, **more)


def test_keys_never_travel_in_plaintext() -> None:
    with pytest.raises(InvalidArgumentsError, match=r"vault_url 'http://kv-ops.vault.azure.net' is plain HTTP"):
        AzureKeyStore("http://kv-ops.vault.azure.net", "11111111-2222-3333-4444-555555555555")
