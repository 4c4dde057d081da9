"""The whole way with Azure Key Vault: settings, engine, emulator, and the proof."""

import json
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pulumi.automation import ConfigValue

from sandbox.azure.clouds import CLOUDS
from sandbox.azure.configuration import assemble
from sandbox.azure.store import Document, Kind, Store
from sandbox.azure.vaults import Vault
from sandbox.errors import SandboxError
from sandbox.running import Sandbox
from sandbox.servers.kubernetes import ISSUER
from strongroom.components.azure.access_probe import NotReadyError, wait
from strongroom.components.azure.clouds import PUBLIC
from strongroom.ops.findings import Finding
from strongroom.ops.pulumi.stack import read_stack
from strongroom.ops.revoke.run import revoke
from strongroom.ops.revoke.step import Step
from tests.integration.doctored import seen, stops, whole
from tests.integration.driver import Cluster
from tests.integration.tampering import ASSIGNMENTS, CREDENTIALS, VAULTS, broken, settle
from tests.integration.test_check import OFFICER, READER, assign
from tests.support.sandboxed import Project, environment
from tests.support.soak import sampled

pytestmark = pytest.mark.integration

CHARTS = Path(__file__).parents[1] / "charts"


def values(store: Store) -> set[str]:
    """Every secret value that the stack wrote."""
    return {version["value"] for found in store.objects("strongroom-local", "secrets") for version in found["versions"]}


def readers(project: Project) -> dict[str, set[str]]:
    """Who reads what, as `access` tells it."""
    found: dict[str, set[str]] = {}
    for each in project.access():
        if "read" in each["may"]:
            found.setdefault(each["what"].removesuffix(" of strongroom-local"), set()).add(each["who"])
    return found


def explained(project: Project, workload: str, what: str) -> str:
    (check,) = [check for check in project.checks() if (check["workload"], check["what"]) == (workload, what)]
    return check["detail"]


def test_every_check_passes_and_none_is_omitted(azure_deployed: Project) -> None:
    checks = azure_deployed.checks()

    assert {check["workload"] for check in checks} == {"shop/orders", "shop/checkout", "bank/ledger", "stack"}
    assert [check for check in checks if check["passed"] is not True] == []
    assert len(checks) == 76


def test_access_tells_what_is_declared_by_real_identities_roles_and_scopes(
    azure_project: Project, store: Store
) -> None:
    done = azure_project.ops("access", "--json")
    reported = [each for each in json.loads(done.stdout) if each["path"][0]["kind"] != "readers"]
    clients = {
        found["name"]: found["properties"]["clientId"]
        for found in store.resources("Microsoft.ManagedIdentity/userAssignedIdentities")
    }
    scopes = {found["properties"]["scope"] for found in store.resources(ASSIGNMENTS)}

    assert {(each["who"], each["what"]) for each in reported} == {
        (
            f"{workload['namespace']}/{workload['name']}",
            f"secret {secret['object']}-{secret['key']} of strongroom-local",
        )
        for workload in azure_project.config["strongroom:workloads"]
        for secret in workload["secrets"]
    }
    for each in reported:
        account, identity, assignment, secret = each["path"]
        named = f"local-azure_{account['name'].replace('/', '_')}"
        assert (account["kind"], identity["kind"], secret["kind"]) == ("service account", "identity", "secret")
        assert (identity["name"], identity["detail"]) == (named, clients[named])
        assert (assignment["kind"], assignment["name"]) == ("role assignment", "Key Vault Secrets User")
        assert assignment["detail"] in scopes and assignment["detail"].endswith(f"/secrets/{secret['name']}")
        assert (each["may"], each["wide"]) == (["read"], False)
    assert not any(value in done.stdout for value in values(store))


def test_a_second_preview_and_a_refresh_show_no_change(azure_deployed: Project) -> None:
    assert azure_deployed.changes("preview") == set()
    assert azure_deployed.changes("refresh") == set()
    assert azure_deployed.changes("preview") == set()


