"""Who else logs in to a stack's Vault, by real logins, and what the audit log says of it."""

import copy
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import hvac
import pytest
from hvac.exceptions import Forbidden, InvalidRequest, VaultError
from kubernetes import client, config
from pulumi.automation import ConfigValue

from sandbox.ports import find_free_port
from sandbox.running import Sandbox
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

from .github import Github
from .slapd import BASE, READER, Slapd

pytestmark = pytest.mark.integration

CANARY = "canary-of-a-login"
ISSUER = "https://kubernetes.default.svc"
REDIRECT = "http://localhost:8250/oidc/callback"


class Collector:
    """What listens at the other end of a socket audit device."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        lines = self.lines

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    lines.append(line.decode())

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.server.server_address[1]}"


@dataclass
class Place:
    """The stack, deployed, and what it talks to."""

    project: Project
    world: Sandbox
    collector: Collector
    audit_log: Path
    identity_provider: dict[str, str]

    def client(self, token: str | None = None) -> Any:
        """A client of Vault, without a token where none is given."""
        return hvac.Client(
            url=self.world.vault.address, token=token, verify=str(self.world.authority.certificate), timeout=15
        )


def identity_provider(world: Sandbox) -> dict[str, str]:
    """An OIDC provider with one person in one group: Vault itself, which is one too."""
    root = world.vault.client()
    root.sys.enable_auth_method("userpass", path="staff")
    root.auth.userpass.create_or_update_user("carol", password=CANARY, mount_point="staff")
    logged_in = root.auth.userpass.login("carol", CANARY, mount_point="staff", use_token=False)["auth"]
    group = {"name": "security", "member_entity_ids": [logged_in["entity_id"]]}
    root.write_data("identity/group", data=group)
    template = '{"groups": {{identity.entity.groups.names}}}'
    root.write_data("identity/oidc/scope/groups", data={"template": template})
    root.write_data("identity/oidc/key/default", data={"allowed_client_ids": "*"})
    root.write_data(
        "identity/oidc/provider/default", data={"allowed_client_ids": ["*"], "scopes_supported": ["groups"]}
    )
    root.write_data("identity/oidc/client/vault", data={"redirect_uris": [REDIRECT], "assignments": ["allow_all"]})
    made = root.read("identity/oidc/client/vault")["data"]
    return {"token": logged_in["client_token"], "id": made["client_id"], "secret": made["client_secret"]}


@pytest.fixture(scope="module")
def place(project: Project, world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The local stack, whose workloads log in by JWT, beside every other login that a stack may have."""
    home = tmp_path_factory.mktemp("logins")
    directory = Slapd(world, home, find_free_port(), CANARY)
    directory.start()
    github, collector, provider = Github(CANARY), Collector(), identity_provider(world)
    settings = copy.deepcopy(project.config)
    authority = str(world.authority.certificate)
    reads = {"reads": ["bank/ledger"]}
    settings["strongroom:backend"] |= {
        "auth": {
            "kind": "jwt",
            "path": "jwt-local",
            "issuer": ISSUER,
            "publicKeys": [str(world.authority.signing_key("service-account")[1])],
        },
        "audit": [
            {"kind": "file", "path": "logins", "file": str(home / "audit.log")},
            {"kind": "socket", "path": "collector", "address": collector.address},
        ],
        "logins": [
            {
                "kind": "ldap",
                "url": directory.url,
                "userDn": f"ou=people,{BASE}",
                "userAttribute": "uid",
                "groupDn": f"ou=groups,{BASE}",
                "bindDn": READER,
                "caCertificate": authority,
            },
            {"kind": "github", "organization": "acme", "baseUrl": github.url},
            {"kind": "userpass", "users": [{"name": "dora", "groups": ["auditors"]}], "tokenTtl": "10m"},
            {"kind": "approle", "roles": [{"name": "runner", "groups": ["auditors"]}]},
            {
                "kind": "oidc",
                "discoveryUrl": f"{world.vault.address}/v1/identity/oidc/provider/default",
                "clientId": provider["id"],
                "redirectUris": [REDIRECT],
                "scopes": ["groups"],
                "caCertificate": authority,
            },
        ],
        "groups": [
            {
                "name": "auditors",
                **reads,
                "members": {"ldap": ["auditors"], "github": ["security-team"], "oidc": ["security"]},
            }
        ],
    }
    project.write(settings)
    with project.engine.stack(project.stack) as stack:
        for name, value in {"ldap": CANARY, "userpass/dora": CANARY, "oidc": provider["secret"]}.items():
            stack.set_config(f'strongroom:credentials["{name}"]', ConfigValue(value, secret=True), path=True)
    project.changes("up")
    yield Place(project, world, collector, home / "audit.log", provider)
    project.restore()
    with project.engine.stack(project.stack) as stack:
        stack.remove_config("strongroom:credentials")
    project.changes("up")
    root = world.vault.client()
    root.sys.disable_auth_method("staff")
    directory.stop()
    github.server.shutdown()
    collector.server.shutdown()


