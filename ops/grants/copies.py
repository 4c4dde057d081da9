"""Grants by copies in etcd: the Kubernetes Secrets that the driver makes of SecretProviderClasses."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.kubernetes import PROVIDER_CLASS
from strongroom.policy.rules.rule import at, listed

from .grant import ByKind, Granted, Step, get_known_text

COPY = "Kubernetes Secret"
"""Kind of step of a copy."""

_COLLECTIONS = {"secret": "secrets", "key": "keys", "cert": "certificates"}
_KINDS = {"secret": "secret", "key": "key", "cert": "certificate"}


def list_copies(by_kind: ByKind) -> Iterator[Granted]:
    """List the grants by the Kubernetes Secrets that the driver makes.

    The cluster's RBAC decides who may read Secrets in a namespace, and no stack has all of it.
    (Secrets Store CSI Driver docs: "Sync as Kubernetes Secret")
    """
    for provider_class in by_kind.get(PROVIDER_CLASS, ()):
        namespace = get_known_text(provider_class.at("metadata", "namespace")) or "a namespace"
        readers = Step("readers", f"readers of Secrets in {namespace}")
        files = _list_files(provider_class)
        for secret in listed(provider_class.at("spec", "secretObjects")):
            copy = Step(COPY, f"{namespace}/{get_known_text(at(secret, 'secretName')) or provider_class.name}")
            for entry in listed(at(secret, "data")):
                file = get_known_text(at(entry, "objectName")) or ""
                # A history's files are below the one that is declared.
                target, pattern = (
                    files.get(file) or files.get(file.rpartition("/")[0]) or _build_unknown(provider_class)
                )
                yield Granted("read", (readers, copy, target), pattern)


def _build_unknown(provider_class: Declared) -> tuple[Step, str]:
    return Step(
        "unknown", f"whatever the SecretProviderClass {provider_class.name} reads"
    ), f"class:/{provider_class.name}/*"


def _list_files(provider_class: Declared) -> Mapping[str, tuple[Step, str]]:
    """List the files of a SecretProviderClass with their objects; none if its parameters are unknown."""
    text = get_known_text(provider_class.at("spec", "parameters", "objects"))
    vault = get_known_text(provider_class.at("spec", "parameters", "keyvaultName"))
    try:
        if provider_class.at("spec", "provider") == "azure":
            entries = [yaml.safe_load(each) for each in listed(at(yaml.safe_load(text or ""), "array"))]
            return {
                str(entry.get("objectAlias") or entry["objectName"]): _locate_in_key_vault(entry, vault)
                for entry in entries
            }
        return {str(entry["objectName"]): _locate_in_vault(entry) for entry in listed(yaml.safe_load(text or ""))}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return {}


def _locate_in_vault(entry: Mapping[str, Any]) -> tuple[Step, str]:
    path = str(entry["secretPath"]).partition("?")[0]
    return Step("path", path), f"vault:/{path}"


def _locate_in_key_vault(entry: Mapping[str, Any], vault: str | None) -> tuple[Step, str]:
    kind, name = cast("str", entry["objectType"]), str(entry["objectName"])
    place = Step(_KINDS[kind], name, vault or "")
    return place, f"azure:/{vault or '+'}/{_COLLECTIONS[kind]}/{name}".lower()
