"""Who may do what in a Vault, and by which path."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from strongroom.ops.grants import Granted, Step, describe_grants, list_granted
from strongroom.ops.grants.vault import EXTERNAL_GROUPS, GROUP_ALIAS
from strongroom.ops.preview.offline import compare
from strongroom.ops.pulumi.state import HIDDEN
from strongroom.policy.rules import UNKNOWN, Declared
from strongroom.policy.rules.kinds.vault import APP_ROLE, BOOTSTRAP, GROUP, JWT_ROLE, USER
from tests.ops.preview.test_report import READ_O, checkout, declared, policy, role

O = Step("path", "secret/data/o")  # noqa: E741 - the object that READ_O reads
P = Step("policy", "p")


def ways(*resources: Declared) -> list[tuple[Step, ...]]:
    """All paths."""
    return [each.path for each in list_granted([*resources, policy(READ_O)])]


def reported(*resources: Declared) -> list[str]:
    """Who may read."""
    return [str(path[0]) for path in ways(*resources)]


def known(resource: Declared, **outputs: Any) -> Declared:
    """A resource whose provider reported something."""
    return replace(resource, outputs=outputs)


def directory(kind: str, path: str) -> Declared:
    return known(declared(kind, path, path=path), accessor=f"auth_{path}_1")


def group(name: str, *policies: str) -> Declared:
    return known(declared(GROUP, name, name=name.replace("/", "."), policies=[*policies]), id=f"id of {name}")


def alias(of: str, name: str, accessor: object, own: str | None = None) -> Declared:
    return declared(GROUP_ALIAS, own or of, name=name, mountAccessor=accessor, canonicalId=f"id of {of}")


def test_a_service_account_reads_by_its_role_and_the_roles_policy() -> None:
    assert list_granted([role("p"), policy(READ_O)]) == [
        Granted(
            "read",
            (Step("service account", "shop/orders"), Step("role", "shop.orders"), P, O),
            "vault:/secret/data/o",
        )
    ]


def test_a_role_is_reported_with_the_method_that_it_is_of() -> None:
    jwt = declared(
        JWT_ROLE,
        "r",
        roleName="r",
        backend="jwt-dev",
        boundSubject="system:serviceaccount:shop:orders",
        tokenPolicies=["p"],
    )

    assert ways(jwt) == [(Step("service account", "shop/orders"), Step("role", "r", "jwt-dev"), P, O)]


def test_machines_and_people_are_reported_with_where_they_log_in() -> None:
    machine = declared(APP_ROLE, "approle/runner", roleName="runner", backend="machines", tokenPolicies=["p"])
    person = declared(USER, "userpass/dora", username="dora", mount="userpass", tokenPolicies=["p"])

    assert ways(machine, person) == [
        (Step("AppRole", "machines/runner"), Step("role", "runner", "machines"), P, O),
        (Step("user", "userpass/dora"), P, O),
    ]
    assert reported(machine, person) == ["AppRole machines/runner", "user userpass/dora"]


@pytest.mark.parametrize(("kind", "called"), EXTERNAL_GROUPS.items())
def test_members_of_a_directorys_group_read_by_vaults_group(kind: str, called: str) -> None:
    found = ways(directory(kind, "staff"), group("staff/audit", "p"), alias("staff/audit", "audit", "auth_staff_1"))

    assert found == [(Step(called, "staff/audit"), Step("identity group", "staff.audit"), P, O)]


def test_groups_of_one_name_in_two_directories_are_two() -> None:
    kind = next(iter(EXTERNAL_GROUPS))
    mounts = [directory(kind, "emea"), directory(kind, "apac")]
    groups = [group("emea/audit", "p"), group("apac/audit", "p")]
    aliases = [alias(f"{path}/audit", "audit", f"auth_{path}_1") for path in ("emea", "apac")]

    assert reported(*mounts, *groups, *aliases) == ["LDAP group apac/audit", "LDAP group emea/audit"]


def test_what_is_still_to_be_made_is_joined_by_its_name() -> None:
    made = declared(GROUP, "ldap/a/b", name="ldap.a/b", policies=["p"])
    of = declared(GROUP_ALIAS, "ldap/a/b", name="a/b", mountAccessor=UNKNOWN, canonicalId=UNKNOWN)

    assert reported(declared("vault:ldap/authBackend:AuthBackend", "ldap", path="ldap"), made, of) == [
        "LDAP group ldap/a/b"
    ]


def test_hidden_ids_join_nothing() -> None:
    kind = next(iter(EXTERNAL_GROUPS))
    mounts = [known(declared(kind, path, path=path), accessor=HIDDEN) for path in ("wrong", "ldap")]

    assert reported(*mounts, group("ldap/x", "p"), alias("ldap/x", "x", HIDDEN)) == ["LDAP group ldap/x"]


@pytest.mark.parametrize(
    ("resource", "who"),
    [
        (group("inside", "p"), "members of the identity group inside"),
        (declared(JWT_ROLE, "any", roleName="any", tokenPolicies=["p"]), "everybody who can log in by the role any"),
        (
            declared(
                "vault:kubernetes/authBackendRole:AuthBackendRole",
                "r",
                roleName="r",
                boundServiceAccountNames=["*"],
                boundServiceAccountNamespaceSelector="{}",
                tokenPolicies=["p"],
            ),
            "everybody who can log in by the role r",
        ),
        (
            declared("vault:ldap/authBackendUser:AuthBackendUser", "joe", username="joe", policies=["p"]),
            "everybody who can log in by the AuthBackendUser joe",
        ),
        (
            declared("vault:index/token:Token", "break-glass", policies=["p"]),
            "everybody who can log in by the Token break-glass",
        ),
        (
            declared("vault:ldap/authBackend:AuthBackend", "ldap", path="ldap", tokenPolicies=["p"]),
            "everybody who can log in by the AuthBackend ldap",
        ),
    ],
)
def test_nobody_is_omitted_whatever_gives_the_policy(resource: Declared, who: str) -> None:
    assert reported(resource) == [who]


@pytest.mark.parametrize("policies", [UNKNOWN, HIDDEN, ["p", UNKNOWN]])
def test_policies_that_are_not_known_are_reported(policies: object) -> None:
    secretive = replace(role(), properties={**role().properties, "tokenPolicies": policies})

    assert "whatever the policy (not known) opens" in {
        each.what for each in describe_grants([secretive, policy(READ_O)])
    }


@pytest.mark.parametrize("document", [None, HIDDEN, UNKNOWN, "no policy at all"])
def test_a_policy_whose_document_is_not_there_opens_what_it_opens(document: object) -> None:
    (found,) = list_granted([role("p"), policy(document)])

    assert str(found.path[-1]) == "whatever the policy p opens"
    assert found.wide


def test_an_empty_policy_opens_nothing() -> None:
    assert list_granted([role("p"), policy("")]) == []


@pytest.mark.parametrize(
    ("path", "wide", "opens", "not_opens"),
    [
        ("secret/data/o", False, ["secret/data/o"], ["secret/data/oo", "secret/data/o/p"]),
        ("secret/data/*", True, ["secret/data/o", "secret/data/o/p"], ["secret/o", "other/data/o"]),
        ("secret/data/o*", True, ["secret/data/o", "secret/data/oo"], ["secret/data/p"]),
        ("secret/+/o", True, ["secret/data/o", "secret/metadata/o"], ["secret/data/x/o"]),
        ("+/data/o", True, ["secret/data/o"], ["a/b/data/o"]),
        ("secret/data/a+b", False, ["secret/data/a+b"], ["secret/data/aab"]),
        ("secret/data/{{identity.entity.name}}", True, ["secret/data/o"], ["other/data/o"]),
        ("secret/*/o", False, ["secret/*/o"], ["secret/data/o"]),
    ],
)
def test_patterns_are_wide_and_open_what_vault_says(
    path: str, wide: bool, opens: list[str], not_opens: list[str]
) -> None:
    (found,) = list_granted([role("p"), policy(f'path "{path}" {{ capabilities = ["read"] }}')])

    assert str(found.path[-1]) == path
    assert found.wide is wide
    assert all(found.opens(f"vault:/{each}") for each in opens)
    assert not any(found.opens(f"vault:/{each}") for each in not_opens)
    assert not found.opens("azure:/secret/data/o")


def test_capabilities_that_have_no_word_are_reported_as_they_are() -> None:
    document = 'path "x" { capabilities = ["subscribe", "sudo", "patch"] }'

    assert [each.may for each in describe_grants([role("p"), policy(document)])] == ["administer", "subscribe", "write"]


@pytest.mark.parametrize("document", ['path "x" { policy = "write" }', '{"path": {"x": {"policy": "write"}}}'])
def test_the_older_way_to_write_a_policy_is_read_too(document: str) -> None:
    assert [each.may for each in describe_grants([role("p"), policy(document)])] == ["list", "read", "write"]


def test_root_opens_everything() -> None:
    (found,) = list_granted([role("root")])

    assert (found.may, str(found.path[-1]), found.wide) == ("administer", "everything in Vault", True)
    assert found.opens("vault:/secret/data/o") and not found.opens("azure:/kv/secrets/o")


def test_two_ways_to_one_secret_are_both_reported() -> None:
    both = [role("p", "q"), policy(READ_O), policy(READ_O, "q")]

    assert list(describe_grants(both).values()) == ["role shop.orders, policy p; role shop.orders, policy q"]


def test_the_stacks_own_token_and_the_holders_of_key_shares_are_reported() -> None:
    bootstrap = declared(BOOTSTRAP, "vault", adminRules=READ_O, threshold=3.0, shareCount=5.0)

    assert {(each.who, each.may, each.what) for each in describe_grants([bootstrap])} == {
        ("holders of the stack's token", "read", "secret/data/o"),
        ("holders of 3 of 5 key shares", "administer", "everything in Vault"),
    }


def test_logins_of_a_stack_are_reported_in_its_preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(config: Any) -> None:
        config["strongroom:backend"] |= {
            "logins": [
                {"kind": "github", "organization": "acme"},
                {"kind": "approle", "roles": [{"name": "runner", "groups": ["auditors"]}]},
            ],
            "groups": [
                {
                    "name": "auditors",
                    "reads": ["shop/orders"],
                    "policies": ["audit"],
                    "members": {"github": ["security-team"]},
                }
            ],
        }

    monkeypatch.chdir(checkout(tmp_path, "dev", change))
    found = describe_grants(compare("dev", None).after.values())

    assert {(each.who, each.what, by) for each, by in found.items()} == {
        ("shop/orders", "secret/data/db-pass", "role shop.orders, policy kubernetes.shop.orders"),
        ("readers of Secrets in shop", "secret/data/db-pass", "Kubernetes Secret shop/orders-env"),
        ("AppRole approle/runner", "secret/data/db-pass", "role runner, policy kubernetes.shop.orders"),
        ("AppRole approle/runner", "whatever the policy audit opens", "role runner, policy audit"),
        (
            "GitHub team github/security-team",
            "secret/data/db-pass",
            "identity group github.security-team, policy kubernetes.shop.orders",
        ),
        (
            "GitHub team github/security-team",
            "whatever the policy audit opens",
            "identity group github.security-team, policy audit",
        ),
    }
