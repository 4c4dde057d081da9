"""Audit devices of a Vault."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

import pulumi
from pydantic import Field

from ..args import Args
from ..field_types import Declaration, ObjectPath, Text, Whole, require_match

_FILE = "is not a file of the server's: use an absolute path, e.g. /vault/audit/audit.log, or stdout"


class FileAudit(Declaration):
    """A file on each server. Rotate it by SIGHUP.

    (Vault docs: "File audit device")
    """

    kind: Literal["file"] = "file"
    """Which device: `file`."""

    path: ObjectPath = "file"
    """The path that the device is enabled at."""

    file: Annotated[str, require_match(r"/[^\x00-\x1f]+|stdout", _FILE)] = "/vault/audit/audit.log"
    """The file, as the server names it, or `stdout`. The default is on the volume `backend.server.audit`."""


class SyslogAudit(Declaration):
    """The syslog of each server's machine.

    (Vault docs: "Syslog audit device")
    """

    kind: Literal["syslog"] = "syslog"
    """Which device: `syslog`."""

    path: ObjectPath = "syslog"
    """The path that the device is enabled at."""

    facility: Text = "AUTH"
    """The syslog facility."""

    tag: Text = "vault"
    """The program's name there."""


class SocketAudit(Declaration):
    """A collector, such as Fluentd's or Splunk's TCP input.

    While neither it nor another device takes lines, Vault answers nobody. (Vault docs: "Socket audit device")
    """

    kind: Literal["socket"] = "socket"
    """Which device: `socket`."""

    path: ObjectPath = "socket"
    """The path that the device is enabled at."""

    address: Text
    """The collector's host and port, or the path of a Unix socket."""

    socket_type: Literal["tcp", "udp", "unix"] = "tcp"
    """How it is reached. UDP may lose lines that are longer than a packet."""

    write_timeout_seconds: Annotated[Whole, Field(ge=1, le=3600)] = 2
    """How long a write may take, in seconds."""


AnyAuditDevice = Annotated[FileAudit | SyslogAudit | SocketAudit, Field(discriminator="kind")]
"""A device, by its kind."""

AUDIT_DEVICES: Mapping[str, type[Declaration]] = {"file": FileAudit, "syslog": SyslogAudit, "socket": SocketAudit}
"""What a device may be, by its kind."""


DESCRIPTION = "Enabled by Strongroom"
"""The description that marks a device as Strongroom's."""


def describe_devices(devices: Collection[FileAudit | SyslogAudit | SocketAudit]) -> dict[str, dict[str, Any]]:
    """Build the requests that enable `devices`, by path."""
    return {device.path: {"type": device.kind, "options": _build_options(device)} for device in devices}


def check_device_kinds(kinds: Collection[str]) -> str | None:
    """Return why devices of these kinds don't suffice, as the end of a sentence; `None` if they do."""
    if set(kinds) == {"socket"}:
        return "are sockets alone: Vault answers nobody while the collector is away; add a device of kind 'file'"
    return None


class AuditDeviceArgs(Args):
    """The arguments of an `AuditDevice`."""

    device: AnyAuditDevice
    """What it is."""


class AuditDevice(pulumi.ComponentResource):
    """An audit device. Vault writes each request and answer to it, with secrets as keyed hashes, before it answers.

    Enable two: Vault answers as long as one of them takes what it writes. The token of `VaultBootstrap` may not enable
    any: give its devices to `VaultBootstrap`. (Vault docs: "Audit devices")
    """

    path: str
    """The path that the device is enabled at."""

    def __init__(self, name: str, args: AuditDeviceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Enable the device.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        # A stack that declares devices loads the provider, one that validates them does not.
        import pulumi_vault  # noqa: PLC0415

        super().__init__("strongroom:index:AuditDevice", name, None, opts)
        self.path = args.device.path
        pulumi_vault.Audit(
            name,
            type=args.device.kind,
            path=args.device.path,
            description=DESCRIPTION,
            options=_build_options(args.device),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"path": self.path})


def _build_options(device: FileAudit | SyslogAudit | SocketAudit) -> dict[str, str]:
    match device:
        case FileAudit():
            return {"file_path": device.file, "mode": "0600"}
        case SyslogAudit():
            return {"facility": device.facility, "tag": device.tag}
        case SocketAudit():
            return {
                "address": device.address,
                "socket_type": device.socket_type,
                "write_timeout": f"{device.write_timeout_seconds}s",
            }
