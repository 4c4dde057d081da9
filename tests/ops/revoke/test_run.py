"""What a revocation says that can be used still."""

from typing import Any

import pytest

from strongroom.ops.pulumi.stack import DeployedDynamic
from strongroom.ops.revoke.run import revoke
from tests.ops.test_verify import ORDERS, STACK


class Nothing:
    """A store, or pods, of which nothing is left to revoke."""

    def __init__(self, *_: object) -> None:
        pass

    def list_steps(self) -> list[Any]:
        return []

    def list_tokens(self, _: object) -> list[Any]:
        return []

    def count_running(self, *, wait: bool) -> int:
        return 1


def test_what_vault_made_and_takes_back_with_no_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strongroom.ops.revoke.vault.VaultRevocation", Nothing)
    monkeypatch.setattr("strongroom.ops.revoke.run.PodRevocation", Nothing)
    monkeypatch.setattr("strongroom.ops.revoke.mark.Mark.build_step", lambda *_, **__: Nothing())
    monkeypatch.setattr(Nothing, "run", lambda *_, **__: None, raising=False)
    paths = (
        "database/creds/k.shop.orders.shop",
        "database/static-creds/k.shop.orders.old",
        "pki/issue/k.shop.orders.tls",
    )
    made = tuple(DeployedDynamic(path=path, files={}) for path in paths)
    orders = ORDERS.model_copy(update={"dynamic": made, "objects": ()})
    found = revoke("test", STACK, orders, dry_run=True).remains

    assert {each.what: each.fix for each in found if "/" in each.what and "files" not in each.what} == {
        f"the password of {paths[1]}, wherever it was copied": "vault write -f database/rotate-role/k.shop.orders.old",
        f"certificates that {paths[2]} issued": "vault write pki/revoke serial_number=SERIAL",
    }