def by_ldap(place: Place, who: str = "alice") -> dict[str, Any]:
    return place.client().auth.ldap.login(who, CANARY)["auth"]


def by_github(place: Place) -> dict[str, Any]:
    return place.client().auth.github.login(CANARY)["auth"]


def by_userpass(place: Place) -> dict[str, Any]:
    return place.client().auth.userpass.login("dora", CANARY)["auth"]


def by_approle(place: Place) -> dict[str, Any]:
    deployer = place.client(place.world.vault.token)
    role_id = deployer.auth.approle.read_role_id("runner")["data"]["role_id"]
    secret_id = deployer.auth.approle.generate_secret_id("runner")["data"]["secret_id"]
    logged_in = place.client().auth.approle.login(role_id, secret_id)["auth"]
    with pytest.raises(VaultError):
        place.client().auth.approle.login(role_id, secret_id)  # a secret id is good once
    return logged_in


def by_oidc(place: Place) -> dict[str, Any]:
    anybody = place.client()
    asked = anybody.auth.oidc.oidc_authorization_url_request("default", REDIRECT, path="oidc")["data"]["auth_url"]
    parameters = {key: values[0] for key, values in parse_qs(urlsplit(asked).query).items()}
    # What the browser does once its user has logged in at the provider.
    person = place.client(place.identity_provider["token"])
    code = person.adapter.get("/v1/identity/oidc/provider/default/authorize", params=parameters)["code"]
    return anybody.auth.oidc.oidc_callback(parameters["state"], parameters["nonce"], code, path="oidc")["auth"]


LOGINS: list[Callable[[Place], dict[str, Any]]] = [by_ldap, by_github, by_userpass, by_approle, by_oidc]


def test_workloads_log_in_by_their_signed_tokens_alone(place: Place) -> None:
    assert [check for check in place.project.checks() if check["passed"] is not True] == []
    assert place.project.changes("preview") == set()


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.__name__)
def test_a_group_reads_what_it_was_given_and_nothing_else(
    place: Place, login: Callable[[Place], dict[str, Any]]
) -> None:
    logged_in = login(place)
    person = place.client(logged_in["client_token"])

    granted = [*(logged_in.get("token_policies") or ()), *(logged_in.get("identity_policies") or ())]
    assert granted == ["jwt-local.bank.ledger"]
    assert person.secrets.kv.v2.read_secret("ledger", mount_point="strongroom", raise_on_deleted_version=False)
    for path in ("strongroom/data/db-pass", "strongroom/metadata/?list=true", "auth/token/lookup-self", "sys/mounts"):
        with pytest.raises(Forbidden):
            person.adapter.get(f"/v1/{path}")


def test_access_tells_people_and_machines_too(place: Place) -> None:
    reported = place.project.access()

    ledger = {
        each["who"]: [step["name"] for step in each["path"]] for each in reported if each["what"].endswith("/ledger")
    }
    opening = ["jwt-local.bank.ledger", "strongroom/data/ledger"]
    assert ledger == {
        "bank/ledger": ["bank/ledger", "bank.ledger", *opening],
        "AppRole approle/runner": ["approle/runner", "runner", *opening],
        "GitHub team github/security-team": ["github/security-team", "github.security-team", *opening],
        "LDAP group ldap/auditors": ["ldap/auditors", "ldap.auditors", *opening],
        "OIDC group oidc/security": ["oidc/security", "oidc.security", *opening],
        "user userpass/dora": ["userpass/dora", *opening],
    }
    assert {each["who"] for each in reported} - ledger.keys() == {"shop/orders", "shop/checkout"}
    assert all(each["may"] == ["read"] and not each["wide"] for each in reported)


