"""The fake vault provider's own decisions; its work on a Vault is in tests/integration."""

from typing import Any

import pytest

from sandbox.providers.protocol import ProviderError
from sandbox.providers.values import UNKNOWN
from sandbox.providers.vault import KINDS, VaultProvider, _body, _inputs, _tuning

CONNECTION = "vault:database/secretBackendConnection:SecretBackendConnection"
KV = "vault:kv/secretV2:SecretV2"
MOUNT = "vault:index/mount:Mount"
ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"


def check(kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return VaultProvider.check(kind, inputs, {}, "0a1b2c3d", "name")


def test_an_input_that_the_table_lacks_is_refused_not_dropped() -> None:
    with pytest.raises(ProviderError, match="pluginVersion of vault:index/mount:Mount"):
        check(MOUNT, {"path": "a", "type": "kv", "pluginVersion": "1"})


def test_a_type_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(ProviderError, match="vault:aws"):
        check("vault:aws/secretBackendRole:SecretBackendRole", {})


def test_a_method_without_a_path_is_at_its_types() -> None:
    assert check("vault:index/authBackend:AuthBackend", {"type": "kubernetes"})["path"] == "kubernetes"


@pytest.mark.parametrize("document", ["not json: canary-8f1b2c", '["canary-8f1b2c"]'])
def test_data_that_is_no_object_is_refused_without_quoting_it(document: str) -> None:
    with pytest.raises(ProviderError) as raised:
        check(KV, {"mount": "a", "name": "b", "dataJson": document})
    assert "canary" not in str(raised.value)


def test_unknown_data_is_taken_in_a_preview() -> None:
    assert check(KV, {"mount": "a", "name": "b", "dataJson": UNKNOWN})["dataJson"] == UNKNOWN


def test_the_same_document_in_other_writing_is_no_change() -> None:
    before, after = {"dataJson": '{"a": 1, "b": 2}'}, {"dataJson": '{"b":2,"a":1}'}

    assert VaultProvider.same(KV, before, after, {}) == before
    assert VaultProvider.same(KV, before, {"dataJson": UNKNOWN}, {}) == {"dataJson": UNKNOWN}


def test_a_mounts_leases_are_nested_when_it_is_made_and_flat_when_it_is_tuned() -> None:
    inputs = {"type": "kv", "maxLeaseTtlSeconds": 60}

    assert _body(MOUNT, inputs) == {"type": "kv", "config": {"max_lease_ttl": 60}}
    assert _tuning(MOUNT, {"maxLeaseTtlSeconds": 60}) == {"max_lease_ttl": 60}


def test_vaults_own_way_of_writing_is_no_drift() -> None:
    inputs = {"tokenPolicies": ["b", "a"], "tokenTtl": 60, "audience": "x", "tokenBoundCidrs": []}
    found = {"token_policies": ["a", "b"], "token_ttl": 60, "audience": "x", "token_bound_cidrs": None}

    assert _inputs(ROLE, inputs, found) == inputs
    assert _inputs(ROLE, inputs, {**found, "audience": "y"}) == {**inputs, "audience": "y"}


def test_a_key_is_compared_as_vault_gives_it_back() -> None:
    jwt, key = "vault:jwt/authBackend:AuthBackend", {"jwtValidationPubkeys": ["PEM\n"]}

    assert VaultProvider.same(jwt, key, key, {}) == {"jwtValidationPubkeys": ["PEM"]}
    assert VaultProvider.same(jwt, key, {"jwtValidationPubkeys": UNKNOWN}, {}) == {"jwtValidationPubkeys": UNKNOWN}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith(("mount:Mount", "authBackend:AuthBackend"))])
def test_another_path_is_an_update(kind: str) -> None:
    assert "path" not in VaultProvider.immutable(kind)
    assert KINDS[kind].movable is not None


def test_a_replacement_elsewhere_comes_before_what_it_replaces_goes() -> None:
    name = VaultProvider.same_name
    assert not name(MOUNT, {"path": "b"}, {"path": "a"})
    assert name(MOUNT, {"path": "a", "type": "b"}, {"path": "a", "type": "a"})


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_a_resources_path_cannot_be_changed_in_place(kind: str) -> None:
    assert set(KINDS[kind].immutable) <= KINDS[kind].inputs


def test_a_provider_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    with pytest.raises(ProviderError, match="no address"):
        VaultProvider({})


def test_tls_verification_cannot_be_turned_off() -> None:
    with pytest.raises(ProviderError, match="skipTlsVerify"):
        VaultProvider({"address": "https://127.0.0.1:1", "skipTlsVerify": "true"})


def test_a_databases_password_is_sent_once_and_never_over_the_one_that_vault_made() -> None:
    sent: list[dict[str, Any]] = []

    class Deaf(VaultProvider):
        def _ask(self, verb: Any, path: str, inputs: Any, body: Any = None) -> Any:
            sent.append(body)

    provider = Deaf({"address": "https://vault.example.net:8200"})
    details = {"connectionUrl": "postgresql://", "username": "vault", "passwordWo": "given", "passwordWoVersion": 1}
    before = {"backend": "database", "name": "shop", "allowedRoles": ["*.shop"], "postgresql": details}
    changed = {**before, "allowedRoles": ["*"]}
    provider.create(CONNECTION, before, 0)
    provider.update(CONNECTION, "database/config/shop", before, changed, 0)
    provider.update(
        CONNECTION, "database/config/shop", before, {**before, "postgresql": {**details, "passwordWoVersion": 2}}, 0
    )

    assert [each.get("password") for each in sent] == ["given", None, "given"]
    assert sent[1]["allowed_roles"] == ["*"]
    assert sent[0]["plugin_name"] == "postgresql-database-plugin"


def test_another_address_of_a_database_is_drift() -> None:
    inputs = {"allowedRoles": ["a"], "mysql": {"connectionUrl": "one", "passwordWo": "given"}}
    found = {"allowed_roles": ["a"], "connection_details": {"connection_url": "two", "username": "vault"}}

    assert _inputs(CONNECTION, inputs, found) == {**inputs, "mysql": {"connectionUrl": "two", "passwordWo": "given"}}


def test_an_endpoint_is_written_with_its_document() -> None:
    assert _body("vault:generic/endpoint:Endpoint", {"path": "x/y", "dataJson": '{"a": 1}'}) == {"a": 1}
