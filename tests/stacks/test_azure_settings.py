"""Settings of a stack on Azure Key Vault, and the errors of those that are wrong."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse
from strongroom.stacks.settings.root import SECRET_KEYS

ROOT = Path(__file__).parents[2]
CANARY = "canary-77aa"

GOOD: dict[str, Any] = {
    "backend": {
        "kind": "azure-key-vault",
        "tenantId": "11111111-2222-3333-4444-555555555555",
        "resourceGroup": "rg-shop",
        "vault": {"name": "kv-shop"},
    },
    "kubernetes": {"oidcIssuer": "https://westeurope.oic.prod-aks.azure.com/t/c/"},
    "seeds": {"db-pass": {"password": {"generate": {}}}},
    "workloads": [
        {
            "name": "orders",
            "namespace": "shop",
            "image": "busybox:1.36",
            "secrets": [{"name": "db-password", "object": "db-pass", "key": "password"}],
        }
    ],
}
_MISSING = object()


def list_issues(raw: Any, *, secret_keys: tuple[str, ...] = SECRET_KEYS) -> dict[str, str]:
    with pytest.raises(InvalidSettingsError) as caught:
        parse(raw, stack="dev", secret_keys=secret_keys)
    assert CANARY not in str(caught.value)
    messages: dict[str, str] = {}
    for issue in caught.value.issues:
        key = issue.key.removeprefix("strongroom:")
        messages[key] = f"{messages.get(key, '')}; {issue.message}"
    return messages


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    raw = deepcopy(GOOD)
    for path, value in changes:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place: Any = raw
        for step in steps:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        if value is _MISSING:
            del place[last]
        else:
            place[last] = value
    return raw


def test_the_shortest_stack_is_least_privilege_and_protected() -> None:
    backend: Any = parse(GOOD, stack="prod").backend

    assert backend.identity.mode == "workload-identity"
    assert backend.role_scope == "object"
    assert backend.vault.access == "rbac"
    assert backend.vault.create is True
    assert backend.vault.purge_protection is True
    assert backend.readiness_timeout == 300


def test_an_object_may_go_without_a_key() -> None:
    raw = changed(("seeds.token", CANARY), ("seeds.made", {"generate": {"length": 20}}))
    raw["workloads"][0]["secrets"] += [{"name": "t", "object": "token"}, {"name": "m", "object": "made"}]

    seeds: Any = parse(raw, stack="dev").seeds
    assert seeds["token"].get_secret_value() == CANARY
    assert seeds["made"].length == 20


def test_an_object_may_have_a_key_called_generate() -> None:
    raw = changed(("seeds.db-pass.generate", {"generate": {}}))

    seeds: Any = parse(raw, stack="dev").seeds
    assert set(seeds["db-pass"]) == {"password", "generate"}


@pytest.mark.parametrize(
    ("path", "value", "key", "message"),
    [
        ("backend.vault.name", "1shop", "backend.vault.name", "is not a legal vault name"),
        ("backend.vault.name", "kv--shop", "backend.vault.name", "single '-'"),
        ("backend.vault.name", "x" * 25, "backend.vault.name", "3 to 24"),
        ("backend.vault.name", _MISSING, "backend.vault.name", "This setting is required: use 3 to 24"),
        ("backend.tenantId", _MISSING, "backend.tenantId", "This setting is required"),
        ("backend.tenantId", "contoso", "backend.tenantId", "is not a GUID"),
        ("backend.cloud", "AzureGermanCloud", "backend.cloud", "use 'AzurePublicCloud'"),
        ("backend.cloud", "AzureStackCloud", "backend.azureStack", "is required with cloud"),
        ("backend.createResourceGroup", True, "backend.location", "name a region"),
        ("backend.vault.retentionDays", 3, "backend.vault.retentionDays", "must be 7 or more"),
        ("backend.vault.id", "/subscriptions/x", "backend.vault.id", "is not a vault's id"),
        ("backend.vault.public", True, "backend.vault.public", "This key is unknown"),
        ("backend.vault.network.public", False, "backend.vault.network.privateEndpoint", "nobody could connect"),
        (
            "backend.vault.network.allowedIpRanges",
            ["all"],
            "backend.vault.network.allowedIpRanges[0]",
            "not an IPv4 range",
        ),
        ("backend.keys.sign", {"type": "RSA-HSM"}, "backend.keys.sign.type", "set vault.sku to 'premium'"),
        ("backend.keys.sign", {"type": "EC", "size": 2048}, "backend.keys.sign.size", "is not allowed with type 'EC'"),
        ("backend.keys.sign", {"expiresAfter": "P1Y"}, "backend.keys.sign.rotateAfter", "is required"),
        ("backend.keys.si_gn", {}, "backend.keys.si_gn", "e.g. 'si-gn'"),
        ("backend.certificates.web", {"subject": "web"}, "backend.certificates.web.subject", "e.g. CN=shop"),
        ("backend.secrets.other", {"contentType": "x"}, "backend.secrets.other", "use db-pass-password"),
        ("backend.identity.mode", "magic", "backend.identity.mode", "use 'workload-identity'"),
        ("backend.identity.mode", "addon", "backend.identity.mode", "kubernetes.install is 'existing'"),
        ("backend.identity.mode", "node", "backend.identity.clientId", "is required with mode 'node'"),
        ("backend.identity.mode", "system-assigned", "backend.identity.principalId", "is required"),
        ("backend.identity.mode", "identity-binding", "kubernetes.aks", "which only AKS supports"),
        ("backend.identity.name", "shared-one", "backend.identity.name", "is allowed with mode 'shared' only"),
        ("kubernetes.oidcIssuer", _MISSING, "kubernetes.oidcIssuer", "az aks show"),
        ("kubernetes.oidcIssuer", "issuer.example.net", "kubernetes.oidcIssuer", "is not an issuer"),
        ("clientSecret", CANARY, "clientSecret", "is allowed with backend.identity.mode 'service-principal' only"),
        ("seeds.db_pass", {"x": CANARY}, "seeds.db_pass.x", "e.g. 'db-pass-x'"),
        ("seeds.big", {"x": CANARY * 3000}, "seeds.big.x", "33000 bytes: a secret of Key Vault has at most 25600"),
        ("workloads.0.secrets.0.object", "db_pass", "workloads[0].secrets[0]", "e.g. 'db-pass-password'"),
        ("workloads.0.secrets.0.object", "team/db", "workloads[0].secrets[0]", "e.g. 'team-db-password'"),
        ("workloads.0.secrets.0.object", "else", "workloads[0].secrets[0]", "pulumi config set --secret"),
        ("workloads.0.secrets.0.version", "3", "workloads[0].secrets[0]", "32 hexadecimal digits"),
    ],
)
def test_each_mistake_names_its_key_and_the_way_out(path: str, value: Any, key: str, message: str) -> None:
    assert message in list_issues(changed((path, value)))[key]


def test_a_certificate_is_read_as_what_it_is() -> None:
    web = ("backend.certificates.web", {"subject": "CN=web"})
    secrets = "workloads.0.secrets"
    good = [
        {"name": "web.crt", "object": "web", "type": "cert"},
        {"name": "web.pub", "object": "web", "type": "key"},
        {"name": "web.pem", "object": "web", "format": "pem"},
    ]
    assert parse(changed(web, (secrets, good)), stack="dev")

    private_as_public = [{"name": "web.pfx", "object": "web", "type": "cert", "format": "pfx"}]
    assert (
        "goes with type 'secret' only"
        in list_issues(changed(web, (secrets, private_as_public)))["workloads[0].secrets[0]"]
    )
    unknown = [{"name": "web.crt", "object": "other", "type": "cert"}]
    assert (
        "declare it in backend.certificates" in list_issues(changed(web, (secrets, unknown)))["workloads[0].secrets[0]"]
    )


def test_role_scope_and_access_policies_exclude_each_other() -> None:
    both = changed(("backend.roleScope", "object"), ("backend.vault.access", "policies"))

    assert "exclude each other" in list_issues(both)["backend.roleScope"]


def test_a_name_in_another_case_is_the_same_object() -> None:
    web = ("backend.certificates.Web", {"subject": "CN=web"})

    found = list_issues(changed(web, ("seeds.WEB", CANARY), ("backend.keys.web", {})))
    assert "would overwrite the private key of the certificate 'Web'" in found["seeds.WEB"]
    assert "would overwrite the key of the certificate 'Web'" in found["backend.keys.web"]


def test_two_names_for_one_object_are_found() -> None:
    raw = changed(("seeds.db", {"pass-password": {"generate": {}}}))

    assert (
        "object 'db-pass' with key 'password' and object 'db' with key 'pass-password'" in list_issues(raw)["workloads"]
    )


def test_a_vault_that_exists_is_not_shaped() -> None:
    existing = changed(
        ("backend.vault.create", False), ("backend.vault.sku", "premium"), ("backend.vault.lock", True), ("seeds", {})
    )

    found = list_issues(existing)
    assert set(found) == {"backend.vault.sku", "backend.vault.lock"}
    assert "an existing vault is not changed" in found["backend.vault.sku"]


def test_name_and_id_exclude_each_other() -> None:
    id_ = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv-shop"

    assert (
        "keep one of them"
        in list_issues(changed(("backend.vault.id", id_), ("backend.vault.create", False)))["backend.vault.id"]
    )
    alone = changed(("backend.vault", {"id": id_, "create": False}))
    assert parse(alone, stack="dev")


def test_more_workloads_than_a_shared_identity_can_have_are_refused() -> None:
    raw = changed(("backend.identity.mode", "shared"))
    raw["workloads"] = [{**raw["workloads"][0], "name": f"w{number}"} for number in range(21)]

    assert "21 workloads would share one identity" in list_issues(raw)["backend.identity.mode"]


def test_more_workloads_than_access_policies_are_refused() -> None:
    raw = changed(("backend.vault.access", "policies"))
    raw["workloads"] = [{**raw["workloads"][0], "name": f"w{number}"} for number in range(1025)]

    assert "1025 workloads" in list_issues(raw)["backend.vault.access"]


def test_plaintext_secrets_are_refused() -> None:
    raw = changed(
        ("seeds.token", CANARY), ("backend.identity", {"mode": "service-principal"}), ("clientSecret", CANARY)
    )

    found = list_issues(raw, secret_keys=())
    assert "is in plaintext" in found["seeds.token"]
    assert "is in plaintext" in found["clientSecret"]


def test_faults_of_every_part_are_reported_together() -> None:
    raw = changed(
        ("backend.tenantId", _MISSING),
        ("backend.vault.name", "1"),
        ("backend.identity.mode", "node"),
        ("kubernetes.install", "apt"),
        ("workloads.0.secrets.0.version", "x"),
    )

    assert set(list_issues(raw)) >= {
        "backend.tenantId",
        "backend.vault.name",
        "backend.identity.clientId",
        "backend.identity.principalId",
        "kubernetes.install",
        "workloads[0].secrets[0]",
    }


@pytest.mark.parametrize("stack", ["staging", "prod", "local-azure"])
def test_the_stack_files_are_valid(stack: str) -> None:
    config = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    raw = {key.removeprefix("strongroom:"): value for key, value in config.items()}
    if stack == "local-azure":
        raw["backend"]["tenantId"] = GOOD["backend"]["tenantId"]
        raw["kubernetes"]["oidcIssuer"] = "https://kubernetes.default.svc"
        raw["seeds"]["ledger"] = {"token": "set by the sandbox"}

    assert parse(raw, stack=stack).workloads


def test_both_local_stacks_have_the_same_workloads() -> None:
    local, azure = (
        yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
        for stack in ("local", "local-azure")
    )

    assert local["strongroom:workloads"] == azure["strongroom:workloads"]
    assert local["strongroom:seeds"] == azure["strongroom:seeds"]
