"""Secrets of a key vault against those that were deployed, without any value being kept."""

from collections.abc import Mapping

import pytest

from strongroom.ops.errors import AbsentError, NotAllowedError, OpsError
from strongroom.ops.pulumi.stack import DeployedStack, DeployedWorkload
from strongroom.ops.verify import Check, Digests
from strongroom.ops.verify.deployment import Deployment
from strongroom.ops.verify.key_vault_values import check_values
from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.azure import SECRET

CANARY = "canary-71ce"
PARENT = "urn:pulumi:dev::strongroom::strongroom:index:KeyVault$"
URN = f"{PARENT}{SECRET}::db-pass"
RANDOM = f"{PARENT}random:index/randomPassword:RandomPassword::db-pass"
WORKLOAD = DeployedWorkload.model_construct(name="orders", namespace="shop", objects=())
STACK = DeployedStack.model_construct(workloads=(WORKLOAD,))


def compared(
    found: str | OpsError, state: Mapping[str, str] | OpsError, dependencies: tuple[str, ...] = (RANDOM,)
) -> Check:
    def read_inputs(kind: str, *path: str) -> Mapping[str, str]:
        assert (kind, *path) == (SECRET, "properties", "value")
        if isinstance(state, OpsError):
            raise state
        return state

    def read(name: str) -> str:
        assert name == "db-pass"
        if isinstance(found, OpsError):
            raise found
        return found

    seed = Declared(SECRET, URN, {"secretName": "db-pass", "vaultName": "kv"}, dependencies)
    deployment = Deployment(STACK, [seed])
    # What the stack did not write is not compared.
    (line,) = check_values(WORKLOAD, ["db-pass", "others"], read, deployment, Digests(read_inputs))
    assert (line.workload, line.what) == ("shop/orders", "the value of db-pass is as deployed")
    assert CANARY not in repr(line)
    return line


def test_a_value_that_is_its_owners_after_the_first_update_is_not_compared() -> None:
    component = Declared("strongroom:index:KeyVault", PARENT, {}, (), {"initial": ["db-pass"]})
    deployment = Deployment(STACK, [Declared(SECRET, URN, {"secretName": "db-pass"}), component])

    assert deployment.find_vault_secret("db-pass") is None


def test_the_deployed_value_passes() -> None:
    assert compared(CANARY, {URN: CANARY}).passed is True


@pytest.mark.parametrize(
    ("dependencies", "mend"),
    [((RANDOM,), f"run `pulumi up --replace '{RANDOM}'`"), ((), "set it in the stack's file")],
)
def test_another_value_is_found_and_how_to_have_one_of_the_stacks(dependencies: tuple[str, ...], mend: str) -> None:
    line = compared(f"{CANARY}x", {URN: CANARY}, dependencies)

    assert line.passed is False
    assert mend in line.detail


def test_a_secret_that_was_deleted_is_found() -> None:
    assert compared(AbsentError("nothing"), {URN: CANARY}).passed is False


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ("x", OpsError("Stack 'dev' can't be read: incorrect passphrase")),
        ("x", {}),
        (NotAllowedError("ForbiddenByRbac"), {URN: CANARY}),
    ],
)
def test_what_could_not_be_compared_does_not_pass(found: str | OpsError, state: Mapping[str, str] | OpsError) -> None:
    assert compared(found, state).passed is None
