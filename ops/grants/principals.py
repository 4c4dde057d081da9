"""Holders of Azure principals: their service accounts, or others that may use them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from strongroom.components.delivery import KEY_VAULT_MARK
from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.azure import FEDERATED, IDENTITY
from strongroom.policy.rules.kinds.kubernetes import CLUSTER_ROLE_BINDING, PROVIDER_CLASS
from strongroom.policy.rules.pods import PODS, list_containers, list_pods
from strongroom.policy.rules.rule import at, is_true, listed

from .grant import ByKind, Step, get_known_text
from .vault import parse_account

POD_BINDING = "kubernetes:aadpodidentity.k8s.io:AzureIdentityBinding"
POD_LABEL = "aadpodidbinding"

_T = TypeVar("_T")
_NODES = {"addon", "node", "system-assigned"}
_PASSWORD = "service-principal"  # noqa: S105 - a principal's name in the stack


@dataclass(frozen=True)
class _Pod:
    """A pod, a controller with a pod template, or a patch of one."""

    resource: Declared
    namespace: str
    account: Step

    def get(self, *path: str) -> Any:
        return at(next(list_pods(self.resource)), *path)

    @property
    def volumes(self) -> list[Any]:
        return [at(volume, "csi") for volume in listed(self.get("spec", "volumes"))]

    @property
    def injected(self) -> bool:
        """Whether akv2k8s fills its environment."""
        variables = (each for _, one in list_containers(self.resource) for each in listed(at(one, "env")))
        return any(str(at(variable, "value")).endswith(KEY_VAULT_MARK) for variable in variables)


class Principals:
    """The principals of a stack."""

    def __init__(self, by_kind: ByKind) -> None:
        """
        :param by_kind: The stack's resources.
        """
        self._by_kind = by_kind
        self._pods = list(_list_pods(by_kind))
        self._credentials = by_kind.get(FEDERATED, ())
        self._credentials_named = _group_by(self._credentials, lambda each: each.name)
        self._credentials_of = _group_by(self._credentials, lambda each: get_known_text(each.at("resourceName")))
        self._role_bindings = _group_by(by_kind.get(CLUSTER_ROLE_BINDING, ()), lambda each: each.name)
        self._pod_bindings = _group_by(by_kind.get(POD_BINDING, ()), lambda each: each.name)
        self._pods_of = _group_by(self._pods, lambda each: each.namespace)
        self._identities = {
            principal: identity
            for identity in by_kind.get(IDENTITY, ())
            if (principal := get_known_text(identity.outputs.get("principalId")))
        }

    def list_paths(self, principal_id: object, key: str | None) -> list[tuple[Step, ...]]:
        """List the first steps of all paths through a principal.

        :param principal_id: Its object id; not a text if unknown.
        :param key: Its name in the stack, which identifies it if the id is unknown.
        """
        identity = self._identities.get(get_known_text(principal_id) or "")
        if identity is None:
            key = key or f"principal {get_known_text(principal_id) or '(not known)'}"
            step = Step("identity", key, get_known_text(principal_id) or "")
        else:
            key = identity.name
            step = Step(
                "identity", str(identity.at("resourceName")), get_known_text(identity.outputs.get("clientId")) or ""
            )
        borrowing = self._list_shared(key) if identity is None else ()
        accounts = sorted({*self._list_federated(identity, key), *self._list_bound(key), *borrowing})
        return [(who, step) for who in accounts] or [(step,)]

    def _list_federated(self, identity: Declared | None, key: str) -> Iterator[Step]:
        """List the subjects of an identity's federated credentials."""
        named = self._credentials if key == "shared" else self._credentials_named.get(key, ())
        if identity is None:
            found = named
        else:
            # A credential of an unknown identity is found by its own name.
            found = [each for each in named if get_known_text(each.at("resourceName")) is None]
            for credential in self._credentials_of.get(get_known_text(identity.at("resourceName")) or "", ()):
                if credential.at("resourceGroupName") == identity.at("resourceGroupName"):
                    found.append(credential)
        for credential in found:
            subject = get_known_text(credential.at("subject"))
            yield (
                parse_account(subject)
                if subject
                else Step("unnamed", f"every subject of the credential {credential.name}")
            )

    def _list_bound(self, key: str) -> Iterator[Step]:
        """List the holders of an identity by a binding in the cluster, or of aad-pod-identity."""
        for binding in self._role_bindings.get(f"{key}/identity", ()):
            for subject in listed(binding.at("subjects")):
                yield Step("service account", f"{at(subject, 'namespace')}/{at(subject, 'name')}")
        for binding in self._pod_bindings.get(f"{key}/azure-identity-binding", ()):
            namespace, label = binding.at("metadata", "namespace"), binding.at("spec", "selector")
            yield Step("pods", f"of {namespace} labelled {POD_LABEL}={label}")
            for pod in self._pods_of.get(namespace, ()) if isinstance(namespace, str) else ():
                if pod.get("metadata", "labels", POD_LABEL) == label:
                    yield pod.account

    def _list_shared(self, key: str) -> Iterator[Step]:
        """List the holders of a principal that several share."""
        if key in _NODES:
            yield Step("pods", "on the cluster's nodes")
            classes = {
                (each.at("metadata", "namespace"), each.at("metadata", "name"))
                for each in self._by_kind.get(PROVIDER_CLASS, ())
                if is_true(each.at("spec", "parameters", "useVMManagedIdentity"))
            }
            for pod in self._pods:
                mounted = {at(volume, "volumeAttributes", "secretProviderClass") for volume in pod.volumes}
                if any((pod.namespace, name) in classes for name in mounted):
                    yield pod.account
        elif key == _PASSWORD:
            yield Step("unnamed", "holders of the service principal's password")
            for pod in self._pods:
                if pod.injected or any(at(volume, "nodePublishSecretRef", "name") for volume in pod.volumes):
                    yield pod.account


def _group_by(entries: Iterable[_T], key: Callable[[_T], str | None]) -> Mapping[str, Sequence[_T]]:
    """Group entries by a key, without those that have none.

    A search through all of them for each principal would cost the square of a stack's size.
    """
    found: dict[str, list[_T]] = defaultdict(list)
    for entry in entries:
        if (name := key(entry)) is not None:
            found[name].append(entry)
    return found


def _list_pods(by_kind: ByKind) -> Iterator[_Pod]:
    for kind in PODS:
        for resource in (*by_kind.get(kind, ()), *by_kind.get(f"{kind}Patch", ())):
            namespace = get_known_text(resource.at("metadata", "namespace")) or "default"
            name = get_known_text(at(next(list_pods(resource)), "spec", "serviceAccountName")) or "default"
            yield _Pod(resource, namespace, Step("service account", f"{namespace}/{name}"))
