"""What is told where a Vault can't be opened."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from hvac.exceptions import Forbidden

from strongroom.components.vault.bootstrap import runner as unseal
from strongroom.components.vault.bootstrap.key_store import Record
from strongroom.components.vault.bootstrap.runner import BootstrapError, Plan
from strongroom.components.vault.client import VaultNode

NODE = VaultNode("https://vault:8200")
RECORD = Record(shares=("canary-share",), threshold=1, root_token="canary-root", admin_token="canary-admin")


class FakeKeyStore:
    """Keeps what it was made with."""

    place, pgp_keys, gives_shares = "a place", (), False

    def load(self) -> Record:
        return RECORD

    def save(self, record: Record) -> None:
        raise NotImplementedError

    def inputs(self) -> dict[str, Any]:
        return {}

    def alone(self, seconds: float) -> AbstractContextManager[tuple[int, ...]]:
        return nullcontext(())


def test_a_refused_token_is_told_without_any_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise Forbidden("no: canary-share canary-root canary-admin canary-operator")

    run = unseal._Run([NODE], FakeKeyStore(), Plan(), lambda _: None)
    monkeypatch.setattr(run, "_made", refuse)

    with pytest.raises(BootstrapError, match="no token can be made: no: ") as told:
        run._token(NODE, None, "canary-operator")
    assert "canary" not in str(told.value)
