"""Reserved accounts, which a workload has only if the stack allows it."""

from typing import Any

import pytest

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
