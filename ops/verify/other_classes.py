"""Check of other SecretProviderClasses that use a stack's identities, or read its objects."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

from strongroom.components.azure.objects import name_vault_object
from strongroom.policy.rules.kinds.kubernetes import PROVIDER_CLASS

from ..errors import AbsentError, NotAllowedError
from ..pulumi.stack import DeployedStack, DeployedWorkload, VaultStore
from .check import STACK, Check
from .cluster_reader import ClusterReader
from .deployment import Deployment

_WHAT = "no other SecretProviderClass reads its workloads' objects"


def check_other_classes(stack: DeployedStack, deployment: Deployment, cluster: ClusterReader) -> Iterator[Check]:
    """Check that no SecretProviderClass but the stack's own names a role, an identity or an object of it."""
    own = {
        (each.at("metadata", "namespace"), each.at("metadata", "name"))
        for each in deployment.list_of_kind(PROVIDER_CLASS)
    }
    # If a GitOps controller applies what `render` wrote, the state has no SecretProviderClass.
    own |= {(workload.namespace, workload.secret_provider_class) for workload in stack.workloads}
    readers = _list_readers(stack)
    found: list[str] = []
    asked: list[str] = []
    for namespace in sorted({workload.namespace for workload in stack.workloads}):
        path = f"/apis/secrets-store.csi.x-k8s.io/v1/namespaces/{namespace}/secretproviderclasses"
        asked.append(f"LIST {path}")
        try:
            classes = cluster.list(f"SecretProviderClasses of {namespace}", path)
        except AbsentError:
            continue
        except NotAllowedError as error:
            yield Check(STACK, _WHAT, None, str(error), tuple(asked), "forbidden")
            return
        for each in classes:
            name = each["metadata"]["name"]
            if (namespace, name) not in own and (read := _find_reader(readers, each.get("spec") or {})):
                found.append(f"SecretProviderClass {namespace}/{name} names {read}")
    yield Check(STACK, _WHAT, not found, "; ".join(found) or "none", tuple(asked), f"{len(found)} classes")


def _list_readers(stack: DeployedStack) -> Mapping[str, tuple[int, str]]:
    """List the names that a SecretProviderClass could misuse: each with its rank, and its first workload."""
    readers: dict[str, tuple[int, str]] = {}
    for workload in stack.workloads:
        for part in _list_names(stack, workload):
            readers.setdefault(part, (len(readers), workload.path))
    return readers


def _find_reader(readers: Mapping[str, tuple[int, str]], spec: Mapping[str, Any]) -> str:
    """Find the first workload whose name is used, as `name of workload`; empty if there is none."""
    parameters: Mapping[str, Any] = spec.get("parameters") or {}
    named = [part for part in _list_strings(parameters) if part in readers]
    if not named:
        return ""
    first = min(named, key=lambda part: readers[part])
    return f"{first} of {readers[first][1]}"


def _list_names(stack: DeployedStack, workload: DeployedWorkload) -> Iterator[str]:
    """List the names of a workload's identity and objects."""
    yield from (value for key, value in workload.identity.items() if key in {"role", "clientId", "roleName"})
    for item in workload.objects:
        if isinstance(stack.backend, VaultStore):
            yield f"{stack.backend.mount}/data/{item.object}"
        else:
            yield name_vault_object(item.object, item.key)


def _list_strings(value: object) -> set[str]:
    """List every string in a value, in the YAML in strings too."""
    if isinstance(value, Mapping):
        return {text for each in cast("Mapping[str, Any]", value).values() for text in _list_strings(each)}
    if isinstance(value, list):
        return {text for each in cast("list[Any]", value) for text in _list_strings(each)}
    if not isinstance(value, str):
        return set()
    texts = {value, value.partition("?")[0]}
    if "\n" in value or ":" in value or value.startswith("["):
        try:
            inner = yaml.safe_load(value)
        except (yaml.YAMLError, RecursionError):
            return texts
        if inner != value:
            texts |= _list_strings(inner)
    return texts