def test_a_state_with_identities_beside_the_backend_goes_on_without_replacement(azure_deployed: Project) -> None:
    checkpoint = azure_deployed.engine.checkpoint("local-azure")
    whole = checkpoint.read_text()
    former = json.loads(whole.replace("AzureKeyVaultBackend$strongroom:index:AzureIdentities", "AzureIdentities"))
    resources = former["checkpoint"]["latest"]["resources"]
    (identities,) = [each for each in resources if each["type"] == "strongroom:index:AzureIdentities"]
    identities["parent"] = resources[0]["urn"]  # the stack's
    checkpoint.write_text(json.dumps(former))
    try:
        # The gates have the credentials' URNs, and so try them once more.
        workloads = ("shop/orders", "shop/checkout", "bank/ledger")
        assert azure_deployed.changes("preview") == {f"update AccessReady {name}" for name in workloads}
    finally:
        checkpoint.write_text(whole)


ADMITTED = "logs in by its identity"


@pytest.mark.parametrize(
    ("change", "code"),
    sampled(
        [
            ({"audiences": ["api://elsewhere"]}, "AADSTS700212"),
            ({"subject": "system:serviceaccount:shop:checkout"}, "AADSTS700213"),
            ({"issuer": "https://kubernetes.default.svc/"}, "AADSTS700211"),
        ],
        1,
    ),
)
def test_a_federated_credential_that_differs_turns_its_line_red(
    azure_deployed: Project, store: Store, change: Document, code: str
) -> None:
    with broken(store, CREDENTIALS, "serviceaccount:bank:ledger", **change):
        wrong = azure_deployed.wrong()
        assert ("bank/ledger", ADMITTED) in wrong
        assert {workload for workload, _ in wrong} == {"bank/ledger"}
        assert code in explained(azure_deployed, "bank/ledger", ADMITTED)
    assert azure_deployed.wrong() == set()


def test_an_identity_that_is_tied_to_a_neighbour_is_found(azure_deployed: Project, store: Store) -> None:
    with broken(store, CREDENTIALS, "serviceaccount:shop:orders", subject="system:serviceaccount:shop:checkout"):
        assert azure_deployed.wrong() >= {
            ("shop/orders", ADMITTED),
            ("shop/orders", "its identity refuses the service account of shop/checkout"),
        }


def test_a_missing_role_assignment_turns_its_line_red(azure_deployed: Project, store: Store) -> None:
    with broken(store, ASSIGNMENTS, "secrets/payment-api-key"):
        assert azure_deployed.wrong() == {
            ("shop/checkout", "reads payment-key"),
            ("shop/checkout", "its role assignments are as deployed"),
        }
        assert "no role assignment of the identity" in explained(azure_deployed, "shop/checkout", "reads payment-key")


def test_a_role_at_the_vault_is_found(azure_deployed: Project, store: Store) -> None:
    (assignment,) = [
        found for found in store.resources(ASSIGNMENTS) if found["properties"]["scope"].endswith("payment-api-key")
    ]
    vault = assignment["properties"]["scope"].partition("/secrets/")[0]
    with broken(store, ASSIGNMENTS, "secrets/payment-api-key", scope=vault):
        assert azure_deployed.wrong() >= {
            ("shop/checkout", "is refused other workloads' objects"),
            ("shop/checkout", "is refused names that nobody knows"),
            ("shop/checkout", "is refused listing"),
        }


def test_a_role_that_writes_is_found(azure_deployed: Project, store: Store) -> None:
    officer = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
    with broken(store, ASSIGNMENTS, "secrets/payment-api-key", roleDefinitionId=officer):
        assert azure_deployed.wrong() >= {
            ("shop/checkout", "is refused writing"),
            ("shop/checkout", "its role assignments are as deployed"),
        }


def test_a_value_that_somebody_set_is_found_and_another_written_as_verify_says(
    azure_deployed: Project, store: Store
) -> None:
    (vault,) = store.resources(VAULTS)
    Vault(store, vault, CLOUDS[0].vaults).set_secret("payment-api-key", {"value": "canary-of-somebody"})
    azure_deployed.changes("refresh")
    assert azure_deployed.changes("up") == set()

    wrong = [each for each in azure_deployed.checks() if each["passed"] is False]
    assert [(each["workload"], each["what"]) for each in wrong] == [
        ("shop/checkout", "the value of payment-api-key is as deployed")
    ]
    assert "canary-of-somebody" not in wrong[0]["detail"]
    (urn,) = re.findall(r"pulumi up --replace '([^']+)'", wrong[0]["detail"])
    with azure_deployed.engine.stack("local-azure") as stack:
        stack.up(replace=[urn])
    assert azure_deployed.wrong() == set()


