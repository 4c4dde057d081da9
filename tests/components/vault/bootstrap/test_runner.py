"""What is reported where a Vault can't be opened."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from hvac.exceptions import Forbidden

from strongroom.components.vault.bootstrap import runner
from strongroom.components.vault.bootstrap.key_store import BootstrapState
from strongroom.components.vault.bootstrap.runner import BootstrapConfig, BootstrapError
from strongroom.components.vault.client import VaultNode

NODE = VaultNode(address="https://vault:8200")
RECORD = BootstrapState(shares=("canary-share",), threshold=1, root_token="canary-root", admin_token="canary-admin")


class FakeKeyStore:
    """Keeps what it was made with."""

    place, pgp_keys, gives_shares = "a place", (), False

    def load(self) -> BootstrapState:
        return RECORD

    def save(self, state: BootstrapState) -> None:
        raise NotImplementedError

    def to_inputs(self) -> dict[str, Any]:
        return {}

    def lock(self, seconds: float) -> AbstractContextManager[tuple[int, ...]]:
        return nullcontext(())


def test_a_refused_token_is_reported_without_any_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise Forbidden("no: canary-share canary-root canary-admin canary-operator")

    run = runner._Run([NODE], FakeKeyStore(), BootstrapConfig(), lambda _: None)
    monkeypatch.setattr(run, "_make_token", refuse)

    with pytest.raises(BootstrapError, match="no token can be made: no: ") as reported:
        run._get_token(NODE, None, "canary-operator")
    assert "canary" not in str(reported.value)
