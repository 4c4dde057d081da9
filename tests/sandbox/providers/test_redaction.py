"""A server's refusal may quote what it refuses: no secret gets through."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.values import Secret, redacted
from tests.support.secret_scanner import Canary, SecretScanner, by_go

LONG = st.text(st.characters(exclude_categories=["Cs"]), min_size=12, max_size=40).filter(
    lambda text: text.strip() == text and len(text.splitlines()) == 1 and len(set(text)) > 4
)


@given(LONG)
def test_a_secret_is_not_reported_plain_or_as_base64_or_in_json(secret: str) -> None:
    encoded = base64.b64encode(secret.encode()).decode()
    reported = [secret, encoded, json.dumps(secret), by_go(json.dumps(secret, ensure_ascii=False))]
    quoted = " ".join(f"<<{form}>>" for form in reported)

    assert (
        SecretScanner([Canary("it", secret)]).text("the message", redacted(quoted, {"a": [{"b": Secret(secret)}]}))
        == []
    )


def test_what_a_secret_document_holds_is_secret_and_its_keys_are_not() -> None:
    document = Secret(json.dumps({"password": "canary-8f1b2c"}))

    assert redacted("password canary-8f1b2c is bad", {"dataJson": document}) == "password [secret] is bad"


def test_what_a_secret_holds_as_base64_is_secret() -> None:
    data = Secret({"password": base64.b64encode(b"canary-8f1b2c").decode()})

    assert redacted("canary-8f1b2c is bad", {"data": data}) == "[secret] is bad"


def test_what_is_not_secret_is_reported() -> None:
    assert redacted("namespace shop is missing", {"a": "shop", "b": Secret("no")}) == "namespace shop is missing"
