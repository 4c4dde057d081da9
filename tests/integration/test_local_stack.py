"""The whole way: settings, engine, servers, and the proof."""

import copy
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hvac.exceptions import Forbidden
from kubernetes import client, config

from sandbox.errors import SandboxError
from sandbox.running import ROOT, Sandbox
from strongroom.ops.cluster.client import ClusterClient
from strongroom.ops.pulumi.stack import export_state
from tests.support.sandboxed import Project, environment, stored

pytestmark = pytest.mark.integration


def values(world: Sandbox) -> set[str]:
    """Every secret value that the stack wrote."""
    vault = world.vault.client()
    found: set[str] = set()
    for name in vault.secrets.kv.v2.list_secrets(path="", mount_point="strongroom")["data"]["keys"]:
        answer = vault.secrets.kv.v2.read_secret_version(
            path=name, mount_point="strongroom", raise_on_deleted_version=True
        )
        found.update(answer["data"]["data"].values())
    return found


def test_every_check_passes_and_none_is_omitted(deployed: Project) -> None:
    done = deployed.verify("--json")
    checks = json.loads(done.stdout)

    assert done.returncode == 0
    assert {check["workload"] for check in checks} == {"shop/orders", "shop/checkout", "bank/ledger", "stack"}
    assert [check for check in checks if check["passed"] is not True] == []
    assert len(checks) == 90


def test_the_table_is_for_people(deployed: Project) -> None:
    done = deployed.verify()

    assert "90 of 90 checks went as they must" in done.stdout
    assert "shop/orders" in done.stdout


def test_the_state_tells_where_a_resource_was_declared_and_little_more(deployed: Project) -> None:
    resources = export_state(deployed.stack)["deployment"]["resources"]
    ours = [each for each in resources if not each["type"].startswith("pulumi:")]

    assert len(ours) > 25
    assert [each["urn"] for each in ours if not re.search("/(components|stacks)/", each["sourcePosition"])] == []
    assert max(len(each["stackTrace"]) for each in ours) <= 6


def declared(config: dict[str, Any]) -> set[tuple[str, str]]:
    """Who reads what by a stack's configuration, as Vault has it."""
    return {
        (f"{workload['namespace']}/{workload['name']}", f"strongroom/data/{secret['object']}")
        for workload in config["strongroom:workloads"]
        for secret in workload["secrets"]
    }


def test_access_tells_what_is_declared_and_nothing_else(project: Project) -> None:
    reported = project.access()

    assert {(each["who"], each["what"]) for each in reported} == declared(project.config)
    assert all(each["may"] == ["read"] and not each["wide"] for each in reported)
    copied = [each for each in project.access(copies=True) if each not in reported]
    assert [(each["who"], each["what"], each["path"][1]["name"]) for each in copied] == [
        ("readers of Secrets in shop", "strongroom/data/db-pass", "shop/orders-env")
    ]
    (ledger,) = [each["path"] for each in reported if each["who"] == "bank/ledger"]
    assert [(step["kind"], step["name"], step["detail"]) for step in ledger] == [
        ("service account", "bank/ledger", ""),
        ("role", "bank.ledger", "kubernetes"),
        ("policy", "kubernetes.bank.ledger", ""),
        ("path", "strongroom/data/ledger", ""),
    ]


def test_the_table_and_the_picture_in_the_documentation_are_what_is_produced(
    project: Project, world: Sandbox, tmp_path: Path
) -> None:
    svg, html = tmp_path / "access.svg", tmp_path / "access.html"
    done = project.ops("access", "--svg", str(svg), "--html", str(html))
    page, committed = ROOT / "docs" / "access.md", ROOT / "docs" / "access.svg"
    table = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    if os.environ.get("STRONGROOM_WRITE_DOCS"):
        sample = re.compile("(?<=```text\n)Stack local.*?(?=\n```)", re.DOTALL)
        page.write_text(sample.sub(lambda _: table, page.read_text(), count=1))
        committed.write_text(svg.read_text())

    assert f"```text\n{table}\n```" in page.read_text(), "run again with STRONGROOM_WRITE_DOCS=1"
    assert committed.read_text() == svg.read_text(), "run again with STRONGROOM_WRITE_DOCS=1"
    reported = done.stdout + done.stderr + svg.read_text() + html.read_text() + json.dumps(project.access())
    assert not any(value in reported for value in values(world))


