"""Who reads secrets by copies in etcd: readers of the Kubernetes Secrets that SecretProviderClasses are copied to."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kubernetes import PROVIDER_CLASS
from strongroom.policy.rules.rule import at, listed

from .grant import ByKind, Granted, Step, readable

COPY = "Kubernetes Secret"
"""The kind of step that a copy is."""

_COLLECTIONS = {"secret": "secrets", "key": "keys", "cert": "certificates"}
_KINDS = {"secret": "secret", "key": "key", "cert": "certificate"}


def list_copies(by_kind: ByKind) -> Iterator[Granted]:
    """List what can be read by the Kubernetes Secrets that the driver makes.

    Who may read Secrets in a namespace is the cluster's RBAC, which no stack says in full.
    (Secrets Store CSI Driver docs: "Sync as Kubernetes Secret")
    """
    for provider_class in by_kind.get(PROVIDER_CLASS, ()):
        namespace = readable(provider_class.at("metadata", "namespace")) or "a namespace"
        readers = Step("readers", f"readers of Secrets in {namespace}")
        files = _list_files(provider_class)
        for secret in listed(provider_class.at("spec", "secretObjects")):
            copy = Step(COPY, f"{namespace}/{readable(at(secret, 'secretName')) or provider_class.name}")
            for entry in listed(at(secret, "data")):
                file = readable(at(entry, "objectName")) or ""
                # A history's files are below the one that is declared.
                target, reach = files.get(file) or files.get(file.rpartition("/")[0]) or _unknown(provider_class)
                yield Granted("read", (readers, copy, target), reach)


def _unknown(provider_class: Declared) -> tuple[Step, str]:
    return Step("unknown", f"whatever the class {provider_class.name} reads"), f"class:/{provider_class.name}/*"


def _list_files(provider_class: Declared) -> Mapping[str, tuple[Step, str]]:
    """List a class's files with what each holds; none if its parameters can't be known."""
    text = readable(provider_class.at("spec", "parameters", "objects"))
    vault = readable(provider_class.at("spec", "parameters", "keyvaultName"))
    try:
        if provider_class.at("spec", "provider") == "azure":
            entries = [yaml.safe_load(each) for each in listed(at(yaml.safe_load(text or ""), "array"))]
            return {
                str(entry.get("objectAlias") or entry["objectName"]): _of_key_vault(entry, vault) for entry in entries
            }
        return {str(entry["objectName"]): _of_vault(entry) for entry in listed(yaml.safe_load(text or ""))}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return {}


def _of_vault(entry: Mapping[str, Any]) -> tuple[Step, str]:
    path = str(entry["secretPath"]).partition("?")[0]
    return Step("path", path), f"vault:/{path}"


def _of_key_vault(entry: Mapping[str, Any], vault: str | None) -> tuple[Step, str]:
    kind, name = cast("str", entry["objectType"]), str(entry["objectName"])
    place = Step(_KINDS[kind], name, vault or "")
    return place, f"azure:/{vault or '+'}/{_COLLECTIONS[kind]}/{name}".lower()