def test_what_somebody_deleted_by_hand_is_put_back(azure_deployed: Project, store: Store) -> None:
    (before,) = [found for found in store.resources(ASSIGNMENTS) if "payment-api-key" in json.dumps(found)]
    store.remove(before["id"])

    azure_deployed.changes("refresh")
    assert "create RoleAssignment shop/checkout/secrets/payment-api-key/Key Vault Secrets User" in (
        azure_deployed.changes("up")
    )
    assert azure_deployed.wrong() == set()


def test_changed_secrets_change_access_class_and_pods_and_nothing_else(azure_deployed: Project) -> None:
    settings = azure_deployed.config
    settings["strongroom:workloads"][0]["secrets"].append({"name": "extra", "object": "payment-api", "key": "key"})
    azure_deployed.write(settings)

    assert azure_deployed.changes("up") == {
        "create RoleAssignment shop/orders/secrets/payment-api-key/Key Vault Secrets User",
        "update AccessReady shop/orders",
        "update SecretProviderClass shop/orders",
        "update Deployment shop/orders",
        "update pulumi-python default",  # the engine hands dynamic resources the whole configuration
    }
    assert azure_deployed.wrong() == set()


def test_keys_and_certificates_are_read_by_what_they_are_and_renewed_by_the_vault(
    azure_deployed: Project, store: Store
) -> None:
    settings = azure_deployed.config
    settings["strongroom:backend"] |= {
        "keys": {"sign": {"type": "EC", "curve": "P-256", "rotateAfter": "P90D", "expiresAfter": "P1Y"}},
        "certificates": {"web": {"subject": "CN=shop.example.net", "dnsNames": ["shop.example.net"]}},
    }
    settings["strongroom:workloads"][0]["secrets"] += [
        {"name": "sign.pub", "object": "sign", "type": "key"},
        {"name": "web.crt", "object": "web", "type": "cert"},
    ]
    settings["strongroom:workloads"][1]["secrets"] += [
        {"name": "web.pem", "object": "web", "format": "pem"},
        {"name": "payment-keys", "object": "payment-api", "key": "key", "versionHistory": 2},
    ]
    azure_deployed.write(settings)
    azure_deployed.changes("up")

    checks = {(check["workload"], check["what"]): check["passed"] for check in azure_deployed.checks()}
    assert checks["shop/orders", "reads sign.pub"] is True
    assert checks["shop/orders", "reads web.crt"] is True
    assert checks["shop/checkout", "reads web.pem"] is True
    # Its versions are listed, by the role at the object alone.
    assert checks["shop/checkout", "reads payment-keys"] is True
    reported = readers(azure_deployed)
    assert (reported["key sign"], reported["certificate web"], reported["secret web"]) == (
        {"shop/orders"},
        {"shop/orders"},
        {"shop/checkout"},
    )
    assert "identity deployer" in {each["who"] for each in azure_deployed.access()}
    # Who reads the certificate reads its public half alone.
    assert checks["shop/orders", "is refused other workloads' objects"] is True
    assert {what for what, passed in checks.items() if passed is not True} == set()

    def count_versions(kind: Kind, name: str) -> int:
        found = store.object("strongroom-local", kind, name)
        return len(found["versions"]) if found else 0

    store.move_clock("strongroom-local", timedelta(days=340).total_seconds())
    try:
        assert azure_deployed.wrong() == set()
        assert (count_versions("keys", "sign"), count_versions("secrets", "web")) == (2, 2)
        assert (azure_deployed.changes("preview"), azure_deployed.changes("refresh")) == (set(), set())
    finally:
        store.move_clock("strongroom-local", 0)
    assert azure_deployed.changes("preview") == set()
    assert azure_deployed.changes("refresh") == set()