def test_a_second_preview_and_a_refresh_show_no_change(deployed: Project) -> None:
    assert deployed.changes("preview") == set()
    assert deployed.changes("refresh") == set()
    assert deployed.changes("preview") == set()


def test_changed_secrets_change_their_class_policy_and_pods_and_nothing_else(deployed: Project) -> None:
    settings = deployed.config
    settings["strongroom:workloads"][0]["secrets"].append({"name": "extra", "object": "payment-api", "key": "key"})
    settings["strongroom:workloads"][2]["secrets"][0]["filePermission"] = "0444"
    deployed.write(settings)

    assert deployed.changes("up") == {
        "update Policy shop/orders",
        "update SecretProviderClass shop/orders",
        "update Deployment shop/orders",
        "update SecretProviderClass bank/ledger",
        "delete-replaced Pod bank/ledger",
        "create-replacement Pod bank/ledger",
        "replace Pod bank/ledger",
    }
    assert deployed.wrong() == set()


def test_a_removed_workload_takes_its_access_along(deployed: Project, world: Sandbox) -> None:
    settings = deployed.config
    settings["strongroom:workloads"] = settings["strongroom:workloads"][:2]
    deployed.write(settings)
    deployed.changes("up")

    vault = world.vault.client()
    assert vault.auth.kubernetes.list_roles()["keys"] == ["shop.checkout", "shop.orders"]
    assert "kubernetes.bank.ledger" not in vault.sys.list_acl_policies()["data"]["keys"]
    assert deployed.wrong() == set()


@contextmanager
def policy_of_orders(world: Sandbox, rules: str) -> Iterator[None]:
    """Somebody changes the policy of shop/orders, for a while."""
    system, name = world.vault.client().sys, "kubernetes.shop.orders"
    before = system.read_acl_policy(name)["data"]["policy"]
    system.create_or_update_acl_policy(name, rules)
    try:
        yield
    finally:
        system.create_or_update_acl_policy(name, before)


def test_a_policy_that_is_wider_than_declared_is_found(deployed: Project, world: Sandbox) -> None:
    rules = 'path "strongroom/*" { capabilities = ["create", "read", "update", "list"] }'
    with policy_of_orders(world, rules):
        assert deployed.wrong() >= {
            ("shop/orders", "is refused other workloads' objects"),
            ("shop/orders", "is refused listing"),
            ("shop/orders", "is refused writing"),
            ("shop/orders", "is refused metadata and deleting"),
            ("shop/orders", "its token may read its objects and do nothing else"),
            ("shop/orders", "policy kubernetes.shop.orders is as deployed"),
        }
        assert deployed.verify().returncode == 1


def test_writing_is_tried_without_changing_anything(deployed: Project, world: Sandbox) -> None:
    kv = world.vault.client().secrets.kv.v2

    def version() -> int:
        return kv.read_secret_metadata("db-pass", mount_point="strongroom")["data"]["current_version"]

    before = version()
    with policy_of_orders(world, 'path "strongroom/data/db-pass" { capabilities = ["read", "create", "update"] }'):
        assert deployed.wrong() == {
            ("shop/orders", "is refused writing"),
            ("shop/orders", "its token may read its objects and do nothing else"),
            ("shop/orders", "policy kubernetes.shop.orders is as deployed"),
        }
    assert version() == before


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"bound_service_account_names": ["orders", "default"]}, "the namespace's default service account"),
        ({"bound_service_account_names": ["orders", "checkout"]}, "the service account of shop/checkout"),
    ],
)
def test_a_role_that_admits_a_stranger_is_found(
    deployed: Project, world: Sandbox, change: dict[str, Any], what: str
) -> None:
    role = world.vault.client().auth.kubernetes
    before = role.read_role("shop.orders")
    keep = {
        key: before[key] for key in ("bound_service_account_names", "bound_service_account_namespaces", "audience")
    } | {"policies": before["token_policies"], "ttl": "20m", "token_no_default_policy": True}
    write(world, "shop.orders", {**keep, **change})
    try:
        assert deployed.wrong() >= {
            ("shop/orders", f"its role refuses {what}"),
            ("shop/orders", "role shop.orders is as deployed"),
        }
    finally:
        write(world, "shop.orders", keep)


