"""Policies in Vault whose effect can't be reported: somebody wrote them, and the proof goes on."""

import os

import pytest

from strongroom.ops.pulumi.stack import DeployedDynamic
from strongroom.ops.verify import Check, Verifier
from tests.ops.verify.fakes import FakeVaultStack

HEREDOC = 'path <<X\nm/data/*\nX\n{ capabilities = ["read"] }'


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeVaultStack:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setattr("strongroom.ops.verify.vault_foreign_principals._YOUNGEST", 0)
    return FakeVaultStack(2, monkeypatch)


def wrong(fake: FakeVaultStack) -> list[Check]:
    checks = Verifier(fake.stack, resources=fake.resources, administrators=("group ops",)).run(1)
    return [check for check in checks if check.passed is False]


def test_anothers_policy_that_nobody_can_judge_is_a_red_line_and_so_is_who_has_it(fake: FakeVaultStack) -> None:
    name = "other.team-000.app-000"
    assert wrong(fake) == []
    fake.data[f"sys/policies/acl/{name}"] = {"policy": HEREDOC}
    policy, role = wrong(fake)

    assert policy.what == "no other policy reaches its objects"
    assert policy.detail == f"policy {name} may open anything: its document has an interpolation or a heredoc"
    assert role.detail == f"auth/kubernetes/role/{name} has the policy {name}"


def test_a_policy_of_the_stack_that_nobody_can_judge_is_another_than_was_deployed(fake: FakeVaultStack) -> None:
    fake.data["sys/policies/acl/team-000.app-000"] = {"policy": HEREDOC}
    (line,) = wrong(fake)

    assert line.what == "policy team-000.app-000 is as deployed"
    assert "a document that has an interpolation or a heredoc" in line.detail


@pytest.mark.parametrize("path", ["database/creds/+", "database/roles/kubernetes.a.b.shop", "database/config/*"])
def test_anothers_policy_that_reaches_credentials_of_a_database_is_a_red_line(fake: FakeVaultStack, path: str) -> None:
    made = DeployedDynamic(path="database/creds/kubernetes.a.b.shop", files={"username": "user"})
    first, *rest = fake.stack.workloads
    fake.stack = fake.stack.model_copy(update={"workloads": (first.model_copy(update={"dynamic": (made,)}), *rest)})
    fake.names["sys/policies/acl"].append("other")
    fake.data["sys/policies/acl/other"] = {"policy": f'path "{path}" {{ capabilities = ["read"] }}'}

    (line,) = [check for check in wrong(fake) if check.what == "no other policy reaches its objects"]
    assert f"by {path}" in line.detail
