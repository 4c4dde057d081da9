"""Settings of a stack, and the errors of those that are wrong."""

import json
from collections.abc import Collection
from copy import deepcopy
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import _decode, load_settings, parse
from strongroom.stacks.settings.root import SECRET_KEYS, Settings
from strongroom.stacks.settings.seeds import to_seed
from tests.components.outputs import is_secret
from tests.support.recording import Declare

ROOT = Path(__file__).parents[3]
CANARY = "canary-4f1d"

GOOD: dict[str, Any] = {
    "backend": {"kind": "vault", "address": "https://vault.example.net:8200"},
    "workloads": [
        {
            "name": "orders",
            "namespace": "shop",
            "image": "busybox:1.36",
            "secrets": [{"name": "db-password", "object": "db-pass", "key": "password"}],
        }
    ],
}


def list_issues(raw: Any, *, stack: str = "dev", secret_keys: Collection[str] = SECRET_KEYS) -> dict[str, str]:
    with pytest.raises(InvalidSettingsError) as caught:
        parse(raw, stack=stack, secret_keys=secret_keys)
    return {issue.key: issue.message for issue in caught.value.issues}


def changed(path: str, value: Any) -> dict[str, Any]:
    raw = deepcopy(GOOD)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = raw
    for step in steps:
        place = place.setdefault(step, {}) if isinstance(step, str) and isinstance(place, dict) else place[step]
    place[last] = value
    return raw


def test_the_shortest_stack_has_productions_defaults() -> None:
    settings = parse(GOOD, stack="prod")

    assert settings.workloads[0].mount_path == "/mnt/secrets-store"
    assert settings.workloads[0].replicas == 1
    assert settings.backend.mount.create is False
    assert settings.backend.token_ttl == 1200
    assert settings.kubernetes.install == "existing"


@pytest.mark.parametrize("stack", ["dev", "local"])
def test_the_stack_files_are_valid(stack: str) -> None:
    config = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    raw = {key.removeprefix("strongroom:"): value for key, value in config.items()}
    if stack == "local":
        raw["backend"]["address"] = "https://127.0.0.1:8200"
        raw["seeds"]["ledger"] = {"token": "set by the sandbox"}

    assert parse(raw, stack=stack).workloads


