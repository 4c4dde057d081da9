"""Values of a Vault against those that were deployed, without any being kept."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from strongroom.ops.errors import AbsentError, NotAllowedError, OpsError
from strongroom.ops.pulumi.stack import DeployedStack
from strongroom.ops.verify import Check, Digests
from strongroom.ops.verify.deployment import Deployment
from strongroom.ops.verify.vault_values import check_values
from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.vault import OBJECT

CANARY = "canary-2f6c"
URN = f"urn:pulumi:dev::strongroom::strongroom:index:KvEngine${OBJECT}::vault/db-pass"
SEED = Declared(OBJECT, URN, {"mount": "kv", "name": "db-pass", "dataJson": "[secret]"})
STACK = DeployedStack.model_validate(
    {
        "backend": {"kind": "vault", "address": "https://v", "mount": "kv", "authPath": "kubernetes", "audience": "v"},
        "kubernetes": {},
        "workloads": [],
    }
)


class Vault:
    """An operator's Vault with one object."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def read(self, path: str) -> Mapping[str, Any]:
        assert path == "kv/data/db-pass"
        if isinstance(self._found, OpsError):
            raise self._found
        return {"data": self._found, "metadata": {"version": 4, "created_time": "2027-01-31T00:00:00Z"}}


def compared(found: Any, state: Mapping[str, str] | OpsError) -> Check:
    def read_inputs(kind: str, *path: str) -> Mapping[str, str]:
        assert (kind, *path) == (OBJECT, "dataJson")
        if isinstance(state, OpsError):
            raise state
        return state

    (line,) = check_values(Deployment(STACK, [SEED]), Vault(found), Digests(read_inputs))  # type: ignore[arg-type]
    assert line.what == "the value of db-pass is as deployed"
    assert CANARY not in repr(line)
    return line


DEPLOYED = {URN: json.dumps({"a": CANARY, "b": "2"})}


def test_the_deployed_value_in_any_writing_passes() -> None:
    assert compared({"b": "2", "a": CANARY}, DEPLOYED).passed is True


@pytest.mark.parametrize("found", [{"a": f"{CANARY}x", "b": "2"}, {"a": CANARY}, {"a": CANARY, "b": 2}, None])
def test_another_value_is_found_and_what_writes_the_deployed_one_again(found: Any) -> None:
    line = compared(found, DEPLOYED)

    assert line.passed is False
    assert "version 4 of 2027-01-31T00:00:00Z" in line.detail
    assert f"pulumi up --target-replace '{URN}'" in line.detail


def test_a_value_that_was_deleted_is_found() -> None:
    line = compared(AbsentError("nothing"), DEPLOYED)

    assert line.passed is False
    assert "was deleted" in line.detail
    assert f"--target-replace '{URN}'" in line.detail


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ({"a": "x"}, OpsError("Stack 'dev' can't be read: incorrect passphrase")),
        ({"a": "x"}, {}),
        (NotAllowedError("the token in VAULT_TOKEN may not read that"), DEPLOYED),
    ],
)
def test_what_could_not_be_compared_does_not_pass(found: Any, state: Mapping[str, str] | OpsError) -> None:
    assert compared(found, state).passed is None
