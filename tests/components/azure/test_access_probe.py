"""How long the gate waits, and for what."""

import re
from collections.abc import Iterator

import jwt
import pytest
from azure.core.exceptions import HttpResponseError

from strongroom.components.azure import access_probe as gate
from strongroom.components.azure.access_probe import NotReadyError, wait

PROPS = {"namespace": "shop", "serviceAccount": "orders", "timeout": 300}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which passes while somebody sleeps."""
    now = [1000.0]
    monkeypatch.setattr(gate.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(gate, "pause", lambda seconds, until: now.__setitem__(0, now[0] + seconds))
    return now


def attempts(monkeypatch: pytest.MonkeyPatch, clock: list[float], errors: "Iterator[type[Exception] | None]") -> None:
    def attempt(props: object) -> None:
        clock[0] += 1
        if error := next(errors):
            raise error("as reported")

    monkeypatch.setattr(gate, "_attempt", attempt)


def test_a_role_that_takes_its_time_is_waited_for(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    attempts(monkeypatch, clock, iter([gate._NotYetError] * 20 + [None]))
    wait(PROPS)


def test_access_that_never_comes_is_reported_after_the_timeout(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    attempts(monkeypatch, clock, iter([gate._NotYetError] * 999))
    with pytest.raises(NotReadyError, match=r"can.t read its secrets after 300 s\. Seen last: as reported"):
        wait(PROPS)


def test_a_server_that_never_answers_is_reported_after_a_minute(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    attempts(monkeypatch, clock, iter([gate._AwayError] * 999))
    with pytest.raises(NotReadyError, match="after 60 s"):
        wait(PROPS)
    assert clock[0] < 1070


def test_a_server_that_comes_back_in_time_is_gone_on_with(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    away, not_yet = gate._AwayError, gate._NotYetError
    attempts(monkeypatch, clock, iter([*[away] * 6, not_yet, *[away] * 5, None]))
    wait(PROPS)
    assert clock[0] > 1060


def test_a_long_wait_is_reported_soon_and_then_each_half_minute(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    attempts(monkeypatch, clock, iter([gate._NotYetError] * 10 + [None]))
    wait(PROPS)

    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert len(lines) <= 1 + (clock[0] - 1000) / 30
    assert re.fullmatch(r"shop/orders can't read its secrets yet, after \d s of at most 300: as reported", lines[0])


def test_what_no_waiting_mends_is_reported_at_once(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    attempts(monkeypatch, clock, iter([gate._FinalError]))
    with pytest.raises(NotReadyError, match="waiting doesn't help: as reported"):
        wait(PROPS)


ISSUER = "https://westeurope.oic.prod-aks.azure.com/7/9/"


@pytest.mark.parametrize("declared", [ISSUER.rstrip("/"), ISSUER + "/", "https://elsewhere.example.net"])
def test_an_issuer_that_is_not_the_clusters_is_reported_with_the_setting_that_mends_it(declared: str) -> None:
    token = jwt.encode({"iss": ISSUER}, "a key of at least thirty-two bytes")
    gate._require_issuer(token, {"issuer": ISSUER})
    with pytest.raises(gate._FinalError, match=f"Set oidcIssuer to {ISSUER}, to the last slash"):
        gate._require_issuer(token, {"issuer": declared})


@pytest.mark.parametrize("token", ["", "a.b.c", "no token", "a.bnVsbA.c"])
def test_a_token_that_is_not_readable_is_left_to_the_directory(token: str) -> None:
    gate._require_issuer(token, {"issuer": ISSUER})


@pytest.mark.parametrize("code", ["ForbiddenByFirewall", "ForbiddenByConnection"])
def test_a_vaults_firewall_is_reported_at_once(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    class Closed:
        def __init__(self, *_: object, **__: object) -> None: ...

        def get_key(self, name: str) -> None:
            raise HttpResponseError(f"(Forbidden) Client address is not authorized.\nInner error: {{'code': '{code}'}}")

    monkeypatch.setattr(gate, "KeyClient", Closed)
    monkeypatch.setattr(gate, "_request_token", lambda props: "token")
    props = {
        **PROPS,
        "tenantId": "00000000-0000-0000-0000-000000000001",
        "clientId": "00000000-0000-0000-0000-000000000002",
        "authority": "login.microsoftonline.com",
        "vaultUrl": "https://kv-shop.vault.azure.net",
        "objects": ["keys/k"],
    }
    with pytest.raises(NotReadyError, match=r"kv-shop\.vault\.azure\.net is closed to this machine"):
        wait(props)
