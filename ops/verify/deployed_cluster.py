"""The cluster's documents as a stack deployed them, read from its state."""

from collections.abc import Mapping
from typing import Any, cast

from strongroom.components.workload import WorkloadKind
from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.kubernetes import KEY_VAULT_SECRET, PROVIDER_CLASS
from strongroom.policy.rules.pods import PODS

from ..cluster.client import ProviderClass
from ..cluster.pod_template import PodTemplate, parse_template
from ..errors import AbsentError

_KINDS = {kind.rpartition(":")[2]: kind for kind in PODS}


class DeployedCluster:
    """The documents of a stack's state, found as in the cluster: by kind, namespace and name."""

    def __init__(self, resources: tuple[Declared, ...]) -> None:
        """
        :param resources: The resources of the state.
        """
        self._found = {
            (each.kind, each.at("metadata", "namespace"), each.at("metadata", "name")): each for each in resources
        }

    def read_provider_class(self, namespace: str, name: str) -> ProviderClass:
        """Find a SecretProviderClass.

        :raises AbsentError: The stack deployed none of that name.
        """
        found = self._find(PROVIDER_CLASS, namespace, name)
        parameters = found.at("spec", "parameters")
        if not isinstance(parameters, Mapping):
            raise AbsentError(f"the SecretProviderClass {namespace}/{name} of the state has no parameters")
        return ProviderClass(str(found.at("spec", "provider")), cast("Mapping[str, str]", parameters))

    def read_pod_template(self, namespace: str, name: str, controller: WorkloadKind) -> PodTemplate:
        """Find the template of a workload's pods.

        :raises AbsentError: The stack deployed no such controller.
        """
        found = self._find(_KINDS[controller], namespace, name)
        return parse_template(found.at(*PODS[found.kind]))

    def read_key_vault_secret(self, namespace: str, name: str) -> Mapping[str, Any]:
        """Find the vault and object that an AzureKeyVaultSecret names.

        :raises AbsentError: The stack deployed none of that name.
        """
        return cast("Mapping[str, Any]", self._find(KEY_VAULT_SECRET, namespace, name).at("spec", "vault") or {})

    def _find(self, kind: str, namespace: str, name: str) -> Declared:
        try:
            return self._found[kind, namespace, name]
        except KeyError:
            title = kind.rpartition(":")[2]
            raise AbsentError(f"the stack's state has no {title} {namespace}/{name}") from None
