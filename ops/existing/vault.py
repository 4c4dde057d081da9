"""What a Vault has already under the names of what a stack is to make in it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds import vault as kinds

from ..errors import AbsentError
from ..store.vault_operator import VaultOperator
from .find import Existing

_WRITTEN = {kinds.POLICY, kinds.GROUP, kinds.OBJECT, *kinds.ROLES, *kinds.DATABASES, kinds.PKI_ROLE}
"""Kinds of which Vault overwrites what is there, without a word."""


class VaultFinder:
    """Vault, as the caller reads it."""

    name = "names in the store"

    operator: VaultOperator
    """The caller's own access."""

    def __init__(self, operator: VaultOperator) -> None:
        """
        :param operator: The caller's own access.
        """
        self.operator = operator

    def knows(self, resource: Declared) -> bool:
        """Tell whether it is an engine, an auth method, an audit device, or what is in them."""
        return resource.kind in {kinds.MOUNT, kinds.AUDIT} | kinds.METHODS | _WRITTEN

    def find(self, resource: Declared) -> Existing | None:
        """Find what is at that path or has that name. Of an object, no value is read."""
        if resource.kind == kinds.MOUNT:
            return self._find_mount(str(resource.at("path")))
        if resource.kind in kinds.METHODS:
            return self._find_method(str(resource.at("path") or resource.at("type")), resource)
        if resource.kind == kinds.AUDIT:
            path = str(resource.at("path") or resource.at("type"))
            if f"{path}/" not in self.operator.read("sys/audit"):
                return None
            return Existing(f"the audit device {path}", "choose another path in backend.audit")
        return self._find_written(resource)

    @cached_property
    def _mounts(self) -> Mapping[str, Any]:
        return self.operator.read("sys/mounts")

    @cached_property
    def _methods(self) -> Mapping[str, Any]:
        return self.operator.read("sys/auth")

    def _find_mount(self, path: str) -> Existing | None:
        found = self._mounts.get(f"{path}/")
        if found is None:
            return None
        if found["type"] == "pki":
            advice = "use it as it is: omit backend.pki.authority; or choose another path there"
            return Existing(f"the engine {path} (pki)", advice)
        setting = "databaseMount" if found["type"] == "database" else "mount"
        return Existing(
            f"the engine {path} ({found['type']})",
            f"use it as it is: backend.{setting}.create: false; or choose another backend.{setting}.path",
        )

    def _find_method(self, path: str, resource: Declared) -> Existing | None:
        found = self._methods.get(f"{path}/")
        if found is None:
            return None
        # The workloads' own method is named after its component alone.
        advice = (
            "use it as it is: backend.auth.create: false; or choose another backend.auth.path"
            if found["type"] in {"kubernetes", "jwt"} and "/" not in resource.name
            else "choose another path in backend.logins"
        )
        return Existing(f"the auth method {path} ({found['type']})", advice)

    def _find_written(self, resource: Declared) -> Existing | None:
        place, what, fix = _describe(resource)
        mount = f"{resource.at('mount') or resource.at('backend')}/"
        if resource.kind in kinds.ROLES and mount not in self._methods:
            return None
        if resource.kind in {kinds.OBJECT, *kinds.DATABASES, kinds.PKI_ROLE} and mount not in self._mounts:
            return None
        try:
            self.operator.read(place)
        except AbsentError:
            return None
        return Existing(what, fix)


def _describe(resource: Declared) -> tuple[str, str, str]:
    """Return where it is read, what it is called, and what to do about it."""
    name = str(resource.at("name"))
    adopt = f"to adopt it, which deletes it with the stack: pulumi import {resource.type} {resource.name}"
    derived = f"choose another backend.auth.path, or another name for the workload; {adopt}"
    if resource.kind == kinds.POLICY:
        return f"sys/policies/acl/{name}", f"the policy {name}", f"{derived} {name}"
    if resource.kind == kinds.GROUP:
        return f"identity/group/name/{name}", f"the identity group {name}", "choose another name in backend.groups"
    if resource.kind == kinds.OBJECT:
        mount = str(resource.at("mount"))
        return (
            f"{mount}/metadata/{name}",
            f"the object {mount}/{name}",
            f"leave it out of strongroom:seeds, which would overwrite it, or seed another; {adopt} {mount}/data/{name}",
        )
    if resource.kind == kinds.PKI_ROLE:
        path = f"{resource.at('backend')}/roles/{name}"
        return path, f"the PKI role {name}", f"{derived} {path}"
    if resource.kind in kinds.DATABASES:
        path = f"{resource.at('backend')}/{kinds.DATABASES[resource.kind]}/{name}"
        if resource.kind == kinds.DATABASE:
            return path, f"the database {name}", f"choose another name in backend.databases; {adopt} {path}"
        return path, f"the database role {name}", f"{derived} {path}"
    role, backend = str(resource.at("roleName")), str(resource.at("backend"))
    path = f"auth/{backend}/role/{role}"
    return path, f"the role {role} of {backend}", f"{derived} {path}"
