"""Reserved accounts, which a workload has only if the stack allows it."""

from typing import Any

import pytest

from strongroom.components.workload import describe_shared_accounts
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse


def settings(account: str, allowed: list[str]) -> dict[str, Any]:
    namespace, name = account.split("/")
    return {
        "backend": {"kind": "vault", "address": "https://vault", "auth": {"kubernetesHost": "https://10.0.0.1"}},
        "kubernetes": {"reservedAccounts": allowed},
        "workloads": [
            {
                "name": name,
                "namespace": namespace,
                "image": "busybox:1.36",
                "secrets": [{"name": "password", "object": "db", "key": "password"}],
            }
        ],
    }


@pytest.mark.parametrize("account", ["shop/default", "kube-system/backup", "kube-public/a"])
def test_a_reserved_account_is_a_workloads_only_where_the_stack_says_so(account: str) -> None:
    with pytest.raises(InvalidSettingsError, match=f"reservedAccounts: \\[{account}\\]"):
        parse(settings(account, ["shop/other", "kube-system/other"]), stack="prod")

    assert parse(settings(account, [account]), stack="prod").workloads


@pytest.mark.parametrize("account", ["default/orders", "vault/vault", "shop/default-orders", "kubernetes/orders"])
def test_other_accounts_need_no_leave(account: str) -> None:
    assert parse(settings(account, []), stack="prod").workloads


def named(*accounts: dict[str, Any] | None, allowed: list[str] | None = None) -> dict[str, Any]:
    raw = settings("shop/a", allowed or [])
    (first,) = raw["workloads"]
    raw["workloads"] = [
        {**first, "name": name, **({"serviceAccount": account} if account else {})}
        for name, account in zip("abc", accounts, strict=False)
    ]
    return raw


def test_one_account_is_made_once() -> None:
    for account in ({"name": "a"}, {"name": "a", "create": True}):
        with pytest.raises(
            InvalidSettingsError, match=r"workloads\[1\].serviceAccount: .* 'shop/a' is made for .*\[0\]"
        ):
            parse(named(None, account), stack="prod")

    assert parse(named(None, {"name": "a", "create": False}, {"name": "c"}), stack="prod").workloads


def test_an_account_that_is_named_is_a_reserved_one_as_well() -> None:
    raw = named({"name": "default", "create": False})
    with pytest.raises(InvalidSettingsError, match=r"workloads\[0\].serviceAccount.name: 'default' is the account of"):
        parse(raw, stack="prod")

    assert parse({**raw, "kubernetes": {"reservedAccounts": ["shop/default"]}}, stack="prod").workloads


def test_workloads_that_share_an_account_are_named() -> None:
    made = parse(named(None, {"name": "a", "create": False}, None), stack="prod").workloads

    (warning,) = describe_shared_accounts(made)
    assert warning.startswith("shop/a and shop/b run as the service account shop/a")
