"""Errors of dynamic resources, through the SDK's own host."""

import importlib
import sys
import traceback
from typing import Any

import grpc
import pytest

from strongroom.components.azure.access_probe import NotReadyError
from strongroom.components.azure.certificate import CertificateError
from strongroom.components.cancellation import CancelledError
from strongroom.components.vault.bootstrap.key_store import KeyStoreError
from strongroom.components.vault.bootstrap.runner import BootstrapError


class _AbortedError(Exception):
    pass


class _Context:
    """A call's context, that keeps what it was ended with."""

    reported = ""

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        self.reported = details
        raise _AbortedError


def report(monkeypatch: pytest.MonkeyPatch, error: Exception) -> str:
    """Have the SDK's own code report `error`."""
    # What serves is a script: it runs as soon as it is imported, so that only its wrapper is taken.
    source = importlib.util.find_spec("pulumi.dynamic.__main__").origin  # type: ignore[union-attr]
    assert source is not None
    code = open(source).read().partition("def _abort_with_traceback")  # noqa: PTH123, SIM115
    wrapper = code[1] + code[2].partition("\nclass ")[0]
    names: dict[str, Any] = {"traceback": traceback, "grpc": grpc}
    exec(wrapper, names)  # noqa: S102 - the SDK's

    def fail(*_: object) -> None:
        raise error

    context = _Context()
    with pytest.raises(_AbortedError):
        names["_abort_with_traceback"](fail)(None, None, context)
    return context.reported


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traceback, "format_exc", traceback.format_exc)


@pytest.mark.parametrize("kind", [BootstrapError, CancelledError, CertificateError, KeyStoreError, NotReadyError])
def test_what_a_user_can_mend_is_one_text(monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    assert report(monkeypatch, kind("what, and what to do")) == "what, and what to do"


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    NotReadyError("patches the host")
    reported = report(monkeypatch, ValueError("a fault"))

    assert reported.startswith("Traceback")
    assert "ValueError: a fault" in reported
    assert sys.exception() is None
