"""A stack that has nobody to be kept apart from."""

import os
from collections.abc import Callable

import pytest

from strongroom.ops.verify import Verifier
from tests.ops.verify.fakes import FakeKeyVaultStack, FakeStack, FakeVaultStack


@pytest.mark.parametrize("made", [FakeVaultStack, FakeKeyVaultStack])
def test_the_only_workload_of_a_stack_passes(made: Callable[..., FakeStack], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setattr("strongroom.ops.verify.vault_foreign_principals._YOUNGEST", 0)
    fake = made(1, monkeypatch)
    checks = Verifier(fake.stack, resources=fake.resources, administrators=("group ops",)).run(1)

    assert [check for check in checks if check.passed is False] == []
    assert {check.what: check.passed for check in checks}["reads password"] is True
