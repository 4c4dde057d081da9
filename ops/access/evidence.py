"""Evidence of an access report: stack, store and time."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from strongroom.policy.rules import Declared
from strongroom.policy.rules.rule import at

from ..errors import OpsError
from ..pulumi.stack import ask_pulumi

UNKNOWN = "not known"
"""Text for what neither the state nor the stack's history has."""

_OPERATIONS = 20
"""How many of the last operations are searched for an update."""


@dataclass(frozen=True)
class Evidence:
    """The source of a report."""

    store: str = UNKNOWN
    """The store of record."""

    written: str = UNKNOWN
    """When the report was made."""

    updated: str = UNKNOWN
    """When the stack's last successful update ended, and its number."""

    revision: str = UNKNOWN
    """The commit that it was made from, as the update recorded it."""

    version: str = UNKNOWN
    """Strongroom's version."""

    def list_rows(self) -> tuple[tuple[str, str], ...]:
        """List the values with their headings."""
        return (
            ("Store of record", self.store),
            ("Last update", self.updated),
            ("Revision", self.revision),
            ("Report made", self.written),
            ("Strongroom", self.version),
        )


def read_evidence(stack: str, resources: Iterable[Declared]) -> Evidence:
    """Read the evidence of a report of `stack` from its state and its backend's history.

    :param resources: The stack's state.
    """
    # A report without a page needs no component.
    from strongroom.components.plugin.provider import VERSION  # noqa: PLC0415

    updated, revision = describe_update(_read_history(stack))
    now = datetime.now(UTC).isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
    return Evidence(describe_store(resources), now, updated, revision, VERSION)


def describe_store(resources: Iterable[Declared]) -> str:
    """Describe the store that a stack's outputs name."""
    backend = next((at(each.outputs, "backend") for each in resources if each.kind == "pulumi:pulumi:Stack"), None)
    if at(backend, "kind") == "vault":
        namespace = f", namespace {at(backend, 'namespace')}" if at(backend, "namespace") else ""
        return f"Vault at {at(backend, 'address')}{namespace}, engine {at(backend, 'mount')}"
    if at(backend, "kind") == "azure-key-vault":
        return f"Key Vault {at(backend, 'vault')} at {at(backend, 'url')}, tenant {at(backend, 'tenantId')}"
    return UNKNOWN


def describe_update(history: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """Describe the last update that succeeded, and the commit that it recorded.

    :param history: Operations, the last one first. (Pulumi docs: "pulumi stack history")
    """
    for entry in history:
        if entry.get("kind") != "update" or entry.get("result") != "succeeded":
            continue
        ended = str(entry.get("endTime") or UNKNOWN).replace("T", " ").removesuffix("Z").removesuffix(".000")
        number = f", update {entry['version']}" if entry.get("version") else ""
        commit = str(at(entry, "environment", "git.head") or UNKNOWN)
        changed = str(at(entry, "environment", "git.dirty")).lower() == "true"
        dirty = " with changes that are in no commit" if changed else ""
        return f"{ended} UTC{number}", f"{commit}{dirty}"
    return UNKNOWN, UNKNOWN


def _read_history(stack: str) -> list[Mapping[str, Any]]:
    try:
        output: object = json.loads(ask_pulumi(stack, "history", "--json", "--page-size", str(_OPERATIONS)) or "[]")
    except (OpsError, ValueError):
        return []
    entries = cast("list[object]", output) if isinstance(output, list) else []
    return [cast("Mapping[str, Any]", each) for each in entries if isinstance(each, Mapping)]
