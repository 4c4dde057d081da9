"""What the token may do that a stack configures its Vault with."""

import pytest

from strongroom.components.vault.bootstrap.admin_policy import ADMIN_POLICY, AdminScope, build_admin_rules
from strongroom.ops.grants import Granted
from strongroom.policy.rules.policies import read_paths

SCOPE = AdminScope(
    engines=("kv", "database"),
    seeded=("kv", "team/kv"),
    auth="kubernetes",
    logins=("ldap",),
    databases="database",
    pki="pki",
    pki_root="pki-root",
    groups=True,
)
RULES = read_paths(build_admin_rules(SCOPE))
WRITES = {"create", "update", "delete", "sudo"}


def capabilities(path: str) -> set[str]:
    """What the rules say of `path`, by whichever pattern."""
    return {
        able
        for pattern, abilities in RULES.items()
        if Granted("", (), f"x:/{pattern}").opens(f"x:/{path}")
        for able in abilities
    }


def test_the_admin_opens_values_of_the_engines_that_its_stack_seeds_and_no_others() -> None:
    assert {"create", "read", "update"} <= capabilities("kv/data/db-pass") & capabilities("team/kv/data/db-pass")
    for path in (
        "secret/data/db-pass",
        "other/data/db-pass",
        "kv2/data/db-pass",
        "kv/undelete/x",
        "database/creds/x",
        "database/creds/kubernetes.x",
    ):
        assert capabilities(path) == set()


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"sys/policies/acl/{name}"
            for name in (ADMIN_POLICY, "Strongroom-Admin", f" {ADMIN_POLICY}", "default", "kubernetes", "shop.orders")
        ),
        f"sys/policy/{ADMIN_POLICY}",
        "sys/audit/file",
        "auth/token/create-orphan",
        "auth/token/roles/mine",
        "auth/other/role/mine",
        "sys/auth/other",
        "sys/auth/token/tune",
        "sys/mounts/secret",
        "sys/mounts/team/kv",
        "sys/mounts/auth/token/tune",
        "database/roles/others.shop.orders.shop",
        "pki/roles/web",
        "pki/issue/kubernetes.shop.orders.server",
        "pki/root/generate/internal",
        "pki-root/issue/x",
        "pki-root/intermediate/set-signed",
        "other/root/sign-intermediate",
        "database/static-roles/kubernetes-prod.shop.orders.shop",
    ],
)
def test_the_admin_can_write_neither_its_own_policy_nor_what_the_stack_does_not_make(path: str) -> None:
    assert capabilities(path) & WRITES == set()


@pytest.mark.parametrize(
    "path",
    [
        "sys/policies/acl/kubernetes.shop.orders",
        "sys/auth/kubernetes",
        "sys/auth/ldap",
        "sys/mounts/auth/ldap/tune",
        "sys/mounts/kv",
        "auth/kubernetes/role/shop.orders",
        "auth/ldap/config",
        "database/roles/kubernetes.shop.orders.shop",
        "database/config/shop",
        "database/rotate-root/shop",
        "pki/roles/kubernetes.shop.orders.server",
        "pki-root/root/sign-intermediate",
        "pki/intermediate/set-signed",
        "identity/group",
    ],
)
def test_the_admin_writes_what_the_stack_makes(path: str) -> None:
    assert {"create", "update"} <= capabilities(path)


def test_the_admin_of_a_stack_without_databases_opens_none() -> None:
    assert "database" not in build_admin_rules(AdminScope())


def test_the_admin_of_a_stack_without_groups_writes_none() -> None:
    without = read_paths(build_admin_rules(AdminScope()))

    assert not any(WRITES & set(verbs) for path, verbs in without.items() if path.startswith("identity/"))


@pytest.mark.parametrize(
    ("path", "able"),
    [
        ("auth/token/accessors", "list"),
        ("auth/token/lookup-accessor", "update"),
        ("sys/capabilities-accessor", "update"),
        ("identity/entity/id/x", "read"),
        ("identity/group/id/x", "read"),
        ("auth/other/role/x", "read"),
        ("auth/ours/users", "list"),
    ],
)
def test_the_admin_reads_what_the_proof_needs(path: str, able: str) -> None:
    assert able in capabilities(path)


@pytest.mark.parametrize(
    "path",
    [
        "auth/token/revoke-accessor",
        "auth/token/revoke-orphan",
        "auth/other/role/x/secret-id",
        "auth/other/role/x/role-id",
        "auth/other/config",
        "auth/other/login/x",
        "identity/entity",
        "identity/entity/merge",
        "identity/oidc/token/x",
        "sys/audit",
    ],
)
def test_what_the_proof_reads_opens_no_way_to_more(path: str) -> None:
    assert capabilities(path) == set()


@pytest.mark.parametrize(
    "scope", [AdminScope(auth="token"), AdminScope(logins=("token/x",)), AdminScope(seeded=("sys",))]
)
def test_an_admin_of_what_is_vaults_own_is_refused(scope: AdminScope) -> None:
    with pytest.raises(ValueError, match="is Vault's own"):
        build_admin_rules(scope)


@pytest.mark.parametrize(
    "path",
    [
        "sys/seal",
        "sys/rekey/init",
        "sys/generate-root/attempt",
        "sys/raw/x",
        "sys/storage/raft/snapshot",
        "sys/leases/x",
    ],
)
def test_the_admin_can_neither_close_the_store_nor_take_it_away(path: str) -> None:
    assert capabilities(path) == set()
