"""How long the gate waits, and for what."""

from collections.abc import Iterator

import pytest

from components.azure import readiness
from components.azure.readiness import NotReadyError, wait

PROPS = {"namespace": "shop", "serviceAccount": "orders", "timeout": 300}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The time, which passes while somebody sleeps."""
    now = [1000.0]
    monkeypatch.setattr(readiness.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(readiness.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def attempts(monkeypatch: pytest.MonkeyPatch, clock: list[float], errors: "Iterator[type[Exception] | None]") -> None:
    def attempt(props: object) -> None:
        clock[0] += 1
        if error := next(errors):
            raise error("as told")

    monkeypatch.setattr(readiness, "_attempt", attempt)


def test_a_role_that_takes_its_time_is_waited_for(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    attempts(monkeypatch, clock, iter([readiness._NotYetError] * 20 + [None]))
    wait(PROPS)


def test_access_that_never_comes_is_told_after_the_timeout(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    attempts(monkeypatch, clock, iter([readiness._NotYetError] * 999))
    with pytest.raises(NotReadyError, match=r"can.t read its secrets after 300 s\. Seen last: as told"):
        wait(PROPS)


def test_a_server_that_never_answers_is_told_after_a_minute(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    attempts(monkeypatch, clock, iter([readiness._AwayError] * 999))
    with pytest.raises(NotReadyError, match="after 60 s"):
        wait(PROPS)
    assert clock[0] < 1070


def test_a_server_that_comes_back_in_time_is_gone_on_with(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    away, not_yet = readiness._AwayError, readiness._NotYetError
    attempts(monkeypatch, clock, iter([*[away] * 6, not_yet, *[away] * 5, None]))
    wait(PROPS)
    assert clock[0] > 1060
