"""The stack file that the engine is given."""

from typing import Any

from sandbox.engine import carry_secrets


def test_secrets_that_were_set_on_the_sandbox_survive_a_new_stack_file() -> None:
    kept = {
        "encryptionsalt": "v1:abc",
        "config": {"a:seeds": {"ledger": {"token": {"secure": "v1:x"}}, "old": {"k": "plain"}}, "a:gone": "plain"},
    }
    document: dict[str, Any] = {"config": {"a:seeds": {"new": {"k": {"generate": {}}}}}}
    carry_secrets(kept, document)

    assert document == {
        "encryptionsalt": "v1:abc",
        "config": {"a:seeds": {"new": {"k": {"generate": {}}}, "ledger": {"token": {"secure": "v1:x"}}}},
    }


def test_a_value_in_the_new_stack_file_wins() -> None:
    document: dict[str, Any] = {"config": {"a": {"secure": "new"}}}
    carry_secrets({"config": {"a": {"secure": "old"}}}, document)

    assert document == {"config": {"a": {"secure": "new"}}}