def write(world: Sandbox, role: str, body: dict[str, Any]) -> None:
    world.vault.client().adapter.post(f"/v1/auth/kubernetes/role/{role}", json=body)


def test_a_class_that_was_edited_by_hand_is_found_and_taken_back(deployed: Project, world: Sandbox) -> None:
    edit = {"spec": {"parameters": {"objects": "[]"}}}
    kind = ("secrets-store.csi.x-k8s.io", "v1", "shop", "secretproviderclasses", "orders")
    api = client.CustomObjectsApi(config.new_client_from_config(str(world.api_server.kubeconfig)))
    api.patch_namespaced_custom_object(*kind, edit)
    assert deployed.wrong() == {
        ("shop/orders", "its SecretProviderClass has its files"),
        ("shop/orders", "SecretProviderClass shop/orders is as deployed"),
    }

    deployed.changes("refresh")
    assert deployed.changes("up") == {"update SecretProviderClass shop/orders"}
    assert deployed.wrong() == set()


def test_a_missing_object_is_reported_with_its_path(deployed: Project, world: Sandbox) -> None:
    vault = world.vault.client()
    vault.secrets.kv.v2.delete_latest_version_of_secret("payment-api", mount_point="strongroom")
    try:
        assert deployed.wrong() == {
            ("shop/checkout", "reads payment-key"),
            ("stack", "the value of payment-api is as deployed"),
        }
        assert "strongroom/data/payment-api" in deployed.verify().stdout
    finally:
        vault.secrets.kv.v2.undelete_secret_versions("payment-api", [1], mount_point="strongroom")


def test_a_value_that_somebody_wrote_is_found_and_written_again_as_verify_says(
    deployed: Project, world: Sandbox
) -> None:
    kv, mount = world.vault.client().secrets.kv.v2, "strongroom"
    held = kv.read_secret_version("db-pass", mount_point=mount, raise_on_deleted_version=True)["data"]["data"]
    kv.create_or_update_secret("db-pass", {**held, "password": "canary-of-somebody"}, mount_point=mount)
    deployed.changes("refresh")
    assert deployed.changes("up") == set()  # as with the official plugin

    wrong = [each for each in deployed.checks() if each["passed"] is False]
    assert [each["what"] for each in wrong] == ["the value of db-pass is as deployed"]
    reported = wrong[0]["detail"]
    assert "strongroom/data/db-pass holds another value" in reported
    assert "canary-of-somebody" not in reported and held["password"] not in reported
    (urn,) = re.findall(r"pulumi up --target-replace '([^']+)'", reported)
    with deployed.engine.stack("local") as stack:
        stack.up(target=[urn], replace=[urn])

    found = kv.read_secret_version("db-pass", mount_point=mount, raise_on_deleted_version=True)["data"]["data"]
    assert found == held
    assert deployed.wrong() == set()


def test_the_configured_secret_is_encrypted_in_the_stack_file(deployed: Project, world: Sandbox) -> None:
    text = (world.state / "pulumi" / "stacks" / "Pulumi.local.yaml").read_text()

    assert "secure: v1:" in text
    assert (ROOT / "stacks" / "Pulumi.local.yaml").read_text().find("secure: v1") == -1


