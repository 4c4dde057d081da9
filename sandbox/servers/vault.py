"""Vault: a real server, initialised and unsealed by the sandbox."""

import json
import os
import shutil
from typing import Any

import hvac
import requests
from hvac.exceptions import VaultError

from ..certificates import write_private
from ..errors import NotReadyError, SandboxError
from ..ports import HOST
from ..process import Process
from . import ServerContext
from .health import fetch_health

_SHARES, _THRESHOLD = 3, 2

_HEALTH = {429: "standby", 472: "recovery secondary", 473: "performance standby", 501: "not initialised", 503: "sealed"}
"""What Vault's health endpoint says by its status."""

_ADMIN_POLICY = "strongroom-admin"
_ALL = ["create", "read", "update", "delete", "list"]
_ADMIN_RULES = "\n".join(
    f'path "{path}" {{ capabilities = {json.dumps(verbs)} }}'
    for path, verbs in {
        "sys/mounts*": [*_ALL, "sudo"],
        "sys/auth*": [*_ALL, "sudo"],
        "sys/audit*": [*_ALL, "sudo"],
        "sys/policies/acl*": _ALL,
        "sys/policy*": _ALL,
        "auth/*": _ALL,
        "identity/group*": _ALL,
        "identity/entity*": ["read", "list"],
        "auth/token/accessors*": ["list", "sudo"],
        "sys/capabilities-accessor": ["update"],
        "+/data/*": _ALL,
        "+/metadata/*": _ALL,
        "+/config": _ALL,
        # Of engines that make users of databases.
        "+/config/*": _ALL,
        "+/roles/*": _ALL,  # and of those that issue certificates
        "+/static-roles/*": _ALL,
        "+/rotate-root/*": ["update"],
        "+/root/*": ["update"],
        "+/intermediate/*": ["update"],
    }.items()
)


class Vault:
    """A Vault with raft storage, TLS and a file audit device. It is not a dev server."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self._home = context.state / "vault"
        self._keys = self._home / "keys.json"
        self.process = Process("vault", context.state)
        self.audit_log = self._home / "audit.log"

    @property
    def address(self) -> str:
        """Its URL."""
        return f"https://{HOST}:{self._context.ports.of('vault')}"

    @property
    def token(self) -> str:
        """The token that a stack's provider uses: it manages mounts, auth, policies and KV, and is not root."""
        return json.loads(self._keys.read_text())["admin_token"]

    def require_healthy(self) -> bool:
        """Return true when it is unsealed and active, and the sandbox has a token for it."""
        if self._require_active() and "admin_token" not in self._kept():
            raise NotReadyError("it was never prepared")
        return True

    def start(self) -> None:
        """Start it, initialise it in its first life, unseal it, and return when it is active."""
        self._launch()
        if self._client().sys.is_initialized() and not self._kept():
            # A crash between initialisation and the writing of its keys leaves a Vault that nobody can open.
            self.process.stop()
            shutil.rmtree(self._home)
            self._launch()
        if not self._client().sys.is_initialized():
            first = self._client().sys.initialize(_SHARES, _THRESHOLD)
            write_private(self._keys, json.dumps({"keys": first["keys"], "root_token": first["root_token"]}))
        if self._client().sys.is_sealed():
            self._client().sys.submit_unseal_keys(self._kept()["keys"][:_THRESHOLD])
        self.process.wait_until(self._require_active, 60)
        try:
            self._prepare()
        except (VaultError, requests.RequestException) as error:
            raise SandboxError(f"Vault can't be prepared: {str(error).splitlines()[0]}") from None

    def client(self) -> Any:
        """Return a client with the root token, for the sandbox's own tests."""
        return self._client(self._kept()["root_token"])

    def _launch(self) -> None:
        data = self._home / "raft"
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._home.chmod(0o700)
        pair = self._context.authority.pair("vault")
        port, cluster = self._context.ports.free("vault"), self._context.ports.free("vault-cluster")
        configuration = {
            "storage": {"raft": {"path": str(data), "node_id": "sandbox", "performance_multiplier": 1}},
            "listener": {
                "tcp": {
                    "address": f"{HOST}:{port}",
                    "cluster_address": f"{HOST}:{cluster}",
                    "tls_cert_file": str(pair.certificate),
                    "tls_key_file": str(pair.key),
                }
            },
            "api_addr": f"https://{HOST}:{port}",
            "cluster_addr": f"https://{HOST}:{cluster}",
            "disable_mlock": True,
            "ui": False,
            # The one level at which Vault says why it refused a login.
            "log_level": "debug",
        }
        file = self._home / "vault.json"
        write_private(file, json.dumps(configuration, indent=2))
        self.process.start([str(self._context.tools.path("vault")), "server", f"-config={file}"], os.environ)
        self.process.wait_until(lambda: self._status() > 0, 60)

    def _prepare(self) -> None:
        root = self.client()
        if "file/" not in root.sys.list_enabled_audit_devices()["data"]:
            root.sys.enable_audit_device("file", options={"file_path": str(self.audit_log), "mode": "0600"})
        root.sys.create_or_update_policy(_ADMIN_POLICY, _ADMIN_RULES)
        kept = self._kept()
        if "admin_token" not in kept:
            made = root.auth.token.create_orphan(policies=[_ADMIN_POLICY], period="768h", display_name="strongroom")
            write_private(self._keys, json.dumps({**kept, "admin_token": made["auth"]["client_token"]}))

    def _require_active(self) -> bool:
        status = self._status()
        if status != requests.codes.ok:
            raise NotReadyError(f"its health is {status}: {_HEALTH.get(status, 'unknown')}")
        return True

    def _status(self) -> int:
        ca = str(self._context.authority.certificate)
        return fetch_health(self.process, f"{self.address}/v1/sys/health", verify=ca, timeout=2).status_code

    def _client(self, token: str | None = None) -> Any:
        return hvac.Client(url=self.address, token=token, verify=str(self._context.authority.certificate), timeout=15)

    def _kept(self) -> dict[str, Any]:
        try:
            return json.loads(self._keys.read_text())
        except (OSError, ValueError):
            return {}
