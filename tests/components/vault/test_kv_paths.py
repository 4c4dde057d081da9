"""Which names can't be meant as objects of a KV engine."""

import pytest

from strongroom import KvEngine, KvEngineArgs, Secret, Workload
from strongroom.components.vault.kv_paths import check_kv_object
from tests.components.vault.test_backend import backend
from tests.support.recording import Declare


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("data/db-pass", "takes it, db-pass"),
        ("metadata/team/db", "takes it, team/db"),
        ("kv/data/db-pass", "takes it, db-pass"),
        ("sys/policies/acl/admin", "of Vault's own below sys/"),
        ("auth/token/create", "of Vault's own below auth/"),
        ("cubbyhole/x", "of Vault's own below cubbyhole/"),
        ("identity/oidc/token/app", "of Vault's own below identity/"),
        ("database/creds/app", "made at each read"),
        ("database/static-creds/app", "made at each read"),
        ("db-prod/creds/app", "made at each read"),
        ("aws/sts/deploy", "made at each read"),
        ("ldap/static-cred/app", "made at each read"),
        ("pki/issue/web", "made at each request"),
        ("pki_int/sign/web", "made at each request"),
        ("transit/export/encryption-key/app", "a key's use"),
    ],
)
def test_a_path_of_another_api_is_refused_with_what_is_meant(name: str, reported: str) -> None:
    assert reported in (check_kv_object(name, "kv") or "")


@pytest.mark.parametrize(
    "name",
    ["db-pass", "data", "sys", "team/data/db", "shop/creds/app", "database/app", "database", "pki/web/issue", "kv/db"],
)
def test_what_may_be_an_object_is_one(name: str) -> None:
    assert check_kv_object(name, "kv") is None


def test_components_refuse_them_too(declare: Declare) -> None:
    secrets = (Secret(name="f", object="data/db-pass", key="k"),)
    declared = Workload(name="orders", namespace="shop", image="busybox:1.36", secrets=secrets)

    with pytest.raises(ValueError, match=r"shop/orders: secret 'f': object 'data/db-pass' is a path of Vault's API"):
        declare(lambda: backend().grant(declared))
    with pytest.raises(ValueError, match=r"seeds\['data/db-pass'\]: 'data/db-pass' is a path of Vault's API"):
        declare(lambda: KvEngine("it", KvEngineArgs(seeds={"data/db-pass": {"password": "x"}})))
