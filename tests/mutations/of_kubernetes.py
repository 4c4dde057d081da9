"""Damage to what a stack has in its cluster, whichever its store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.polling import poll_until

from .damage import Damage, Hands, added, changed, gone

ORDERS, CHECKOUT, STACK = "shop/orders", "shop/checkout", "stack"
CLASSES = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/shop/secretproviderclasses"
_DEPLOYMENT = "/apis/apps/v1/namespaces/shop/deployments/orders"
_ACCOUNT = "/api/v1/namespaces/shop/serviceaccounts/orders"
_NAMESPACE = "/api/v1/namespaces/shop"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"

REVIEWS = "the API server refuses everybody else what leads to its secrets"

Edit = Callable[[dict[str, Any]], object]


def class_edited(name: str, edit: Edit, what: str = "SecretProviderClass shop/orders is as deployed") -> Damage:
    """Damage to the class of shop/orders."""
    return Damage(f"class-{name}", ORDERS, what, lambda hands: changed(hands, f"{CLASSES}/orders", edit))


def parameter(name: str, value: str | None, **more: str) -> Damage:
    """Another parameter of the class of shop/orders."""

    def edit(document: dict[str, Any]) -> None:
        parameters = document["spec"]["parameters"]
        parameters.update({name: value, **more})
        if value is None:
            del parameters[name]

    return class_edited(f"{name}-{'missing' if value is None else 'other'}", edit)


def _template(name: str, edit: Edit) -> Damage:
    def whole(document: dict[str, Any]) -> None:
        edit(document["spec"]["template"])

    what = "Deployment shop/orders is as deployed"
    return Damage(f"deployment-{name}", ORDERS, what, lambda hands: changed(hands, _DEPLOYMENT, whole))


def _pod(name: str, edit: Edit) -> Damage:
    return _template(name, lambda template: edit(template["spec"]))


def _container(name: str, edit: Edit) -> Damage:
    return _pod(name, lambda spec: edit(spec["containers"][0]))


def _second(spec: dict[str, Any]) -> dict[str, Any]:
    return {**spec["containers"][0], "name": "second"}


def _binding(name: str, subject: dict[str, str], role: str, what: str, rules: list[dict[str, Any]] | None) -> Damage:
    meta = {"metadata": {"name": "strongroom-damage"}}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    documents = [(f"{_RBAC}/clusterrolebindings", {**meta, "roleRef": reference, "subjects": [subject]})]
    if rules is not None:
        documents.insert(0, (f"{_RBAC}/clusterroles", {**meta, "rules": rules}))
    return Damage(f"rbac-{name}", STACK, what, lambda hands: added(hands, *documents))


def _everybody(name: str, what: str, group: str, resource: str, verb: str) -> Damage:
    rules = [{"apiGroups": [group], "resources": [resource], "verbs": [verb]}]
    subject = {"kind": "Group", "name": "system:authenticated", "apiGroup": "rbac.authorization.k8s.io"}
    return _binding(name, subject, "strongroom-damage", what, rules)


def _account(name: str, namespace: str, account: str) -> Damage:
    subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    return _binding(name, subject, "cluster-admin", "its accounts have no rights but those deployed", None)


def _user(name: str) -> dict[str, str]:
    return {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}


def _group(name: str) -> dict[str, str]:
    return {"kind": "Group", "name": name, "apiGroup": "rbac.authorization.k8s.io"}


def _service_account(namespace: str, name: str) -> dict[str, str]:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


_READ = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}


def _reading(name: str, subject: dict[str, str], what: str = REVIEWS) -> Damage:
    return _binding(name, subject, "strongroom-damage", what, [_READ])


def _bound_in_the_namespace(name: str, kind: str) -> Damage:
    meta = {"metadata": {"name": "strongroom-damage"}}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "strongroom-damage"}
    below = f"{_RBAC}/namespaces/shop"
    roles = f"{below}/roles" if kind == "Role" else f"{_RBAC}/clusterroles"
    binding = {**meta, "roleRef": reference, "subjects": [_user("eve")]}
    documents = ((roles, {**meta, "rules": [_READ]}), (f"{below}/rolebindings", binding))
    return Damage(f"rbac-{name}", STACK, "nobody else may read Secrets", lambda hands: added(hands, *documents))


@contextmanager
def _aggregated(hands: Hands) -> Iterator[None]:
    """Have a role that everybody has grow meanwhile, by a role with its label."""
    label = "rbac.authorization.k8s.io/aggregate-to-view"
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    meta = {"name": "strongroom-damage"}
    part = {"metadata": {**meta, "labels": {label: "true"}}, "rules": [_READ]}
    binding = {"metadata": meta, "roleRef": reference, "subjects": [_group("system:authenticated")]}
    with added(hands, (f"{_RBAC}/clusterroles", part), (f"{_RBAC}/clusterrolebindings", binding)):
        poll_until(lambda: _READ in hands.kubernetes("GET", f"{_RBAC}/clusterroles/view")["rules"])
        yield
    poll_until(lambda: _READ not in hands.kubernetes("GET", f"{_RBAC}/clusterroles/view")["rules"])


def _labels(document: dict[str, Any], level: str | None) -> None:
    labels = document["metadata"]["labels"]
    labels.pop("pod-security.kubernetes.io/enforce")
    if level:
        labels["pod-security.kubernetes.io/enforce"] = level


def _copied(document: dict[str, Any]) -> None:
    entry = {"objectName": "db-username", "key": "u"}
    document["spec"]["secretObjects"].append({"secretName": "another", "type": "Opaque", "data": [entry]})


COMMON = (
    class_edited("copies-to-one-more-secret", _copied),
    class_edited(
        "copies-a-wrong-variable",
        lambda each: each["spec"]["secretObjects"][0]["data"][0].update(objectName="db-username"),
    ),
    class_edited(
        "copies-to-another-secret", lambda each: each["spec"]["secretObjects"][0].update(secretName="another")
    ),
    class_edited("copies-nothing", lambda each: each["spec"].pop("secretObjects")),
    class_edited("objects-are-no-yaml", lambda each: each["spec"]["parameters"].update(objects="- [:")),
    class_edited("objects-are-numbers", lambda each: each["spec"]["parameters"].update(objects="[1, 2]")),
    class_edited("objects-missing", lambda each: each["spec"]["parameters"].pop("objects")),
    class_edited("parameters-missing", lambda each: each["spec"].pop("parameters")),
    class_edited(
        "without-objects",
        lambda each: each["spec"]["parameters"].update(objects="[]"),
        "its SecretProviderClass has its files",
    ),
    Damage(
        "class-deleted",
        ORDERS,
        "SecretProviderClass shop/orders is as deployed",
        lambda hands: gone(hands, f"{CLASSES}/orders"),
    ),
    Damage(
        "account-mounts-its-token",
        ORDERS,
        "service account shop/orders is as deployed",
        lambda hands: changed(hands, _ACCOUNT, lambda each: each.update(automountServiceAccountToken=True)),
    ),
    Damage(
        "account-is-annotated",
        ORDERS,
        "service account shop/orders is as deployed",
        lambda hands: changed(
            hands,
            _ACCOUNT,
            lambda each: (
                each["metadata"].setdefault("annotations", {}).update({"azure.workload.identity/client-id": "other"})
            ),
        ),
    ),
    _pod("account", lambda spec: spec.update(serviceAccountName="default", serviceAccount="default")),
    _container("image", lambda one: one.update(image="busybox:latest")),
    _container("command", lambda one: one.update(command=["cat", "/mnt/secrets-store/db-password"])),
    _container("privileged", lambda one: one["securityContext"].update(privileged=True, allowPrivilegeEscalation=True)),
    _container("writable-root", lambda one: one["securityContext"].update(readOnlyRootFilesystem=False)),
    _container("variable", lambda one: one["env"].append({"name": "OTHER", "value": "canary"})),
    _container("variables-of-a-secret", lambda one: one.update(envFrom=[{"secretRef": {"name": "another"}}])),
    _container("no-mount", lambda one: one.pop("volumeMounts")),
    _container("port", lambda one: one.update(ports=[{"containerPort": 80, "hostPort": 80}])),
    _pod("one-more-container", lambda spec: spec["containers"].append(_second(spec))),
    _pod("one-more-init-container", lambda spec: spec.update(initContainers=[_second(spec)])),
    _pod("host-network", lambda spec: spec.update(hostNetwork=True)),
    _pod("host-processes", lambda spec: spec.update(hostPID=True)),
    _pod("shared-processes", lambda spec: spec.update(shareProcessNamespace=True)),
    _pod("mounts-its-token", lambda spec: spec.update(automountServiceAccountToken=True)),
    _pod("runs-as-root", lambda spec: spec["securityContext"].update(runAsNonRoot=False, runAsUser=0)),
    _pod("directory-of-the-node", lambda spec: spec["volumes"].append({"name": "node", "hostPath": {"path": "/"}})),
    _pod(
        "another-class",
        lambda spec: spec["volumes"][0]["csi"]["volumeAttributes"].update(secretProviderClass="checkout"),
    ),
    _template(
        "injected",
        lambda template: template["metadata"]["annotations"].update({"vault.hashicorp.com/agent-inject": "true"}),
    ),
    _template("labelled", lambda template: template["metadata"]["labels"].update({"aadpodidbinding": "other"})),
    Damage(
        "deployment-deleted", ORDERS, "Deployment shop/orders is as deployed", lambda hands: gone(hands, _DEPLOYMENT)
    ),
    Damage(
        "namespace-is-not-restricted",
        STACK,
        "namespace shop is as deployed",
        lambda hands: changed(hands, _NAMESPACE, lambda each: _labels(each, None)),
    ),
    Damage(
        "namespace-is-privileged",
        STACK,
        "namespace shop is as deployed",
        lambda hands: changed(hands, _NAMESPACE, lambda each: _labels(each, "privileged")),
    ),
    _everybody(
        "everybody-makes-tokens", "nobody else may make tokens of accounts", "", "serviceaccounts/token", "create"
    ),
    _everybody(
        "everybody-impersonates", "nobody else may make tokens of accounts", "", "serviceaccounts", "impersonate"
    ),
    _everybody("everybody-reads-secrets", "nobody else may read Secrets", "", "secrets", "list"),
    _everybody("everybody-starts-pods", "nobody else may start or enter pods", "", "pods", "create"),
    _everybody("everybody-enters-pods", "nobody else may start or enter pods", "", "pods/exec", "create"),
    _everybody("everybody-deploys", "nobody else may start or enter pods", "apps", "deployments", "patch"),
    _everybody(
        "everybody-changes-classes",
        "nobody else may change SecretProviderClasses",
        "secrets-store.csi.x-k8s.io",
        "*",
        "*",
    ),
    _everybody(
        "everybody-binds",
        "nobody else may give themselves rights",
        "rbac.authorization.k8s.io",
        "rolebindings",
        "create",
    ),
    _everybody("everybody-enters-nodes", "nobody else may start or enter pods", "", "nodes/proxy", "get"),
    _everybody("everybody-enters-every-kind", "nobody else may start or enter pods", "", "*/exec", "create"),
    _everybody(
        "everybody-approves-certificates",
        "nobody else may give themselves rights",
        "certificates.k8s.io",
        "signers",
        "approve",
    ),
    _everybody(
        "everybody-changes-webhooks",
        "nobody else may change what the API server admits",
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        "patch",
    ),
    _everybody("everybody-may-all", REVIEWS, "*", "*", "*"),
    _reading("anonymous-reads", _user("system:anonymous")),
    _reading("requests-without-a-login-read", _group("system:unauthenticated")),
    _reading("every-account-reads", _group("system:serviceaccounts")),
    _reading("every-account-of-the-namespace-reads", _group("system:serviceaccounts:shop")),
    _reading("nodes-read", _group("system:nodes")),
    _reading("a-user-reads", _user("eve"), "nobody else may read Secrets"),
    _reading("a-group-reads", _group("ops"), "nobody else may read Secrets"),
    _reading("an-account-of-another-namespace-reads", _service_account("bank", "ledger")),
    _bound_in_the_namespace("a-role-in-the-namespace", "Role"),
    _bound_in_the_namespace("a-binding-in-the-namespace", "ClusterRole"),
    Damage("rbac-an-aggregated-role-grows", STACK, "nobody else may read Secrets", _aggregated),
    Damage(
        "rbac-the-default-role-of-everybody-grows",
        STACK,
        "nobody else may read Secrets",
        lambda hands: changed(
            hands, f"{_RBAC}/clusterroles/system:basic-user", lambda each: each["rules"].append(_READ)
        ),
    ),
    Damage(
        "rbac-a-default-binding-admits-an-account",
        STACK,
        "nobody else may read Secrets",
        lambda hands: changed(
            hands,
            f"{_RBAC}/clusterrolebindings/cluster-admin",
            lambda each: each["subjects"].append(_service_account("kube-system", "default")),
        ),
    ),
    _account("an-account-is-cluster-admin", "shop", "orders"),
)
"""Damage that both stores' stacks can take."""

VAULT_ONLY = (
    Damage(
        "rbac-the-reviewers-role-grows",
        STACK,
        "nobody else may read Secrets",
        lambda hands: changed(
            hands, f"{_RBAC}/clusterroles/system:auth-delegator", lambda each: each["rules"].append(_READ)
        ),
    ),
    _account("the-reviewer-is-cluster-admin", "kube-system", "vault-token-reviewer-kubernetes"),
    Damage(
        "rbac-everybody-reviews",
        STACK,
        "ClusterRoleBinding vault-token-reviewer-kubernetes is as deployed",
        lambda hands: changed(
            hands,
            f"{_RBAC}/clusterrolebindings/vault-token-reviewer-kubernetes",
            lambda each: each["subjects"].append(
                {"kind": "Group", "name": "system:authenticated", "apiGroup": "rbac.authorization.k8s.io"}
            ),
        ),
    ),
)
