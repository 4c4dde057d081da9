"""What a stack may say of who logs in to its Vault."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse
from strongroom.stacks.provision.files import read_files
from strongroom.stacks.settings.vault import VaultSettings

ROOT = Path(__file__).resolve().parents[3]

RAW: dict[str, Any] = {
    "backend": {
        "kind": "vault",
        "address": "https://vault.example.net:8200",
        "auth": {"kind": "jwt", "issuer": "https://issuer.example.net"},
        "audit": [{"kind": "file"}, {"kind": "socket", "address": "fluentd:24224"}],
        "logins": [
            {
                "kind": "ldap",
                "url": "ldaps://ldap.example.net",
                "userDn": "ou=people",
                "groupDn": "ou=groups",
                "bindDn": "cn=vault",
            },
            {"kind": "userpass", "users": [{"name": "dora", "groups": ["auditors"]}]},
            {"kind": "approle", "roles": [{"name": "runner", "groups": ["auditors"]}]},
        ],
        "groups": [{"name": "auditors", "reads": ["shop/orders"], "members": {"ldap": ["auditors"]}}],
    },
    "credentials": {"ldap": "canary-1", "userpass/dora": "canary-2"},
    "workloads": [
        {
            "name": "orders",
            "namespace": "shop",
            "image": "busybox:1.36",
            "secrets": [{"name": "password", "object": "db-pass", "key": "password"}],
        }
    ],
}


def list_issues(change: Any, stack: str = "dev", secret_keys: tuple[str, ...] = ("credentials",)) -> set[str]:
    raw = copy.deepcopy(RAW)
    change(raw, raw["backend"])
    with pytest.raises(InvalidSettingsError) as error:
        parse(raw, stack=stack, secret_keys=secret_keys)
    assert "canary" not in str(error.value)
    return {str(issue).removeprefix("strongroom:") for issue in error.value.issues}


def test_it_parses() -> None:
    settings = parse(RAW, stack="dev", secret_keys=("credentials",))
    assert "canary" not in repr(settings)


def test_kubernetes_is_how_workloads_log_in_unless_it_is_said() -> None:
    raw = copy.deepcopy(RAW)
    raw["backend"]["auth"] = {"path": "kubernetes-dev"}
    backend: Any = parse(raw, stack="dev", secret_keys=("credentials",)).backend
    assert (backend.auth.kind, backend.auth.path) == ("kubernetes", "kubernetes-dev")


CASES: dict[str, tuple[Any, str]] = {
    "no issuer": (
        lambda raw, backend: backend["auth"].pop("issuer"),
        "backend.auth.issuer: This setting is required: set the",
    ),
    "two places of keys": (
        lambda raw, backend: backend["auth"].update(jwksUrl="https://api", publicKeys=["a.pem"]),
        "backend.auth.publicKeys: This setting and jwksUrl both provide",
    ),
    "another auth": (
        lambda raw, backend: backend["auth"].update(kind="aws"),
        "backend.auth.kind: 'aws' is not allowed: use 'kubernetes' or 'jwt'",
    ),
    "an issuer of kubernetes": (
        lambda raw, backend: backend["auth"].update(kind="kubernetes"),
        "backend.auth.issuer: This key is unknown",
    ),
    "another login": (
        lambda raw, backend: backend["logins"][2].update(kind="saml"),
        "backend.logins[2].kind: 'saml' is not allowed: use 'approle' or 'userpass' or",
    ),
    "a path twice": (
        lambda raw, backend: backend["logins"][2].update(path="ldap") or backend["logins"][0].update(path="ldap"),
        "backend.logins[2].path: 'ldap' is the path of entry [0] too",
    ),
    "a kind twice": (
        lambda raw, backend: backend["logins"].append(
            {"kind": "approle", "roles": [{"name": "a", "groups": ["auditors"]}]}
        ),
        "backend.logins[3].path: 'approle' is the path of entry [2] too",
    ),
    "one machine in two spellings": (
        lambda raw, backend: backend["logins"][2]["roles"].append({"name": "Runner", "groups": ["auditors"]}),
        "backend.logins[2].roles[1].name: 'Runner' is not a legal name",
    ),
    "a name that leads elsewhere": (
        lambda raw, backend: backend["logins"][2]["roles"][0].update(name="../../sys/policy"),
        "backend.logins[2].roles[0].name: '../../sys/policy' is not a legal name",
    ),
    "the workloads' path": (
        lambda raw, backend: backend["logins"][2].update(path="jwt"),
        "backend.logins[2].path: 'jwt' is the path of the workloads' login",
    ),
    "a group without rights": (
        lambda raw, backend: backend["groups"][0].pop("reads"),
        "backend.groups[0]: This group has no rights",
    ),
    "a workload that isn't": (
        lambda raw, backend: backend["groups"][0].update(reads=["shop/order"]),
        "backend.groups[0].reads[0]: 'shop/order' is not a workload of this stack: use shop/orders",
    ),
    "root": (
        lambda raw, backend: backend["groups"][0].update(policies=["root"]),
        "backend.groups[0].policies[0]: 'root' is not for people",
    ),
    "a directory that isn't": (
        lambda raw, backend: backend["groups"][0].update(members={"userpass": ["a"]}),
        "backend.groups[0].members.userpass: 'userpass' is not the path of a login with a directory: use ldap",
    ),
    "a group that isn't": (
        lambda raw, backend: backend["logins"][2]["roles"][0].update(groups=["auditor"]),
        "backend.logins[2].roles[0].groups[0]: 'auditor' is not a group: use auditors",
    ),
    "passwords in cleartext": (
        lambda raw, backend: backend["logins"][0].update(url="ldap://ldap.example.net"),
        "backend.logins[0].url: 'ldap://ldap.example.net' sends passwords in cleartext",
    ),
    "no password": (
        lambda raw, backend: raw["credentials"].pop("userpass/dora"),
        "credentials.userpass/dora: This setting, the user's password, is required: use `pulumi config set --secret",
    ),
    "nobody's password": (
        lambda raw, backend: raw["credentials"].update(github="canary-3"),
        "credentials.github: 'github' belongs to no login and no database. Allowed here: ldap or userpass/dora",
    ),
    "sockets alone": (
        lambda raw, backend: backend["audit"].pop(0),
        "backend.audit: The devices are sockets alone",
    ),
    "audit in a namespace": (
        lambda raw, backend: backend.update(namespace="admin"),
        "backend.audit: Audit devices belong to Vault's root namespace",
    ),
}


@pytest.mark.parametrize(("change", "message"), CASES.values(), ids=CASES)
def test_logins_that_cannot_work_are_refused(change: Any, message: str) -> None:
    found = list_issues(change)
    assert len(found) == 1, found
    assert next(iter(found)).startswith(message), found


def test_a_plaintext_password_is_refused_and_never_repeated() -> None:
    found = list_issues(lambda raw, backend: None, secret_keys=())
    assert len(found) == 2
    assert all("is in plaintext" in issue for issue in found)


def test_files_that_are_not_what_they_should_be_are_reported(tmp_path: Path) -> None:
    private = tmp_path / "key.pem"
    private.write_text("-----BEGIN PRIVATE KEY-----\ncanary")
    raw = copy.deepcopy(RAW)
    raw["backend"]["auth"]["publicKeys"] = [str(private)]
    raw["backend"]["logins"][0]["caCertificate"] = "missing.pem"

    _, found = read_files(parse(raw, stack="dev", secret_keys=("credentials",)))

    message = "\n".join(map(str, found))
    assert f"strongroom:backend.auth.publicKeys[0]: '{private}' holds a private key, and is no place for one" in message
    assert "strongroom:backend.logins[0].caCertificate: 'missing.pem' can't be read" in message
    assert "canary" not in message


def test_the_example_of_hcp_is_a_stack() -> None:
    config = yaml.safe_load((ROOT / "stacks" / "Pulumi.hcp.yaml").read_text())["config"]
    settings = parse({key.partition(":")[2]: value for key, value in config.items()}, stack="hcp")
    assert isinstance(settings.backend, VaultSettings)
    assert (settings.backend.auth.kind, settings.backend.namespace) == ("jwt", "admin/shop")
