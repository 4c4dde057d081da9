"""What a revocation asks of Vault, and what a failure or a kill leaves."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from strongroom.ops.errors import AbsentError, NotAllowedError
from strongroom.ops.findings import Finding
from strongroom.ops.pulumi.stack import VaultStore
from strongroom.ops.revoke import step as steps
from strongroom.ops.revoke import vault as module
from strongroom.ops.revoke.vault import VaultRevocation
from tests.ops.test_verify import ORDERS

STORE = VaultStore.model_validate(
    {"kind": "vault", "address": "https://v", "mount": "m", "authPath": "k", "audience": "vault"}
)
WORKLOAD = ORDERS.model_copy(update={"identity": {"role": "shop.orders", "policy": "k.shop.orders"}})
POLICY, ROLE = "sys/policies/acl/k.shop.orders", "auth/k/role/shop.orders"


def token(path: str = "auth/k/login", role: str = "shop.orders") -> Mapping[str, Any]:
    return {"path": path, "meta": {"role": role}, "expire_time": "2026-11-28T20:00:00Z"}


class KilledError(BaseException):
    """The command ends between two requests."""


class Vault:
    """A Vault with a role, a policy, and tokens by their accessors."""

    def __init__(self) -> None:
        self.paths: dict[str, Mapping[str, Any]] = {POLICY: {}, ROLE: {"token_max_ttl": 3600}}
        self.tokens = {"own": token(), "neighbour": token(role="shop.checkout"), "elsewhere": token("auth/jwt/login")}
        self.ending = {"ended"}
        self.refused: set[str] = set()
        self.requests = 0
        self.kill_at = -1
        self.on_role_deleted: Callable[[], None] = lambda: None

    def _request(self, name: str) -> None:
        self.requests += 1
        if self.requests == self.kill_at:
            raise KilledError
        if name in self.refused:
            raise NotAllowedError("the token in VAULT_TOKEN may not read that")

    def read(self, path: str) -> Mapping[str, Any]:
        self._request(f"read {path}")
        if path not in self.paths:
            raise AbsentError("there is nothing at that path")
        return self.paths[path]

    def delete(self, path: str) -> None:
        self._request(f"delete {path}")
        self.paths.pop(path, None)
        if path == ROLE:
            self.on_role_deleted()

    def list_names(self, path: str) -> list[str]:
        self._request(f"list {path}")
        return [*self.tokens, *self.ending]

    def query(self, path: str, accessor: str) -> Mapping[str, Any]:
        self._request(f"query {path}")
        if accessor not in self.tokens:
            raise AbsentError("the token does not exist any more")
        return {**self.tokens[accessor], "accessor": accessor}

    def revoke(self, accessor: str) -> None:
        self._request(f"revoke {accessor}")
        if self.tokens.pop(accessor, None) is None:
            raise AbsentError("the token does not exist any more")


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Vault:
    made = Vault()
    monkeypatch.setattr(module, "VaultOperator", lambda _: made)
    monkeypatch.setattr(module, "_THREADS", 1)
    monkeypatch.setattr(steps, "_PAUSES", (0, 0, 0))
    return made


def revoke(*, dry_run: bool = False) -> tuple[dict[str, Finding], list[str]]:
    """The steps by name, and the tokens that remain."""
    revocation = VaultRevocation(STORE, WORKLOAD)
    done = {step.name: step.run(dry_run=dry_run) for step in revocation.list_steps()}
    failed = {name for name, step in done.items() if step.state == "failed"}
    return done, [f"{each.what} until {each.until}" for each in revocation.list_tokens(failed)]


def test_policy_role_and_tokens_end_and_no_others(vault: Vault) -> None:
    done, remaining = revoke()

    assert (vault.paths, set(vault.tokens), remaining) == ({}, {"neighbour", "elsewhere"}, [])
    assert {name: step.seen for name, step in done.items()} == {
        "policy": f"deleted: {POLICY}",
        "role": f"deleted: {ROLE}",
        "tokens": "revoked, with their leases: token own",
    }
    assert {step.seen for step in revoke()[0].values()} == {"nothing to do"}


def test_a_login_that_was_under_way_is_found_by_the_second_look(vault: Vault) -> None:
    del vault.tokens["own"]
    vault.on_role_deleted = lambda: vault.tokens.update(first=token())
    revoked = vault.revoke

    def revoke_late(accessor: str) -> None:
        revoked(accessor)
        if accessor == "first":
            vault.tokens["late"] = token()

    vault.revoke = revoke_late
    assert revoke()[0]["tokens"].seen == "revoked, with their leases: token first, token late"


def test_a_dry_run_changes_nothing(vault: Vault) -> None:
    done, _ = revoke(dry_run=True)

    assert (len(vault.paths), len(vault.tokens)) == (2, 3)
    assert done["tokens"].seen == "would be revoked, with their leases: token own"


def test_a_step_that_fails_keeps_no_other_from_being_made_and_what_remains_is_reported(vault: Vault) -> None:
    vault.refused = {f"delete {POLICY}", "list auth/token/accessors"}
    done, remaining = revoke()

    assert {name for name, step in done.items() if step.state == "failed"} == {"policy", "tokens"}
    assert "list and sudo on auth/token/accessors" in done["tokens"].fix
    assert ROLE not in vault.paths
    assert remaining[0].startswith("tokens of the role, with its rights until 2")

    vault.refused = {"revoke own"}
    done, remaining = revoke()
    assert done["policy"].state == "ok"
    assert remaining == ["tokens of the role, with no right but to make a lease longer until 2026-11-28T20:00:00Z"]


def test_who_may_only_delete_deletes(vault: Vault) -> None:
    vault.refused = {f"read {POLICY}", f"read {ROLE}"}
    revoke()

    assert vault.paths == {}


def test_after_a_kill_before_any_request_a_second_run_ends_the_same(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke()
    for number in range(1, vault.requests + 1):
        killed = Vault()
        killed.kill_at = number
        monkeypatch.setattr(module, "VaultOperator", lambda _, killed=killed: killed)
        with pytest.raises(KilledError):
            revoke()
        done, remaining = revoke()

        assert (killed.paths, set(killed.tokens), remaining) == ({}, {"neighbour", "elsewhere"}, [])
        assert all(step.state == "ok" for step in done.values())
