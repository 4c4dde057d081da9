"""Origins of objects in a Vault, which rarely records them."""

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.vault import KUBERNETES_CONFIG, METHODS, MOUNT, OBJECT, POLICY

from ..existing.find import Existing
from ..existing.vault import VaultFinder
from ..pulumi.state import HIDDEN
from ..timestamps import format_time, parse_time
from .origin import ABSENT, OWN, InterruptedUpdate, Origin

"""A part of every auth method, which the plugin never deletes."""


class VaultExaminer:
    """A search for origins in Vault."""

    def __init__(self, finder: VaultFinder) -> None:
        """
        :param finder: The finder of engines, auth methods and their contents by name.
        """
        self._operator = finder.operator
        self._finder = finder

    def knows(self, resource: Declared) -> bool:
        """Return whether it is an engine, an auth method, an audit device, or in one of them."""
        return resource.kind == KUBERNETES_CONFIG or self._finder.knows(resource)

    def examine(self, resource: Declared, update: InterruptedUpdate) -> Origin:
        """Find the origin of the object at that path or of that name. Of an object, no value is read."""
        if resource.kind == KUBERNETES_CONFIG:
            return OWN
        found = self._finder.find(resource)
        if found is None:
            return ABSENT
        if resource.kind == OBJECT:
            return self._examine_object(resource, found, update)
        if self._differs(resource):
            return Origin("other", f"{found.what} exists, and is not as the stack declares it", found.fix)
        return Origin("unknown", f"{found.what} exists, and Vault does not record who created it", found.fix)

    def _examine_object(self, resource: Declared, found: Existing, update: InterruptedUpdate) -> Origin:
        """Judge by the time of the first version (Vault docs: "KV secrets engine - version 2 (API)")."""
        metadata = self._operator.read(f"{resource.at('mount')}/metadata/{resource.at('name')}")
        made = parse_time(metadata.get("created_time"))
        at = format_time(made) if made else "an unknown time"
        return update.judge(made, f"{found.what} exists, made at {at}", found.fix)

    def _differs(self, resource: Declared) -> bool:
        """Return whether the object can't be what the stack was creating."""
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
