"""Which rules of a role lead to a secret."""

from typing import Any

import pytest

from strongroom.ops.verify.risky_rights import find_rights


def rule(group: str, resource: str, *verbs: str, **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": [*verbs], **more}


def rights(*rules: dict[str, Any], everywhere: bool = True) -> dict[str, str]:
    return dict(find_rights(rules, everywhere=everywhere))


@pytest.mark.parametrize(
    ("given", "right", "words"),
    [
        (rule("", "serviceaccounts/token", "create"), "make tokens of accounts", "create serviceaccounts/token"),
        (rule("", "secrets", "get", "watch"), "read Secrets", "get,watch secrets"),
        (rule("", "secrets", "get", resourceNames=["a"]), "read Secrets", "get secrets [a]"),
        (rule("", "*/exec", "create"), "start or enter pods", "create */exec"),
        (rule("apps", "deployments", "patch"), "start or enter pods", "patch deployments.apps"),
        (rule("", "nodes/proxy", "get"), "start or enter pods", "get nodes/proxy"),
        (
            rule("certificates.k8s.io", "signers", "approve"),
            "give themselves rights",
            "approve signers.certificates.k8s.io",
        ),
        (
            rule("admissionregistration.k8s.io", "mutatingwebhookconfigurations", "patch"),
            "change what the API server admits",
            "patch mutatingwebhookconfigurations.admissionregistration.k8s.io",
        ),
    ],
)
def test_a_rule_that_leads_to_a_secret_is_named_with_its_right(given: dict[str, Any], right: str, words: str) -> None:
    assert rights(given) == {right: words}


def test_a_wildcard_gives_every_right() -> None:
    assert set(rights(rule("*", "*", "*")).values()) == {"* *.*"}
    assert len(rights(rule("*", "*", "*"))) == 6


@pytest.mark.parametrize(
    "given",
    [
        rule("", "configmaps", "*"),
        rule("", "secrets", "create"),
        rule("", "pods", "get", "list"),
        rule("", "pods/exec", "delete"),
        rule("", "*/status", "update"),
        rule("apps", "secrets", "get"),
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
        {},
    ],
    ids=str,
)
def test_a_rule_that_leads_to_none_gives_no_right(given: dict[str, Any]) -> None:
    assert rights(given) == {}


def test_what_is_in_no_namespace_is_given_by_no_binding_in_one() -> None:
    webhooks = rule("admissionregistration.k8s.io", "validatingwebhookconfigurations", "update")

    assert rights(webhooks, rule("", "nodes/proxy", "create"), everywhere=False) == {}
    assert set(rights(rule("*", "*", "*"), everywhere=False)) == {
        "make tokens of accounts",
        "read Secrets",
        "start or enter pods",
        "change SecretProviderClasses",
        "give themselves rights",
    }