@pytest.mark.parametrize("mode", sampled(["shared", "node", "service-principal"], 1))
def test_every_other_identity_lets_workloads_read(
    azure_deployed: Project, world: Sandbox, through_its_proxy: None, mode: str
) -> None:
    directory = assemble(world.azure.configuration).directory
    client, principal, secret = directory.register(mode)
    settings = azure_deployed.config
    settings["strongroom:backend"]["identity"] = {"mode": mode}
    if mode == "node":
        directory.assign_to_node(client, principal)
    if mode != "shared":
        settings["strongroom:backend"]["identity"] |= {"clientId": client, "principalId": principal}
    azure_deployed.write(settings)
    if mode == "service-principal":
        with azure_deployed.engine.stack("local-azure") as stack:
            stack.set_config("strongroom:clientSecret", ConfigValue(secret, secret=True))
    try:
        azure_deployed.changes("up")
        settle()
        checks = azure_deployed.checks()
        assert azure_deployed.wrong() == set()
        assert sum(check["what"].startswith("reads ") and check["passed"] is True for check in checks) == 4
        (apart,) = {check["detail"] for check in checks if check["what"] == "is refused other workloads' objects"}
        assert "all workloads are one" in apart
        others = {
            "shared": set[str](),
            "node": {"pods on the cluster's nodes"},
            "service-principal": {"holders of the service principal's password"},
        }
        reported = readers(azure_deployed)
        assert len(reported) == 4
        assert all(who == {"shop/orders", "shop/checkout", "bank/ledger"} | others[mode] for who in reported.values())
        assert secret not in json.dumps(checks)
        assert azure_deployed.changes("preview") == set()
        if mode != "shared":
            with Cluster(world).installed():
                found = seen(read_stack("local-azure"), "shop/orders")
                assert whole(found), found.checks
    finally:
        if mode == "service-principal":
            with azure_deployed.engine.stack("local-azure") as stack:
                stack.remove_config("strongroom:clientSecret")


def test_akv2k8s_delivers_as_its_one_principal(
    azure_deployed: Project, world: Sandbox, store: Store, through_its_proxy: None
) -> None:
    client, principal, secret = assemble(world.azure.configuration).directory.register("akv2k8s")
    settings = azure_deployed.config
    identity = {"mode": "service-principal", "clientId": client, "principalId": principal}
    settings["strongroom:backend"]["identity"] = identity
    settings["strongroom:kubernetes"]["install"] = "helm"
    settings["strongroom:charts"] = {"akv2k8s": {"path": str(CHARTS / "akv2k8s")}}
    for number, workload in enumerate(settings["strongroom:workloads"]):
        workload["delivery"] = "akv2k8s"
        for index, declared in enumerate(workload["secrets"]):
            declared.pop("filePermission", None)
            declared["env"] = f"SECRET_{number}_{index}"
    azure_deployed.write(settings)
    with azure_deployed.engine.stack("local-azure") as stack:
        stack.set_config("strongroom:clientSecret", ConfigValue(secret, secret=True))
    try:
        azure_deployed.changes("up")
        settle()
        checks = azure_deployed.checks()
        assert azure_deployed.wrong() == set()
        read = {check["what"] for check in checks if check["what"].startswith("reads ") and check["passed"]}
        assert read == {"reads SECRET_0_0", "reads SECRET_0_1", "reads SECRET_1_0", "reads SECRET_2_0"}
        assert sum(check["what"] == "its AzureKeyVaultSecrets have its variables" for check in checks) == 3
        assert {"shop/orders", "shop/checkout", "bank/ledger"} < readers(azure_deployed)["secret ledger-token"]
        # The password is where akv2k8s reads it, and in no workload's namespace.
        core = world.api_server.core()
        held = {
            (found.metadata.namespace, found.metadata.name) for found in core.list_secret_for_all_namespaces().items
        }
        assert ("kube-system", "secrets-store-creds") in held
        assert not {namespace for namespace, _ in held} & {"shop", "bank"}
        assert core.read_namespace("shop").metadata.labels["azure-key-vault-env-injection"] == "enabled"
        assert secret not in json.dumps(checks)
        assert azure_deployed.changes("preview") == set()
        deployed = read_stack("local-azure")
        stops(seen(deployed, "shop/orders"), "webhook", "no webhook admission.spv.no")
        with Cluster(world).webhook("pods.env-injector.admission.spv.no", {}):
            assert whole(seen(deployed, "shop/orders"))
            with broken(store, ASSIGNMENTS, "secrets/db-pass-username"):
                stops(seen(deployed, "shop/orders"), "assignment", "secret db-pass-username: ForbiddenByRbac")
    finally:
        with azure_deployed.engine.stack("local-azure") as stack:
            stack.remove_config("strongroom:clientSecret")


