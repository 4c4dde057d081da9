"""What the proof costs with many workloads: each adds as much as the one before it."""

import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from strongroom.ops.commands.verify import _fold
from strongroom.ops.verify import Digests, Verifier
from tests.ops.verify.fakes import FakeKeyVaultStack, FakeStack, FakeVaultStack

ROOT = Path(__file__).parents[3]
OWN = tuple(f"{ROOT / 'strongroom' / package}{os.sep}" for package in ("ops", "policy"))
BOUNDS = {
    "strongroom.ops.store.vault_denials.MOST": 2,
    "strongroom.ops.store.key_vault.MOST": 2,
    "strongroom.ops.verify.vault_token._OTHERS": 2,
    "strongroom.ops.verify.access_reviews._MOST": 2,
    "strongroom.ops.verify.access_reviews._MOST_NAMED": 2,
    "strongroom.ops.verify.vault_foreign_principals._YOUNGEST": 0,
}
"""What the proof bounds for a workload, or in all: smaller than in use, so that few workloads reach it."""


class Steps:
    """Counts the lines, the turns of loops and the calls of the proof's own code, in each thread that starts."""

    def __init__(self) -> None:
        self._counter = itertools.count()

    @contextmanager
    def counted(self) -> Iterator[None]:
        before = sys.gettrace()
        threading.settrace(self._enter)
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)
            threading.settrace(before)  # type: ignore[arg-type] - it takes none

    @property
    def total(self) -> int:
        return next(self._counter)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._step if frame.f_code.co_filename.startswith(OWN) else None

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        next(self._counter)
        return self._step


def cost(fake: FakeStack) -> tuple[int, int]:
    """Prove a stack, and count the requests and the steps."""
    digests = Digests(fake.read_inputs)
    steps = Steps()
    with steps.counted():
        checks = Verifier(fake.stack, resources=fake.resources, administrators=("group ops",), digests=digests).run(1)
        _fold(checks)
    assert [check for check in checks if check.passed is False] == []
    return fake.requests, steps.total


@pytest.mark.parametrize("made", [FakeVaultStack, FakeKeyVaultStack])
def test_each_workload_costs_as_many_requests_and_steps_as_the_one_before(
    made: Callable[..., FakeStack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    for name, value in BOUNDS.items():
        monkeypatch.setattr(name, value)
    # The first proof loads modules, whose lines are steps too.
    _, few, some, many = (cost(made(count, monkeypatch)) for count in (1, 6, 12, 24))

    assert many[0] - some[0] == 2 * (some[0] - few[0])
    assert many[1] - some[1] < 1.003 * 2 * (some[1] - few[1])
