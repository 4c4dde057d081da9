"""How old what workloads read is, by what the stores say."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.components.azure.objects import VaultObject
from strongroom.ops.age import key_vault, vault
from strongroom.ops.age.run import Age, list_ages, parse_age
from strongroom.ops.errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from strongroom.ops.pulumi.stack import DeployedStack, KeyVaultStore, VaultStore
from strongroom.policy.rules import Declared
from tests.ops.test_verify import ORDERS

URN = "urn:pulumi:dev::shop::"
MADE = f"{URN}random:index/randomPassword:RandomPassword::db-pass/password"
PERIOD = f"{URN}pulumi-python:dynamic/strongroom:RotationPeriod::db-pass/password"
NOW = datetime.now(UTC)
VAULT = VaultStore.model_validate(
    {"kind": "vault", "address": "https://v", "mount": "m", "authPath": "k", "audience": "vault"}
)
KEY_VAULT = KeyVaultStore(
    kind="azure-key-vault",
    tenant_id="t",
    authority="a",
    vault="kv",
    url="https://kv.vault.azure.net",
    access="rbac",
    identity_mode="workload-identity",
    audience="a",
)


def days(number: float) -> str:
    return (NOW + timedelta(days=number, hours=number / abs(number))).isoformat()


def stack_of(backend: VaultStore | KeyVaultStore, *objects: Mapping[str, Any]) -> DeployedStack:
    """A stack with two workloads that read the same."""
    workloads = [
        {**ORDERS.model_dump(), "name": name, "objects": [{"name": "f", **each} for each in objects]}
        for name in ("orders", "checkout")
    ]
    return DeployedStack.model_validate({"backend": backend, "kubernetes": {}, "workloads": workloads})


def shown(age: Age) -> tuple[str, str]:
    return age.state, age.seen


class Metadata:
    """Vault's metadata of its objects, by path."""

    found: Mapping[str, Mapping[str, Any] | OpsError]

    def read(self, path: str) -> Mapping[str, Any]:
        found = self.found.get(path, AbsentError("there is nothing at that path"))
        if isinstance(found, OpsError):
            raise found
        return found


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Metadata:
    made = Metadata()
    monkeypatch.setattr(vault, "VaultOperator", lambda _: made)
    return made


def of_vault(
    metadata: Metadata,
    found: Mapping[str, Any] | OpsError,
    *,
    pinned: str | None = None,
    older_than: str | None = None,
    initial: bool = False,
    every: int = 0,
) -> Age:
    metadata.found = {"m/metadata/db-pass": found}
    written = {"mount": "m", "name": "db-pass", "disableRead": initial}
    state = [Declared("vault:kv/secretV2:SecretV2", f"{URN}vault:kv/secretV2:SecretV2::x", written, [MADE])]
    if every:
        period = "pulumi-python:dynamic/strongroom:RotationPeriod"
        state.append(Declared(period, PERIOD, {"seconds": every * 86400.0}))
        state.append(Declared("random:index/randomPassword:RandomPassword", MADE, {}, [PERIOD]))
    objects = [{"object": "db-pass", "key": key, "version": pinned} for key in ("username", "password")]
    (age,) = list_ages(stack_of(VAULT, *objects), state, parse_age(older_than) if older_than else None)
    return age


def versions(*written: float, **last: Any) -> Mapping[str, Any]:
    each = {str(n): {"created_time": days(age), "deletion_time": ""} for n, age in enumerate(written, 1)}
    each[str(len(written))] |= last
    return {"current_version": len(written), "versions": each}


def test_an_object_is_as_old_as_its_current_version_and_listed_once(metadata: Metadata) -> None:
    age = of_vault(metadata, versions(-400, -12), older_than="90d")

    assert shown(age) == ("ok", "written 12 days ago")
    assert (age.name, age.version, [*age.workloads]) == ("db-pass", "2", ["shop/orders", "shop/checkout"])


def test_a_pinned_version_has_an_age_of_its_own_and_the_fix_of_a_generated_value_is_its_urn(metadata: Metadata) -> None:
    age = of_vault(metadata, versions(-400, -12), pinned="1", older_than="90d")

    assert shown(age) == ("failed", "written 400 days ago, which is more than 90 days")
    assert (age.name, age.fix) == ("db-pass version 1", f"pulumi up --replace '{MADE}'")


def test_a_value_that_is_its_owners_after_the_first_update_is_theirs_to_renew(metadata: Metadata) -> None:
    assert of_vault(metadata, versions(-9), older_than="8d", initial=True).fix == "vault kv put -mount=m db-pass ..."