def test_access_policies_let_workloads_read_a_vault_of_their_own(azure_deployed: Project, store: Store) -> None:
    settings = azure_deployed.config
    settings["strongroom:backend"]["vault"] = {
        "name": "strongroom-policies",
        "access": "policies",
        "purgeProtection": False,
    }
    keys = {"name": "payment-keys", "object": "payment-api", "key": "key", "versionHistory": 2}
    settings["strongroom:workloads"][1]["secrets"].append(keys)
    azure_deployed.write(settings)
    azure_deployed.changes("up")

    checks = azure_deployed.checks()
    assert azure_deployed.wrong() == set()
    assert sum(check["what"].startswith("reads ") and check["passed"] is True for check in checks) == 5
    assert azure_deployed.changes("preview") == set()
    (vault,) = store.resources("Microsoft.KeyVault/vaults")
    assert sorted(entry["permissions"]["secrets"] for entry in vault["properties"]["accessPolicies"]) == [
        ["get"],
        ["get"],
        ["get", "list"],  # of a history, the versions are listed
    ]
    assert len(vault["properties"]["accessPolicies"]) == 3
    reported = azure_deployed.access()
    assert {each["who"] for each in reported} == {"shop/orders", "shop/checkout", "bank/ledger"}
    assert all(each["what"] == "all secrets of strongroom-policies" and each["wide"] for each in reported)
    assert all(len(each["covers"]) == 4 for each in reported)

    # Back again: its name is free once the deleted vault is purged.
    world_purge(store)


def world_purge(store: Store) -> None:
    for vault in store.resources("Microsoft.KeyVault/deletedVaults"):
        store.remove_object(vault["name"].lower())
        store.remove(f"/deleted{vault['id']}")


