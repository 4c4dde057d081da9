"""Messages as the driver, its providers and the stores write them, explained; and any other text, survived."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ops.__main__ import app
from ops.doctor.events import explain, explain_all
from ops.doctor.explanations import EXPLANATIONS
from tests.soak import bounded

MESSAGES: dict[str, str] = yaml.safe_load((Path(__file__).parent / "messages.yaml").read_text())

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ.c2lnbmF0dXJl_-x"


@pytest.mark.parametrize("name", [explanation.name for explanation in EXPLANATIONS])
def test_a_real_message_gets_its_own_explanation(name: str) -> None:
    assert explain(MESSAGES[name]).name == name


def test_every_explanation_says_what_to_do_and_where_it_comes_from() -> None:
    assert len({explanation.name for explanation in EXPLANATIONS}) == len(EXPLANATIONS)
    for explanation in EXPLANATIONS:
        assert explanation.meaning
        assert explanation.fix
        assert '"' in explanation.source


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("cannot enable both pod identity and user-assigned managed identity", "several identity flags"),
        ("token for audience api://AzureADTokenExchange not found", "no service account token"),
        ("err: failed to find provider binary azure, err: stat /etc/kubernetes/x: no such file", "provider not found"),
        ("Failure sending request: StatusCode=0 -- Original Error: context deadline exceeded", "nothing came in time"),
        ("Code: 403. Errors:\n\n* namespace not authorized", "accounts of the role"),
        ('tokenreviews.authentication.k8s.io is forbidden: User "x" cannot create', "expired reviewer"),
        ("Code: 429. Errors:", "throttling"),
    ],
)
def test_other_wordings_of_the_same_are_known(message: str, name: str) -> None:
    assert explain(message).name == name


def test_an_unknown_message_is_told_to_be_unknown_with_what_to_look_at() -> None:
    told = explain("the moon is in the wrong house")

    assert (told.name, told.message) == ("", "the moon is in the wrong house")
    assert "not known" in told.meaning
    assert "kubectl logs" in told.fix


def test_a_pasted_description_is_explained_line_by_line_each_cause_once() -> None:
    pasted = "\n".join(
        [
            "  Normal   Scheduled    25s  default-scheduler  Successfully assigned shop/orders to node-1",
            f"  Warning  FailedMount  9s   kubelet  {MESSAGES['role assignment']}",
            f"  Warning  FailedMount  9s   kubelet  {MESSAGES['role assignment']}",
            f"  Warning  FailedMount  2s   kubelet  {MESSAGES['volume waited for']}",
        ]
    )
    assert [told.name for told in explain_all(pasted)] == ["role assignment", "volume waited for"]


def test_a_message_of_several_lines_is_one_cause() -> None:
    assert [told.name for told in explain_all(MESSAGES["sealed Vault"])] == ["sealed Vault"]
    assert [told.name for told in explain_all(MESSAGES["Vault's policy"])] == ["Vault's policy"]


@bounded(50)
@given(st.text(), st.sampled_from(["", *MESSAGES.values()]), st.text())
def test_any_text_gets_an_answer_and_never_shows_a_token(before: str, known: str, after: str) -> None:
    for text in (f"{before} {JWT} {known}{after}", f"{before}{known} token={JWT}{after}", f"{JWT[:40]}{before}{after}"):
        for told in (explain(text), *explain_all(text)):
            assert told.meaning
            assert told.fix
            shown = json.dumps(asdict(told))
            assert not any(JWT[start : start + 16] in shown for start in range(0, len(JWT) - 16, 8))


@bounded(50)
@given(st.integers(0, 500))
def test_a_long_message_is_cut_short_and_a_token_is_never_cut_in_two(padding: int) -> None:
    told = explain(f"{'x ' * padding}{JWT}{' y' * 500}")

    assert len(told.message) <= 401
    assert JWT[-16:] not in told.message
    assert JWT[:16] not in told.message


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer abcdef0123456789",
        "hvs.CAESIJlU9w0123456789",
        'clientsecret":"Xq8~secretvalue',
        "client_secret=Xq8~secretvalue",
        'password: "Xq8~secretvalue"',
        '"token":"Xq8~secretvalue"',
    ],
)
def test_other_secrets_are_left_out_as_far_as_their_form_tells(secret: str) -> None:
    told = explain(f"something failed with {secret} in it")

    assert "[redacted]" in told.message
    assert "Xq8" not in told.message
    assert "0123456789" not in told.message


def test_the_command_explains_standard_input_without_stack_or_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    told = CliRunner().invoke(app, ["doctor", "--event", "-"], input=MESSAGES["no class"])
    assert told.exit_code == 0
    assert "no class: there is no" in told.output

    told = CliRunner().invoke(app, ["doctor", "--event", MESSAGES["sealed Vault"], "--json"])
    assert [each["name"] for each in json.loads(told.output)] == ["sealed Vault"]