def test_faults_in_settings_are_reported_together_and_nothing_is_registered(
    deployed: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = copy.deepcopy(deployed.config)
    settings["strongroom:workloads"][0]["name"] = "Orders"
    settings["strongroom:workloads"][1]["secrets"] = []
    settings["strongroom:colour"] = "red"
    deployed.write(settings)

    with pytest.raises(SandboxError, match="pulumi up of local failed"):
        deployed.engine.run("up", "local")
    reported = capsys.readouterr().out
    assert "strongroom:workloads[0].name: 'Orders' is not a legal Kubernetes name" in reported
    assert "strongroom:workloads[1].secrets: This setting must not be empty" in reported
    assert "strongroom:colour: This key is unknown" in reported
    assert "Traceback" not in reported
    assert "creat" not in reported.replace("created", "")


def test_a_sealed_vault_is_named_and_the_next_run_continues(
    deployed: Project, world: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = deployed.config
    settings["strongroom:workloads"][0]["secrets"].append({"name": "extra", "object": "payment-api", "key": "key"})
    deployed.write(settings)
    world.vault.client().sys.seal()

    with pytest.raises(SandboxError):
        deployed.engine.run("up", "local")
    assert f"Vault at {world.vault.address} is sealed" in capsys.readouterr().out
    checked = deployed.verify()
    assert checked.returncode == 1
    assert "is sealed" in checked.stdout
    assert "Traceback" not in checked.stdout + checked.stderr

    world.up()
    deployed.engine.run("up", "local")
    assert deployed.wrong() == set()


def test_an_api_server_that_is_down_is_named_and_the_next_run_continues(
    deployed: Project, world: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    world.api_server.process.stop(seconds=1)  # it waits for those that watch it, until it is killed
    settings = deployed.config
    settings["strongroom:workloads"][0]["secrets"].pop()
    deployed.write(settings)

    with pytest.raises(SandboxError):
        deployed.engine.run("up", "local")
    assert "the API server can't be reached" in capsys.readouterr().out
    assert "can't be reached" in deployed.verify().stdout

    world.up()
    deployed.engine.run("up", "local")
    assert deployed.wrong() == set()


def test_a_stack_that_does_not_exist_is_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "strongroom", "verify", "--stack", "nowhere"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PULUMI_BACKEND_URL": f"file://{Path('/nonexistent')}"},
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("error: ")


class Reader:
    """Somebody who stole the token of a workload, and reads with it until that is refused."""

    def __init__(self, world: Sandbox, project: Project) -> None:
        deployed = project.read()
        with environment(project.environment):
            cluster = ClusterClient(deployed.kubernetes)
            account = cluster.request_token("shop", "orders", "vault")
        self.client = world.vault.client()
        self.client.token = None
        self.client.auth.kubernetes.login(role="shop.orders", jwt=account)
        self.last = time.monotonic()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while time.monotonic() < self.last + 30:
            try:
                self.client.read("strongroom/data/db-pass")
            except Forbidden:
                return
            self.last = time.monotonic()

    def end(self) -> float:
        """When it read for the last time."""
        self._thread.join()
        return self.last


def test_a_revoked_workload_reads_nothing_any_more_and_stays_closed_until_it_is_lifted(
    deployed: Project, world: Sandbox
) -> None:
    reader, started = Reader(world, deployed), time.monotonic()
    done = deployed.ops("revoke", "--workload", "shop/orders", "--scale-to-zero", "--yes", "--json")
    seconds = reader.end() - started
    found = {each["name"]: each["seen"] for each in json.loads(done.stdout)["steps"]}

    assert (done.returncode, seconds < 30) == (0, True), done.stderr
    assert found["tokens"].startswith("revoked, with their leases: token ")
    assert found["reads as the workload"] == "1 refused"
    assert found["pods"] == "stopped: Deployment orders, 1 to 0"
    assert "workloads[0].revoked in " in found["revoked: true"]
    with pytest.raises(Forbidden):
        reader.client.auth.token.lookup_self()
    assert world.vault.client().auth.kubernetes.list_roles()["keys"] == ["bank.ledger", "shop.checkout"]

    settings = deployed.config
    settings["strongroom:workloads"][0]["revoked"] = True
    deployed.write(settings)
    assert deployed.changes("up") == {
        "delete AuthBackendRole shop/orders",
        "delete Policy shop/orders",
        "update Deployment shop/orders",
    }
    checks = {check["what"]: check["passed"] for check in deployed.checks() if check["workload"] == "shop/orders"}
    assert checks["is revoked, and reads nothing"] is True
    assert set(checks.values()) == {True}

    lifted = deployed.ops("revoke", "--workload", "shop/orders", "--lift", "--yes")
    assert "pulumi up --refresh --stack local" in lifted.stdout
    deployed.restore()
    assert deployed.changes("up") == {
        "create AuthBackendRole shop/orders",
        "create Policy shop/orders",
        "update Deployment shop/orders",
    }


def test_age_is_that_of_the_version_in_vault_and_fails_past_the_limit(project: Project) -> None:
    young = project.ops("age", "--older-than", "90d")
    assert (young.returncode, "None of 3 is too old" in young.stdout) == (0, True), young.stdout

    old = project.ops("age", "--older-than", "1s", "--json")
    ages = {each["name"]: each for each in json.loads(old.stdout)}
    assert (old.returncode, {each["state"] for each in ages.values()}) == (1, {"failed"})
    assert [*ages["db-pass"]["workloads"]] == ["shop/orders"]
    assert ages["db-pass"]["fix"].count("RandomPassword::db-pass/") == 2


def test_an_initial_value_is_its_owners_after_the_first_update(deployed: Project, world: Sandbox) -> None:
    settings, kv = deployed.config, world.vault.client().secrets.kv.v2
    settings["strongroom:seeds"]["app"] = {"key": {"generate": {"length": 16, "initial": True}}}
    deployed.write(settings)
    deployed.changes("up")
    first = kv.read_secret_version("app", mount_point="strongroom", raise_on_deleted_version=True)["data"]["data"]
    kv.create_or_update_secret("app", {"key": "canary-of-its-owner"}, mount_point="strongroom")
    settings["strongroom:seeds"]["app"]["key"]["generate"]["length"] = 20
    deployed.write(settings)

    assert len(first["key"]) == 16
    assert (deployed.changes("refresh"), deployed.changes("up")) == (set(), set())
    found = kv.read_secret_version("app", mount_point="strongroom", raise_on_deleted_version=True)["data"]
    assert (found["data"], found["metadata"]["version"]) == ({"key": "canary-of-its-owner"}, 2)
    assert deployed.wrong() == set()
    assert "canary-of-its-owner" not in json.dumps(export_state(deployed.stack))

    deployed.restore()
    deployed.changes("up")
    kv.delete_metadata_and_all_versions("app", mount_point="strongroom")


def test_a_value_is_made_anew_by_the_first_update_after_its_period(deployed: Project, world: Sandbox) -> None:
    settings, first = deployed.config, stored(world, "db-pass")
    settings["strongroom:seeds"]["db-pass"]["password"]["generate"]["every"] = "30d"
    deployed.write(settings)

    # Neither the new period nor one that has not ended touches the value.
    assert deployed.changes("up") == {"create pulumi-python default", "create RotationPeriod db-pass/password"}
    assert deployed.changes("preview") == set()

    with deployed.engine.stack(deployed.stack) as stack:
        state = stack.export_stack()
        resources = (state.deployment or {})["resources"]
        (period,) = [each["outputs"] for each in resources if each["type"].endswith(":RotationPeriod")]
        period["began"] = (datetime.fromisoformat(period["began"]) - timedelta(days=30)).isoformat()
        stack.import_stack(state)

    rotated = {
        "update RotationPeriod db-pass/password",
        *(f"{step} RandomPassword db-pass/password" for step in ("create-replacement", "replace", "delete-replaced")),
        "update SecretV2 vault/db-pass",
    }
    assert (deployed.changes("preview"), deployed.changes("up")) == (rotated, rotated)
    second = stored(world, "db-pass")
    assert (second["username"], second["password"] != first["password"]) == (first["username"], True)


def test_rotate_replaces_a_generated_value_alone(deployed: Project, world: Sandbox) -> None:
    first = stored(world, "db-pass")
    done = deployed.ops("rotate", "--secret", "db-pass/password", "--yes", "--json")
    second = stored(world, "db-pass")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (second["username"], second["password"] != first["password"]) == (first["username"], True)
    (lines,) = json.loads(done.stdout).values()
    assert [(each["name"], each["state"]) for each in lines] == [
        ("value", "ok"),
        ("shop/orders", "ok"),
        ("earlier versions", "ok"),
    ]
    assert not set(second.values()) & set(re.findall(r"\S+", done.stdout + done.stderr))
    assert deployed.changes("preview") == set()


def test_nobody_to_ask_revokes_nothing(project: Project, world: Sandbox) -> None:
    done = project.ops("revoke", "--workload", "shop/orders")

    assert (done.returncode, "give --yes, or --dry-run" in done.stderr) == (1, True)
    assert "shop.orders" in world.vault.client().auth.kubernetes.list_roles()["keys"]