def test_a_vault_name_that_was_deleted_softly_is_reported_before_anything_is_created(
    azure_deployed: Project, store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    (vault,) = store.resources("Microsoft.KeyVault/vaults")
    gone = {**vault, "name": "kv-gone", "id": vault["id"].replace(vault["name"], "kv-gone")}
    store.put(f"/deleted{gone['id']}", "Microsoft.KeyVault/deletedVaults", gone)
    settings = azure_deployed.config
    settings["strongroom:backend"]["vault"]["name"] = "kv-gone"
    azure_deployed.write(settings)
    try:
        with pytest.raises(SandboxError):
            azure_deployed.engine.run("up", "local-azure")
    finally:
        store.remove(f"/deleted{gone['id']}")

    reported = capfd.readouterr().out
    assert "strongroom:backend.vault.name: 'kv-gone' was deleted softly" in reported
    assert "az keyvault purge --name kv-gone --location westeurope" in reported
    assert azure_deployed.wrong() == set()


def test_a_seed_that_was_deleted_softly_is_refused_with_the_commands(
    azure_project: Project, store: Store, world: Sandbox
) -> None:
    (vault,) = store.resources("Microsoft.KeyVault/vaults")
    plane = Vault(store, vault, CLOUDS[0].vaults)
    plane.set_secret("refunds-token", {"value": "of somebody"})
    plane.delete("secrets", "refunds-token")
    assign(store, world, vault["id"], OFFICER)
    settings = azure_project.config
    settings["strongroom:seeds"]["refunds"] = {"token": {"generate": {}}}
    azure_project.write(settings)
    try:
        done = azure_project.ops("preview", "--json")
    finally:
        azure_project.restore()
        store.remove_object("strongroom-local", "secrets", "refunds-token")
        store.remove(f"{vault['id']}/providers/Microsoft.Authorization/roleAssignments/checked")

    reported = json.loads(done.stdout)
    (found,) = [each for each in reported["existing"] if each["state"] == "failed"]
    assert (done.returncode, reported["refused"]) == (1, True)
    assert found["seen"].startswith("secret strongroom-local/refunds-token, deleted and recoverable, exists")
    for verb in ("recover", "purge"):
        assert f"az keyvault secret {verb} --vault-name strongroom-local --name refunds-token" in found["fix"]


def test_a_vault_name_that_is_somebody_elses_is_reported(
    azure_deployed: Project, store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    id_ = "/subscriptions/x/resourceGroups/y/providers/Microsoft.KeyVault/vaults/kv-other"
    store.put(id_, "Microsoft.KeyVault/vaults", {"id": id_, "name": "kv-other", "properties": {}})
    settings = azure_deployed.config
    settings["strongroom:backend"]["vault"]["name"] = "kv-other"
    azure_deployed.write(settings)
    try:
        with pytest.raises(SandboxError):
            azure_deployed.engine.run("preview", "local-azure")
    finally:
        store.remove(id_)

    assert "'kv-other' is taken, and not by this stack" in capfd.readouterr().out


def test_a_vault_that_exists_is_used_and_left_alone(azure_deployed: Project, store: Store, world: Sandbox) -> None:
    (vault,) = store.resources("Microsoft.KeyVault/vaults")
    shared = {**vault, "name": "kv-shared", "id": vault["id"].replace(vault["name"], "kv-shared")}
    store.put(shared["id"], "Microsoft.KeyVault/vaults", shared)
    settings = azure_deployed.config
    settings["strongroom:backend"]["vault"] = {"name": "kv-shared", "create": False}
    azure_deployed.write(settings)

    azure_deployed.changes("up")
    assert azure_deployed.wrong() == set()
    azure_deployed.restore()
    world.azure.purge()
    azure_deployed.changes("up")
    assert store.resource(shared["id"]) == shared
    store.remove(shared["id"])


def test_the_gate_gives_up_in_time_and_says_what_it_saw(
    azure_deployed: Project, world: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in world.azure.environment().items():
        monkeypatch.setenv(name, value)
    identities = store.resources("Microsoft.ManagedIdentity/userAssignedIdentities")
    (identity,) = [found for found in identities if found["name"].endswith("bank_ledger")]
    props = {
        "namespace": "bank",
        "serviceAccount": "ledger",
        "audience": "api://AzureADTokenExchange",
        "clientId": identity["properties"]["clientId"],
        "tenantId": world.azure.configuration.tenant,
        "authority": PUBLIC.authority,
        "vaultUrl": "https://strongroom-local.vault.azure.net",
        "objects": ["secrets/ledger-token"],
        "byValue": False,
        "kubeconfig": str(world.api_server.kubeconfig),
        "context": None,
        "timeout": 2,
    }
    wait(props)

    started = time.monotonic()
    with pytest.raises(NotReadyError, match=r"bank/ledger still can't read .* after 2 s.*not authorized"):
        wait({**props, "objects": ["secrets/db-pass-password"]})
    assert time.monotonic() - started < 10
    with pytest.raises(NotReadyError, match="AADSTS700016"):
        wait({**props, "clientId": "00000000-0000-0000-0000-000000000000"})
    wait({**props, "issuer": ISSUER})
    with pytest.raises(NotReadyError, match=f"waiting doesn't help: .* Set oidcIssuer to {ISSUER}, to the last slash"):
        wait({**props, "issuer": f"{ISSUER}/", "timeout": 300})


def test_an_initial_value_is_its_owners_after_the_first_update(
    azure_deployed: Project, store: Store, world: Sandbox
) -> None:
    settings = azure_deployed.config
    settings["strongroom:seeds"]["payment-api"]["key"]["generate"]["initial"] = True
    azure_deployed.write(settings)
    azure_deployed.changes("up")
    (vault,) = store.resources(VAULTS)
    plane = Vault(store, vault, CLOUDS[0].vaults)
    first = plane.get("secrets", "payment-api-key", None)["value"]
    plane.set_secret("payment-api-key", {"value": "canary-of-its-owner"})
    settings["strongroom:seeds"]["payment-api"]["key"]["generate"]["length"] = 50
    settings["strongroom:backend"]["secrets"] = {"payment-api-key": {"contentType": "text/plain"}}
    azure_deployed.write(settings)

    azure_deployed.changes("refresh")
    assert azure_deployed.changes("up") == {"update pulumi-python default"}  # for the whole configuration, as above
    assert plane.get("secrets", "payment-api-key", None)["value"] == "canary-of-its-owner"
    assert azure_deployed.wrong() == set()

    assign(store, world, vault["id"], OFFICER)
    try:
        done = azure_deployed.ops("rotate", "--secret", "payment-api/key", "--yes", "--json")
    finally:
        store.remove(f"{vault['id']}/providers/Microsoft.Authorization/roleAssignments/checked")
    assert done.returncode == 0, done.stdout + done.stderr
    (lines,) = json.loads(done.stdout).values()
    assert [(each["name"], each["state"]) for each in lines] == [
        ("value", "ok"),
        ("shop/checkout", "ok"),
        ("earlier versions", "ok"),
    ]
    rotated = plane.get("secrets", "payment-api-key", None)
    assert (len(rotated["value"]), rotated["value"] in done.stdout) == (40, False)
    assert [each["attributes"]["enabled"] for each in plane.versions("secrets", "payment-api-key")].count(True) == 1
    plane.set_secret("payment-api-key", {"value": first})


def test_age_is_that_of_the_version_in_the_vault_if_the_caller_may_list_it(
    azure_project: Project, store: Store, world: Sandbox
) -> None:
    refused = json.loads(azure_project.ops("age", "--json").stdout)
    assert {each["fix"] for each in refused} == {
        "it takes the role Key Vault Reader at the vault, or list by an access policy"
    }

    (vault,) = store.resources(VAULTS)
    assign(store, world, vault["id"], READER)
    try:
        young = azure_project.ops("age", "--older-than", "90d")
        old = azure_project.ops("age", "--older-than", "1s", "--json")
    finally:
        store.remove(f"{vault['id']}/providers/Microsoft.Authorization/roleAssignments/checked")
    assert (young.returncode, "None of 4 is too old" in young.stdout) == (0, True), young.stdout
    ages = {each["name"]: each for each in json.loads(old.stdout)}
    assert (old.returncode, ages["secret db-pass-password"]["workloads"]) == (1, ["shop/orders"])
    assert "RandomPassword::db-pass-password'" in ages["secret db-pass-password"]["fix"]


class KilledError(BaseException):
    """The command ends between two steps."""


@pytest.mark.parametrize("number", sampled([*range(5)], 1))
def test_a_revocation_that_was_killed_ends_the_same_when_it_runs_again(
    azure_deployed: Project, store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    stack, ran = azure_deployed.read(), Step.run
    count = iter(range(99))

    def run(step: Step, *, dry_run: bool) -> Finding:
        if next(count) == number:
            raise KilledError
        return ran(step, dry_run=dry_run)

    (orders,) = [each for each in stack.workloads if each.path == "shop/orders"]
    with environment(azure_deployed.environment), monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(Step, "run", run)
        revoke("local-azure", stack, orders, scale_to_zero=True)
    done = azure_deployed.ops("revoke", "--workload", "shop/orders", "--scale-to-zero", "--yes", "--json")

    found = {each["name"]: (each["state"], each["seen"]) for each in json.loads(done.stdout)["steps"]}
    assert done.returncode == 0, done.stdout
    assert found["reads as the workload"] == ("ok", "2 refused")
    subjects = {each["properties"]["subject"].rpartition(":")[2] for each in store.resources(CREDENTIALS)}
    assert subjects == {"checkout", "ledger"}
    assert not [each for each in store.resources(ASSIGNMENTS) if "secrets/db-pass" in each["properties"]["scope"]]
    assert found["Kubernetes Secrets"][0] == "ok"

    # Nothing was updated meanwhile: the state has what is gone until a refresh.
    azure_deployed.changes("refresh")
    assert "update Deployment shop/orders" in azure_deployed.changes("up")
    assert azure_deployed.wrong() == set()