@pytest.mark.parametrize(
    ("path", "value", "key", "message"),
    [
        ("workload", [], "strongroom:workload", "Did you mean workloads?"),
        ("backend.adress", "x", "strongroom:backend.adress", "Did you mean address?"),
        ("backend.kind", "consul", "strongroom:backend.kind", "'consul' is not allowed: use 'vault'"),
        ("backend.address", "vault:8200", "strongroom:backend.address", "is not a URL: write it with its scheme"),
        ("backend.address", "http://vault:8200", "strongroom:backend.address", "is plain HTTP"),
        ("backend.address", "https://vault/v1", "strongroom:backend.address", "scheme, host and port alone"),
        ("backend.tokenTtl", "20 minutes", "strongroom:backend.tokenTtl", "is not a duration"),
        ("backend.tokenTtl", 0, "strongroom:backend.tokenTtl", "must be 1 or more"),
        ("workloads", "orders", "strongroom:workloads", "must be a list"),
        ("workloads.0", "orders", "strongroom:workloads[0]", "must be a mapping"),
        ("workloads.0.name", "Orders", "strongroom:workloads[0].name", "is not a legal Kubernetes name"),
        ("workloads.0.name", 5, "strongroom:workloads[0].name", "5 must be a string"),
        ("workloads.0.replicas", "two", "strongroom:workloads[0].replicas", "must be a whole number"),
        ("workloads.0.replicas", -1, "strongroom:workloads[0].replicas", "must be 0 or more"),
        ("workloads.0.mountPath", "secrets", "strongroom:workloads[0].mountPath", "use an absolute path"),
        ("workloads.0.delivery", "fax", "strongroom:workloads[0].delivery", "is not allowed: use 'csi'"),
        ("workloads.0.secrets", [], "strongroom:workloads[0].secrets", "must not be empty"),
        ("workloads.0.secrets.0.object", "../root", "strongroom:workloads[0].secrets[0].object", "not a legal object"),
        ("workloads.0.secrets.0.object", "a/*", "strongroom:workloads[0].secrets[0].object", "wildcards"),
        ("workloads.0.secrets.0.name", "a//b", "strongroom:workloads[0].secrets[0].name", "not a legal file name"),
        ("workloads.0.secrets.0.key", None, "strongroom:workloads[0].secrets[0]", "names no key"),
        ("workloads.0.secrets.0.env", "DB-PASS", "strongroom:workloads[0].secrets[0].env", "environment variable"),
        ("workloads.0.secrets.0.type", "cert", "strongroom:workloads[0].secrets[0]", "only Azure Key Vault has"),
        ("workloads.0.secrets.0.filePermission", 420, "strongroom:workloads[0].secrets[0].filePermission", "quotes"),
        ("workloads.0.secrets.0.filePermission", "999", "strongroom:workloads[0].secrets[0].filePermission", '"0644"'),
        ("kubernetes.install", "apt", "strongroom:kubernetes.install", "use 'helm', 'addon' or 'existing'"),
        ("kubernetes.install", "addon", "strongroom:kubernetes.install", "Azure Key Vault's provider only"),
        ("seeds.db.password", None, "strongroom:seeds.db.password", "has no value"),
        ("seeds.db.password", "", "strongroom:seeds.db.password", "has no value"),
        ("seeds.db.password", {"generate": {"length": 3}}, "strongroom:seeds.db.password.generate.length", "16"),
    ],
)
def test_each_mistake_names_its_key_and_the_way_out(path: str, value: Any, key: str, message: str) -> None:
    assert message in list_issues(changed(path, value))[key]


def test_all_mistakes_are_reported_at_once_and_in_one_text() -> None:
    raw = changed("backend.address", "vault")
    raw["workloads"] += [deepcopy(raw["workloads"][0]), "hello"]
    raw["workloads"][1]["secrets"] += [{"name": "db-password", "object": "x y"}]
    raw["colour"] = "red"

    assert set(list_issues(raw)) == {
        "strongroom:backend.address",
        "strongroom:colour",
        "strongroom:workloads[1].name",
        "strongroom:workloads[1].secrets[1].name",
        "strongroom:workloads[1].secrets[1].object",
        "strongroom:workloads[1].secrets[1]",
        "strongroom:workloads[2]",
    }


def test_what_is_missing_is_named() -> None:
    assert list_issues({}) == {
        "strongroom:backend": "This setting is required",
        "strongroom:workloads": "This setting is required",
    }


def test_a_created_engine_needs_a_value_for_each_declared_key() -> None:
    raw = changed("backend.mount", {"create": True})
    assert "has no value" in list_issues(raw)["strongroom:workloads[0].secrets[0]"]

    raw["seeds"] = {"db-pass": {"password": {"generate": {}}}}
    assert parse(raw, stack="dev").seeds


def test_plain_http_is_for_local_stacks() -> None:
    plain = changed("backend.address", "http://127.0.0.1:8200")

    assert parse(plain, stack="local").backend.address
    for stack in ("nonlocal", "my-local", "localhost", "prod"):
        assert "is plain HTTP" in list_issues(plain, stack=stack)["strongroom:backend.address"]


def test_a_plaintext_seed_is_refused_and_never_repeated() -> None:
    found = list_issues(changed("seeds.db.password", CANARY), secret_keys=())

    assert "in plaintext" in found["strongroom:seeds.db.password"]
    assert CANARY not in str(found)


