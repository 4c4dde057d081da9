"""Who made what is in a Vault: it rarely says."""

from strongroom.policy.rules import Declared
from strongroom.policy.rules.vault import POLICY

from ..existing.find import Existing
from ..existing.vault import METHODS, MOUNT, OBJECT, VaultFinder
from ..pulumi.state import HIDDEN
from ..timestamps import format_time, parse_time
from .origin import ABSENT, OWN, Interrupted, Origin

_PART = "vault:kubernetes/authBackendConfig:AuthBackendConfig"
"""A part of an auth method, which has it from its first moment and keeps it: the plugin never deletes it."""


class VaultExaminer:
    """Vault, as the caller reads it."""

    def __init__(self, finder: VaultFinder) -> None:
        """
        :param finder: What finds engines, auth methods and what is in them by their names.
        """
        self._operator = finder.operator
        self._finder = finder

    def knows(self, resource: Declared) -> bool:
        """Tell whether it is an engine, an auth method, an audit device, or what is in them."""
        return resource.kind == _PART or self._finder.knows(resource)

    def examine(self, resource: Declared, interrupted: Interrupted) -> Origin:
        """Find out who made what is at that path or has that name. Of an object, no value is read."""
        if resource.kind == _PART:
            return OWN
        found = self._finder.find(resource)
        if found is None:
            return ABSENT
        if resource.kind == OBJECT:
            return self._examine_object(resource, found, interrupted)
        if self._differs(resource):
            return Origin("other", f"{found.what} exists, and is not as the stack declares it", found.fix)
        return Origin("unknown", f"{found.what} exists, and Vault does not say who made it", found.fix)

    def _examine_object(self, resource: Declared, found: Existing, interrupted: Interrupted) -> Origin:
        """Judge by when the first version was written. (Vault docs: "KV secrets engine - version 2 (API)")"""
        metadata = self._operator.read(f"{resource.at('mount')}/metadata/{resource.at('name')}")
        made = parse_time(metadata.get("created_time"))
        at = format_time(made) if made else "an unknown time"
        return interrupted.judge(made, f"{found.what} exists, made at {at}", found.fix)

    def _differs(self, resource: Declared) -> bool:
        """Tell whether what is there can't be what the stack was making."""
        if resource.kind == POLICY:
            there = self._operator.read(f"sys/policies/acl/{resource.at('name')}").get("policy")
            return str(there).strip() != str(resource.at("policy")).strip()
        if resource.kind not in {MOUNT, *METHODS}:
            return False
        place = "sys/mounts" if resource.kind == MOUNT else "sys/auth"
        path = f"{resource.at('path') or resource.at('type')}/"
        mount = self._operator.read(place)[path]
        declared = {name: resource.at(name) for name in ("type", "description")}
        return any(
            isinstance(value, str) and value != HIDDEN and mount.get(name) != value for name, value in declared.items()
        )
