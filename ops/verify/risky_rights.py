"""Rights in a cluster that lead to a stack's secrets: by tokens of its accounts, by its Secrets, or by other pods."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

Rules = Sequence[Mapping[str, Any]]

_WRITES = ("create", "update", "patch")


@dataclass(frozen=True)
class Way:
    """Verbs on a resource that lead to a secret."""

    group: str
    resource: str
    """With its subresource, e.g. `pods/exec`."""

    verbs: tuple[str, ...]
    """Verbs, the gravest first."""

    is_global: bool = False
    """Whether the resource has no namespace, so that only a ClusterRoleBinding grants it."""

    def find_rule(self, rules: Rules) -> str:
        """Find the rule that opens this way, formatted; empty if there is none."""
        _, _, part = self.resource.partition("/")
        for rule in rules:
            groups, resources, verbs = (
                _choose(rule.get(field), allowed)
                for field, allowed in (
                    ("apiGroups", {self.group}),
                    # A rule for named objects counts too, as a name may be the stack's.
                    ("resources", {self.resource, f"*/{part}"} if part else {self.resource}),
                    ("verbs", self.verbs),
                )
            )
            if groups and resources and verbs:
                place = f"{resources[0]}.{groups[0]}" if groups[0] else resources[0]
                names = ", ".join(map(str, rule.get("resourceNames") or ()))
                return f"{','.join(verbs)} {place}" + (f" [{names}]" if names else "")
        return ""


def _choose(given: object, allowed: Collection[str]) -> list[str]:
    names = [str(each) for each in cast("list[object]", given)] if isinstance(given, list) else []
    return ["*"] if "*" in names else [name for name in names if name in allowed]


RIGHTS: Mapping[str, tuple[Way, ...]] = {
    "make tokens of accounts": (
        Way("", "serviceaccounts/token", ("create",)),
        Way("", "serviceaccounts", ("impersonate",)),
        Way("", "users", ("impersonate",), is_global=True),
        Way("", "groups", ("impersonate",), is_global=True),
    ),
    "read Secrets": (Way("", "secrets", ("list", "get", "watch")),),
    "start or enter pods": (
        Way("", "pods", _WRITES),
        Way("", "pods/exec", ("create", "get")),
        Way("", "pods/attach", ("create", "get")),
        Way("", "pods/ephemeralcontainers", ("update", "patch")),
        Way("", "nodes/proxy", ("create", "get"), is_global=True),
        Way("", "replicationcontrollers", _WRITES),
        *(Way("apps", kind, _WRITES) for kind in ("deployments", "statefulsets", "daemonsets", "replicasets")),
        *(Way("batch", kind, _WRITES) for kind in ("jobs", "cronjobs")),
    ),
    "change SecretProviderClasses": (Way("secrets-store.csi.x-k8s.io", "secretproviderclasses", _WRITES),),
    "give themselves rights": (
        Way("rbac.authorization.k8s.io", "rolebindings", _WRITES),
        Way("rbac.authorization.k8s.io", "clusterrolebindings", _WRITES, is_global=True),
        Way("rbac.authorization.k8s.io", "roles", ("escalate", "bind")),
        Way("rbac.authorization.k8s.io", "clusterroles", ("escalate", "bind"), is_global=True),
        Way("certificates.k8s.io", "signers", ("approve",), is_global=True),
    ),
    "change what the API server admits": tuple(
        Way("admissionregistration.k8s.io", kind, _WRITES, is_global=True)
        for kind in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations", "mutatingadmissionpolicies")
    ),
}
"""What leads to a secret. (Kubernetes docs: "Role Based Access Control Good Practices", on risks of escalation)"""


def find_rights(rules: Rules, *, everywhere: bool) -> Iterator[tuple[str, str]]:
    """List the rights that rules give, each with the rule.

    :param everywhere: Whether they are bound in the whole cluster.
    """
    for right, ways in RIGHTS.items():
        rules_found = (way.find_rule(rules) for way in ways if everywhere or not way.is_global)
        if words := next(filter(None, rules_found), ""):
            yield right, words
