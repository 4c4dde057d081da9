"""Principals that can reach a stack's secrets by the cluster's RBAC, with the path of each."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from strongroom.policy.rules.kinds.kubernetes import CLUSTER_ROLE_BINDING, ROLE_BINDING, SERVICE_ACCOUNT
from strongroom.policy.rules.rule import at

from ..errors import AbsentError, NotAllowedError
from ..pulumi.stack import DeployedStack
from .access_reviews import Subject, check_reviews
from .check import STACK, Check
from .cluster_reader import ClusterReader
from .deployment import Deployment
from .risky_rights import RIGHTS, find_rights

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_DEFAULT = "kubernetes.io/bootstrapping"
_EVERYBODY = {"system:authenticated", "system:unauthenticated", "system:anonymous", "system:nodes"}
"""Subjects without rights by default bindings: nodes have theirs by an authorizer of their own."""

_Documents = Mapping[str, Mapping[str, Any]]
"""A cluster's ClusterRoles, by name."""

_OWN_RIGHTS = "its accounts have no rights but those deployed"


@dataclass(frozen=True)
class _Holder:
    """A subject with a right, and the path to it."""

    who: str
    right: str
    path: str


@dataclass(frozen=True, eq=False)
class _Role:
    """A role, with the rights that it gives, which are found once for all its bindings."""

    kind: str
    document: Mapping[str, Any]
    cluster_roles: _Documents

    @cached_property
    def rights_everywhere(self) -> Sequence[tuple[str, str]]:
        """Rights in the whole cluster, each with the path from the role to the rule."""
        return self._find_rights(everywhere=True)

    @cached_property
    def rights_in_namespace(self) -> Sequence[tuple[str, str]]:
        """Rights in a namespace."""
        return self._find_rights(everywhere=False)

    def _find_rights(self, *, everywhere: bool) -> Sequence[tuple[str, str]]:
        found = find_rights(_get_rules(self.document), everywhere=everywhere)
        return [(right, f"{self._format_source(right, rule)} -> {rule}") for right, rule in found]

    def _format_source(self, right: str, rule: str) -> str:
        """Format the role that a right is from; if it is aggregated, with the role that has the rule."""
        path = f"{self.kind} {self.document['metadata']['name']}"
        for part in _list_parts(self.document, self.cluster_roles, frozenset()):
            if not part.get("aggregationRule") and (right, rule) in find_rights(_get_rules(part), everywhere=True):
                return f"{path} -> ClusterRole {part['metadata']['name']}"
        return path


@dataclass(frozen=True)
class _Binding:
    """A binding, with the role that it binds."""

    kind: str
    namespace: str | None
    document: Mapping[str, Any]
    role: _Role

    @property
    def name(self) -> str:
        """The name in its namespace."""
        return str(self.document["metadata"]["name"])

    @property
    def title(self) -> str:
        """The kind and the name."""
        return f"{self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"


@dataclass
class _Found:
    """Results from a cluster's bindings."""

    holders: list[_Holder] = field(default_factory=list[_Holder])
    own: set[str] = field(default_factory=set[str])
    """Bindings of the stack's own accounts that it did not deploy."""

    subjects: set[Subject] = field(default_factory=set[Subject])
    """All other subjects of bindings."""


