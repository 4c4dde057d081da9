"""Audit devices that bootstrap enables with the root token that it has for a moment."""
# pyright: reportUnknownMemberType=false
# hvac ships no types.

from collections.abc import Mapping
from typing import Any

from hvac.exceptions import VaultError

from ..audit import DESCRIPTION


class ForeignAuditDeviceError(VaultError):
    """A path of a declared device that another device has, which the stack did not make."""


def apply_devices(vault: Any, devices: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the devices that Strongroom enabled those of `devices`; other people's devices stay.

    :param vault: A client whose token may write `sys/audit`.
    :param devices: The type and the options of each, by path.
    :raises ForeignAuditDeviceError: A path is another device's.
    :raises VaultError: Vault refuses, e.g. because it can't write the file.
    """
    found: dict[str, dict[str, Any]] = vault.sys.list_enabled_audit_devices()["data"]
    enabled = {path.rstrip("/"): device for path, device in found.items()}
    stale = [
        path
        for path, device in enabled.items()
        if device["description"] == DESCRIPTION and not _is_same(device, devices.get(path))
    ]
    for path, device in devices.items():
        if path in enabled and path not in stale and not _is_same(enabled[path], device):
            raise ForeignAuditDeviceError(
                f"backend.audit: the path {path!r} is an audit device's that this stack did not make: use another path"
            )
    for path in stale:
        vault.sys.disable_audit_device(path)
    for path, device in devices.items():
        if path not in enabled or path in stale:
            vault.sys.enable_audit_device(
                device["type"], description=DESCRIPTION, options=dict(device["options"]), path=path
            )


def _is_same(enabled: Mapping[str, Any], declared: Mapping[str, Any] | None) -> bool:
    return declared is not None and (enabled["type"], enabled["options"]) == (declared["type"], declared["options"])
