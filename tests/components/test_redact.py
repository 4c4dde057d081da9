"""What is reported of a refusal."""

from hvac.exceptions import InvalidRequest

from strongroom.components.redact import redact_error


def test_a_refusal_that_quotes_what_it_was_sent_is_reported_without_it() -> None:
    error = InvalidRequest('can\'t take {"key": "c2hhcmU=", "jwt": "a.b.c"}\nmore')

    assert redact_error(error, "c2hhcmU=", None, "", "a.b.c") == 'can\'t take {"key": "[secret]", "jwt": "[secret]"}'