class ClusterRights:
    """A check of the cluster's RBAC for rights that lead to a stack's secrets."""

    def __init__(self, deployment: Deployment, stack: DeployedStack, administrators: Collection[str]) -> None:
        """
        :param administrators: Subjects that may have rights, e.g. `group ops` or `service account argocd/server`.
        """
        self._administrators = set(administrators)
        self._namespaces = sorted({workload.namespace for workload in stack.workloads})
        self._deployed = {
            (resource.kind.rpartition(":")[2], resource.at("metadata", "namespace"), resource.at("metadata", "name"))
            for resource in deployment.list_of_kind(
                CLUSTER_ROLE_BINDING,
                ROLE_BINDING,
            )
        }
        self._own = {
            Subject.of_account(workload.namespace, workload.service_account) for workload in stack.workloads
        } | {
            Subject.of_account(str(each.at("metadata", "namespace")), str(each.at("metadata", "name")))
            for each in deployment.list_of_kind(SERVICE_ACCOUNT)
        }
        self._own_names = {subject.title for subject in self._own}
        self._existing = {
            f"service account {each.account}" for each in stack.workloads if not each.service_account_made
        }
        """Accounts that have rights of their owner's besides, which lead to no secret."""

    def check(self, cluster: ClusterReader) -> Iterator[Check]:
        """Check that no foreign principal has a right that leads to a secret of the stack.

        The cluster's bindings are read, and access reviews cover other authorizers too.
        """
        known = self._administrators | _find_caller(cluster)
        whats = {right: f"nobody else may {right} in its namespaces" for right in RIGHTS}
        asked = (
            f"LIST {_RBAC}/clusterrolebindings",
            *(f"LIST {_RBAC}/namespaces/{each}/rolebindings" for each in self._namespaces),
        )
        found = _Found()
        try:
            for binding in self._list_bindings(cluster):
                self._add(binding, known, found)
        except NotAllowedError as error:
            for what in (*whats.values(), _OWN_RIGHTS):
                yield Check(STACK, what, None, str(error), asked, "forbidden")
        else:
            for right, what in whats.items():
                paths = sorted({f"{each.who} by {each.path}" for each in found.holders if each.right == right})
                yield Check(STACK, what, not paths, "; ".join(paths) or "nobody", asked, f"{len(paths)} foreign")
            own = "; ".join(sorted(found.own)) or "none"
            yield Check(STACK, _OWN_RIGHTS, not found.own, own, asked, f"{len(found.own)} bindings")
        yield check_reviews(cluster, self._namespaces, self._own, found.subjects)

    def _list_bindings(self, cluster: ClusterReader) -> Iterator[_Binding]:
        """List the bindings of the cluster and of the stack's namespaces, except those whose role does not exist."""
        documents = _index_by_name(cluster.list("ClusterRoles", f"{_RBAC}/clusterroles"))
        roles = {name: _Role("ClusterRole", document, documents) for name, document in documents.items()}
        places = {namespace: f"{_RBAC}/namespaces/{namespace}" for namespace in self._namespaces}
        for document in cluster.list("ClusterRoleBindings", f"{_RBAC}/clusterrolebindings"):
            if role := roles.get(document["roleRef"]["name"]):
                yield _Binding("ClusterRoleBinding", None, document, role)
        for namespace, below in places.items():
            try:
                own = _index_by_name(cluster.list("Roles", f"{below}/roles"))
                bindings = cluster.list("RoleBindings", f"{below}/rolebindings")
            except AbsentError:
                continue
            local = {name: _Role("Role", document, documents) for name, document in own.items()}
            for document in bindings:
                reference = document["roleRef"]
                if role := (local if reference["kind"] == "Role" else roles).get(reference["name"]):
                    yield _Binding("RoleBinding", namespace, document, role)

    def _add(self, binding: _Binding, known: Collection[str], found: _Found) -> None:
        """Add a binding's subjects with rights that lead to secrets, and those of the stack's accounts."""
        role = binding.role
        rights = role.rights_everywhere if binding.namespace is None else role.rights_in_namespace
        is_deployed = (binding.kind, binding.namespace, binding.name) in self._deployed
        is_foreign = not is_deployed and not _is_of_akv2k8s(role.document)
        for entry in cast("Sequence[Mapping[str, Any]]", binding.document.get("subjects") or ()):
            subject = Subject.of_binding(entry)
            if subject.title in known or _is_of_kubernetes(entry, binding):
                continue
            found.holders += [_Holder(subject.title, right, f"{binding.title} -> {path}") for right, path in rights]
            if subject.title not in self._own_names:
                found.subjects.add(subject)
            elif is_foreign and subject.title not in self._existing:
                found.own.add(f"{subject.title} by {binding.title}")


def _find_caller(cluster: ClusterReader) -> set[str]:
    """Find the kubeconfig's user, who must have rights to run this.

    (Kubernetes docs: "Authenticating", on SelfSubjectReview)
    """
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        name = at(cluster.create("name of the kubeconfig's user", path, body), "status", "userInfo", "username")
    except (AbsentError, NotAllowedError):
        return set()
    return {Subject.of_user(name).title} if isinstance(name, str) and name != "system:anonymous" else set()


def _get_rules(role: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", role.get("rules") or ())


def _index_by_name(documents: Sequence[Mapping[str, Any]]) -> _Documents:
    return {document["metadata"]["name"]: document for document in documents}


def _list_parts(role: Mapping[str, Any], roles: _Documents, above: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    """List the roles that a role is aggregated from, and theirs.

    (Kubernetes docs: "Using RBAC Authorization", "Aggregated ClusterRoles")
    """
    selectors = cast("Sequence[Mapping[str, Any]]", at(role, "aggregationRule", "clusterRoleSelectors") or ())
    wanted = [cast("Mapping[str, str]", selector.get("matchLabels") or {}).items() for selector in selectors]
    for name, part in sorted(roles.items()) if wanted else ():
        labels: Mapping[str, str] = part["metadata"].get("labels") or {}
        if name not in above and any(each and each <= labels.items() for each in wanted):
            yield part
            yield from _list_parts(part, roles, above | {name})


def _is_of_akv2k8s(role: Mapping[str, Any]) -> bool:
    """Return whether a role allows reading AzureKeyVaultSecrets alone, which hold no values.

    (akv2k8s docs: "Environment Variable Injection", on RBAC of the pods' accounts)
    """
    return all(
        rule.get("apiGroups") == ["spv.no"] and {"get", "list", "watch"}.issuperset(rule.get("verbs") or ())
        for rule in _get_rules(role)
    )


def _is_of_kubernetes(subject: Mapping[str, Any], binding: _Binding) -> bool:
    """Return whether a subject of a default binding is the part of Kubernetes that it is for.

    (Kubernetes docs: "Using RBAC Authorization", "Default roles and role bindings": a controller's binding bears the
    name of its service account)
    """
    if at(binding.document, "metadata", "labels", _DEFAULT) != "rbac-defaults":
        return False
    name = str(subject["name"])
    if subject["kind"] == "ServiceAccount":
        return subject.get("namespace") == "kube-system" and binding.name in {
            f"system:controller:{name}",
            f"system:{name}",
            f"system::leader-locking-{name}",
        }
    return name.startswith("system:") and name not in _EVERYBODY and not name.startswith("system:serviceaccount")