def test_whoever_is_in_no_group_may_do_nothing(place: Place) -> None:
    logged_in = by_ldap(place, "bob")

    assert logged_in["policies"] in ([], None)
    with pytest.raises(Forbidden):
        place.client(logged_in["client_token"]).adapter.get("/v1/strongroom/data/ledger")


def test_a_wrong_password_is_refused(place: Place) -> None:
    for login in (place.client().auth.ldap, place.client().auth.userpass):
        with pytest.raises((InvalidRequest, Forbidden)):
            login.login("alice", "wrong")


def reads(audited: str) -> list[Any]:
    """The answers to reads of the ledger."""
    entries = [json.loads(line) for line in audited.splitlines()]
    return [
        entry
        for entry in entries
        if entry["type"] == "response" and entry["request"]["path"] == "strongroom/data/ledger"
    ]


def last_reader(audited: str) -> str | None:
    return next((entry["auth"]["display_name"] for entry in reversed(reads(audited))), None)


def test_the_audit_devices_tell_who_read_what_and_no_secret(place: Place) -> None:
    logged_in = by_ldap(place)
    person = place.client(logged_in["client_token"])
    values = person.secrets.kv.v2.read_secret("ledger", mount_point="strongroom", raise_on_deleted_version=False)[
        "data"
    ]["data"]
    secrets = [CANARY, logged_in["client_token"], place.identity_provider["secret"], *values.values()]
    # The socket's other end may be a moment behind.
    poll_until(lambda: last_reader("".join(place.collector.lines)) == "ldap-alice", 10)

    for text in (place.audit_log.read_text(), "".join(place.collector.lines), place.world.vault.audit_log.read_text()):
        assert last_reader(text) == "ldap-alice"
        read = reads(text)
        assert read[-1]["auth"]["policies"] == ["jwt-local.bank.ledger"]
        assert all(value.startswith("hmac-sha256:") for value in read[-1]["response"]["data"]["data"].values())
        assert [secret for secret in secrets if secret in text] == []
    assert place.audit_log.stat().st_mode & 0o777 == 0o600


def test_who_is_taken_out_of_a_group_loses_its_access_at_once(place: Place) -> None:
    person = place.client(by_ldap(place)["client_token"])
    settings = place.project.config
    original = copy.deepcopy(settings)
    del settings["strongroom:backend"]["groups"][0]["members"]["ldap"]
    place.project.write(settings)
    try:
        assert place.project.changes("up") == {
            "delete ExternalGroup ldap/auditors",
            "delete Group ldap/auditors",
            "delete GroupAlias ldap/auditors",
        }
        with pytest.raises(Forbidden):
            person.secrets.kv.v2.read_secret("ledger", mount_point="strongroom", raise_on_deleted_version=False)
    finally:
        place.project.write(original)
        place.project.changes("up")


def test_keys_come_from_the_api_server_where_vault_reaches_it(place: Place) -> None:
    world, name = place.world, "strongroom-issuer-discovery"
    rbac = client.RbacAuthorizationV1Api(config.new_client_from_config(str(world.api_server.kubeconfig)))
    rbac.create_cluster_role_binding(
        {
            "metadata": {"name": name},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "system:service-account-issuer-discovery",
            },
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated"}],
        }
    )
    settings = place.project.config
    original = copy.deepcopy(settings)
    settings["strongroom:backend"]["auth"] = {
        "kind": "jwt",
        "path": "jwt-local",
        "issuer": ISSUER,
        "jwksUrl": f"{world.api_server.address}/openid/v1/jwks",
        "caCertificate": str(world.authority.certificate),
    }
    place.project.write(settings)
    try:
        assert place.project.changes("up") == {"update AuthBackend vault"}
        assert [check for check in place.project.checks() if check["passed"] is not True] == []
    finally:
        rbac.delete_cluster_role_binding(name)
        place.project.write(original)
        place.project.changes("up")