def test_a_plaintext_credential_is_refused_and_never_repeated() -> None:
    raw = changed("credentials.ldap", CANARY)
    raw["backend"]["logins"] = [
        {
            **{"kind": "ldap", "url": "ldaps://ldap.example.net", "userDn": "ou=people", "groupDn": "ou=groups"},
            "bindDn": "cn=vault",
        }
    ]
    assert parse(raw, stack="dev").credentials

    found = list_issues(raw, secret_keys=("seeds",))
    assert "in plaintext" in found["strongroom:credentials.ldap"]
    assert CANARY not in str(found)
    raw["credentials"]["ldap"] = {CANARY: CANARY}
    assert CANARY not in str(list(list_issues(raw, secret_keys=("seeds",)).values()))
    raw["credentials"]["ldap"] = [CANARY]
    assert CANARY not in str(list_issues(raw, secret_keys=("seeds",)))


def test_a_seed_of_a_stack_is_secret_from_the_start(declare: Declare) -> None:
    made: list[pulumi.Output[Any]] = []
    declare(lambda: made.append(pulumi.Output.from_input(to_seed(SecretStr(CANARY)))))

    assert is_secret(made[0]) is True


def test_a_value_in_the_wrong_place_is_never_repeated() -> None:
    found = list_issues(changed("seeds.db", CANARY) | {"token": CANARY, "backend": {"token": CANARY, "kind": "vault"}})

    assert CANARY not in str(found)
    assert "31415926" not in str(list_issues(changed("seeds.db.password", 31415926)))


def test_settings_do_not_show_their_values() -> None:
    assert CANARY not in repr(parse(changed("seeds.db.password", CANARY), stack="dev"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("backend", "workloads", "seeds", "kubernetes", "kind", "address", "mount", "auth", "secrets"),
                    *("name", "namespace", "object", "key", "image", "images", "generate", "install", "create"),
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["backend", "workloads", "seeds", "kubernetes", "other"]), JSON))
def test_anything_is_either_settings_or_a_message(raw: dict[str, Any]) -> None:
    try:
        assert isinstance(parse(raw, stack="dev"), Settings)
    except InvalidSettingsError as error:
        assert all(issue.key.startswith("strongroom:") for issue in error.issues)


def test_a_secret_that_looks_like_a_number_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {f"strongroom:{key}": json.dumps(value) for key, value in GOOD.items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(values | {"strongroom:clientSecret": "12345678"}))
    monkeypatch.setattr("strongroom.stacks.load.raw_config.is_config_secret", lambda _: True)
    monkeypatch.setattr("pulumi.get_stack", lambda: "dev")

    assert load_settings().client_secret.get_secret_value() == "12345678"


@pytest.mark.parametrize(
    "who",
    [
        "policy ops",
        "group Platform Team",
        "user eve",
        "principal 00000000-0000-0000-0000-000000000000",
        "service account argocd/server",
        "group system:masters",
    ],
)
def test_a_stack_names_who_may_administer_as_verify_does(who: str) -> None:
    assert parse({**GOOD, "administrators": [who]}, stack="prod").administrators == (who,)


@pytest.mark.parametrize("who", ["", "ops", "policy ", "policy  ops", "role ops", "service account ops", "group a\nb"])
def test_an_administrator_whom_verify_never_names_is_refused(who: str) -> None:
    found = list_issues({**GOOD, "administrators": ["policy ops", who]})
    assert [*found] == ["strongroom:administrators[1]"]
    assert '"service account argocd/server"' in found["strongroom:administrators[1]"]


def test_a_number_of_thousands_of_digits_is_a_fault_of_its_key() -> None:
    """Python refuses to read one, and to write one that it was given otherwise."""
    found = list_issues(changed("workloads.0.replicas", 10**5000))
    assert found["strongroom:workloads[0].replicas"].startswith("A number of hundreds of digits ")
    decoded = _decode('{"replicas": ' + "9" * 5000 + "}")
    assert isinstance(decoded["replicas"], str)