def test_a_value_that_an_update_should_have_made_anew_fails_without_another_limit(metadata: Metadata) -> None:
    overdue = of_vault(metadata, versions(-31), every=30)

    assert shown(overdue) == ("failed", "written 31 days ago, which is more than 30 days")
    assert overdue.fix == "pulumi up"
    assert of_vault(metadata, versions(-29), every=30).state == "ok"
    assert of_vault(metadata, versions(-29), every=30, older_than="20d").fix == f"pulumi up --replace '{MADE}'"


def test_an_age_without_a_limit_is_no_failure(metadata: Metadata) -> None:
    assert shown(of_vault(metadata, versions(-400))) == ("ok", "written 400 days ago")


def test_what_vault_will_delete_soon_is_reported(metadata: Metadata) -> None:
    assert shown(of_vault(metadata, versions(-12, deletion_time=days(20)))) == (
        "warning",
        "written 12 days ago; expires in 20 days",
    )
    assert of_vault(metadata, versions(-12, deletion_time=days(40))).state == "ok"


@pytest.mark.parametrize("gone", [{"deletion_time": days(-1)}, {"destroyed": True}])
def test_a_deleted_version_has_no_age(metadata: Metadata, gone: Mapping[str, Any]) -> None:
    age = of_vault(metadata, versions(-12, **gone))

    assert shown(age) == ("failed", "m/metadata/db-pass has no version 1, or it is deleted")


def test_an_age_that_may_not_be_read_fails_with_the_right_that_it_takes(metadata: Metadata) -> None:
    age = of_vault(metadata, NotAllowedError("the token in VAULT_TOKEN may not read that"))

    assert shown(age) == ("failed", "not found out: the token in VAULT_TOKEN may not read that")
    assert age.fix == "give VAULT_TOKEN a policy with read on m/metadata/db-pass"


def test_a_store_that_is_away_ends_the_command(metadata: Metadata) -> None:
    with pytest.raises(UnreachableError):
        of_vault(metadata, UnreachableError("Vault is sealed"))


def of_key_vault(
    monkeypatch: pytest.MonkeyPatch, *found: Mapping[str, Any], kind: str = "secret", older_than: str | None = None
) -> Age:
    class Versions:
        url = "https://kv"

        def __init__(self, *_: str) -> None:
            pass

        def list(self, item: VaultObject) -> list[Any]:
            assert item.name == "db-pass-password"
            return [SimpleNamespace(**{"enabled": True, "expires_on": None, **each}) for each in found]

    monkeypatch.setattr(key_vault, "KeyVaultVersions", Versions)
    written = {"secretName": "db-pass-password"}
    state = [Declared("azure-native:keyvault:Secret", f"{URN}azure-native:keyvault:Secret::x", written)]
    stack = stack_of(KEY_VAULT, {"object": "db-pass", "key": "password", "type": kind})
    (age,) = list_ages(stack, state, parse_age(older_than) if older_than else None)
    return age


def version(name: str, written: float, **more: Any) -> Mapping[str, Any]:
    return {"version": name, "created_on": NOW + timedelta(days=written), **more}


def test_the_newest_version_of_a_key_vault_counts_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    age = of_key_vault(monkeypatch, version("b", -3), version("a", -200), older_than="90d")

    assert (*shown(age), age.version) == ("ok", "written 3 days ago", "b")


def test_what_has_expired_fails_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    age = of_key_vault(monkeypatch, version("a", -200, expires_on=NOW - timedelta(days=2)))

    assert shown(age) == ("failed", "written 200 days ago; expired 2 days ago")
    assert age.fix == "set another value in the stack's file, then pulumi up"


def test_a_key_is_no_secret_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    age = of_key_vault(monkeypatch, version("a", -2), kind="key", older_than="1d")

    assert (age.name, age.fix) == (
        "key db-pass-password",
        "az keyvault key rotate --vault-name kv --name db-pass-password ...",
    )


def test_a_newest_version_that_is_disabled_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    age = of_key_vault(monkeypatch, version("a", -9), version("b", -3, enabled=False))

    assert shown(age) == ("failed", "version b is disabled")
    assert shown(of_key_vault(monkeypatch)) == ("failed", "https://kv has no such object")


@pytest.mark.parametrize("text", ["90", "0d", "-1d", "1w", "", "99999d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(OpsError, match=r"^--older-than: '.*' is .*: use (a number with s, m, h or d|less)"):
        parse_age(text)
