"""A Vault policy is read as Vault reads it, or not at all."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strongroom.ops.grants import list_granted
from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.vault import POLICY
from strongroom.policy.rules.policies import UnreadablePolicyError, read_allowed_paths, read_paths
from tests.policy.test_rules import BY_NAME, policy, role

READ = 'capabilities = ["read"]'

_WRITTEN = {
    "an escape of four digits": 'path "secret/\\u002a" { RIGHTS }',
    "an escape of two digits": 'path "secret/\\x2a" { RIGHTS }',
    "an octal escape": 'path "secret/\\052" { RIGHTS }',
    "an escape of eight digits": 'path "secret/\\U0000002a" { RIGHTS }',
    "an escape in JSON": '{"path": {"secret/\\u002a": {"capabilities": ["read"]}}}',
    "an escaped quote": 'path "a\\"b" { RIGHTS }',
    "a heredoc": "path <<EOF\nsecret/*\nEOF\n{ RIGHTS }",
    "a heredoc as a capability": 'path "a" { capabilities = [<<EOF\nread\nEOF\n] }',
    "an interpolation": 'path "secret/${"*"}" { RIGHTS }',
    "an interpolated name": 'path "secret/${x}" { RIGHTS }',
    "a bare path": "path secret { RIGHTS }",
    "a key twice in HCL": 'path "a" { capabilities = ["deny"] capabilities = ["read"] }',
    "a key twice in JSON": '{"path": {"a": {"capabilities": ["deny"], "capabilities": ["read"]}}}',
    "a path twice in JSON": '{"path": {"a": {"capabilities": ["read"]}, "a": {"capabilities": ["deny"]}}}',
    "a key of another case": 'Path "secret/*" { RIGHTS }',
    "capabilities of another case": 'path "secret/*" { Capabilities = ["read"] }',
    "an assigned path": 'path "secret/*" = { RIGHTS }',
    "paths as an object": 'path = { "secret/*" = { RIGHTS } }',
    "paths in a block": 'path { "secret/*" { RIGHTS } }',
    "two labels": 'path "secret/" "*" { RIGHTS }',
    "one capability, without a list": 'path "secret/*" { capabilities = "read" }',
    "a capability that Vault doesn't name": 'path "secret/*" { capabilities = ["READ"] }',
    "an older policy that Vault doesn't name": 'path "secret/*" { policy = "Write" }',
    "a key that Vault doesn't name": 'path "secret/*" { rights = ["read"] }',
    "a line end in a text": 'path "secret/\n*" { RIGHTS }',
    "a character that nobody sees": 'path "secret/\u200b*" { RIGHTS }',
    "a byte order mark": '\ufeffpath "secret/*" { RIGHTS }',
    "a lone carriage return": '# comment\rpath "secret/*" { RIGHTS }',
    "base64": "cGF0aCAic2VjcmV0LyoiIHsgY2FwYWJpbGl0aWVzID0gWyJyZWFkIl0gfQ==",
    "base64 that begins as a comment does": "//8=",
    "no end": 'path "secret/*" { RIGHTS',
    "a comment without an end": '/* path "secret/*" { RIGHTS }',
    "JSON whose path is a list of lists": '{"path": [[{"secret/*": {"capabilities": ["read"]}}]]}',
    "JSON with a nested path": '{"path": {"secret": {"*": {"capabilities": ["read"]}}}}',
    "JSON whose path is a text": '{"path": "secret/*"}',
    "JSON with a comment": '{"path": {"secret/*": {"capabilities": ["read"]}}} # x',
    "too many braces": 'path "a" { x ' + "{ x " * 5000,
    "too many brackets": 'path "a" { x = ' + "[" * 5000,
    "JSON that is too deep": '{"path":' * 100_000,
}


UNREADABLE = {what: document.replace("RIGHTS", READ) for what, document in _WRITTEN.items()}


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE)
def test_what_two_readers_may_understand_differently_is_refused(document: str) -> None:
    with pytest.raises(UnreadablePolicyError):
        read_paths(document)


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE)
def test_a_policy_that_can_not_be_judged_is_a_violation(document: str) -> None:
    (finding,) = BY_NAME["vault-no-wildcard"].list_findings([policy(document)])

    assert finding.problem.startswith("can't be judged: its policy ")


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE)
def test_access_reports_a_policy_that_can_not_be_judged_as_wide(document: str) -> None:
    holder = role(roleName="r", tokenPolicies=["p"], boundServiceAccountNames=["a"])

    (found,) = list_granted([holder, policy(document)])

    assert found.wide
    assert str(found.path[-1]) == "whatever the policy p opens"


def test_access_joins_policies_by_names_as_vault_folds_them() -> None:
    holder = role(roleName="r", tokenPolicies=["P"])
    (found,) = list_granted([holder, policy('path "a" { capabilities = ["read"] }', "p")])
    assert found.pattern == "vault:/a"

    # Vault has one of the two, whichever was written last.
    two = [policy(f'path "{path}" {{ capabilities = ["read"] }}', name) for path, name in (("a", "p"), ("b", "P"))]
    (found,) = list_granted([holder, *two])
    assert found.wide


@pytest.mark.parametrize("document", ["?", 5, ["path"]])
def test_what_is_no_text_can_not_be_judged(document: object) -> None:
    resource = Declared(POLICY, "urn::p", {"policy": document})

    assert "can't be judged" in BY_NAME["vault-no-wildcard"].list_findings([resource])[0].problem


@given(st.text() | st.text(alphabet='path "{}[]=,\\ncapbilties:/*#+-1<$').map(lambda text: f'path "a" {{ {text}'))
@example('{"path": {}}')
def test_any_text_is_read_or_refused(document: str) -> None:
    try:
        found = read_paths(document)
    except UnreadablePolicyError:
        return
    assert all(isinstance(path, str) for path in found)


@pytest.mark.parametrize(
    ("path", "capabilities", "problem"),
    [
        ("secret/{{identity.entity.id}}/x", ["read"], "template"),
        ("/secret/*", ["read"], "gives access to the paths"),
        ("+/db", ["list"], "gives access to the paths"),
        ("secret/data/a", ["read", "sudo"], "sudo"),
        ("sys/policies/acl/x", ["update"], "can extend its rights"),
        ("/sys/policies/acl/x", ["create"], "can extend its rights"),
        ("auth/token/create", ["update"], "can extend its rights"),
        ("identity/group/id/x", ["patch"], "can extend its rights"),
        ("sys/raw/x", ["read"], "can extend its rights"),
        ("sys/storage/raft/snapshot", ["read"], "can extend its rights"),
        ("identity/oidc/token/x", ["read"], "can extend its rights"),
    ],
)
def test_a_policy_is_judged_by_what_it_opens(path: str, capabilities: list[str], problem: str) -> None:
    document = json.dumps({"path": {path: {"capabilities": capabilities}}})

    assert problem in BY_NAME["vault-no-wildcard"].list_findings([policy(document)])[0].problem


@pytest.mark.parametrize(
    "document",
    [
        'path "secret/*" { capabilities = ["deny"] }',
        'path "secret/*" { capabilities = ["read", "deny"] }',
        'path "secret/*" { capabilities = [] }',
        'path "secret/*" {}',
        'path "auth/token/renew-self" { capabilities = ["update"] }',
        'path "sys/health" { capabilities = ["read"] }',
        "",
        "# nothing\n",
    ],
)
def test_a_policy_that_opens_nothing_of_others_breaks_no_rule(document: str) -> None:
    assert BY_NAME["vault-no-wildcard"].list_findings([policy(document)]) == []


def test_a_path_that_is_denied_once_is_denied() -> None:
    twice = 'path "a" { capabilities = ["read"] }\npath "a" { capabilities = ["deny"] }'

    assert read_paths(twice) == {"a": {"read", "deny"}}
    assert read_allowed_paths(twice) == {}
