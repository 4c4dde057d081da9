"""The Azure emulator as a server of the sandbox."""

import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from ..azure.clouds import CLOUDS, names
from ..azure.configuration import Configuration, assemble
from ..azure.store import Store
from ..certificates import write_private
from ..errors import NotReadyError
from ..ports import HOST
from ..process import Process
from ..tools.environment import EMULATOR
from . import ServerContext
from .health import fetch_health, require_success
from .kubernetes import ISSUER, ApiServer

_PROJECT = Path(__file__).resolve().parents[2]
_SETTLING = 1.0


class AzureEmulator:
    """A tenant with one subscription, its directory, and its key vaults."""

    def __init__(self, context: ServerContext, api_server: ApiServer) -> None:
        self._context = context
        self._api_server = api_server
        self._home = context.state / "azure"
        self._file = self._home / "emulator.json"
        self._operator = self._home / "operator.json"
        self.process = Process("azure", context.state)

    @property
    def address(self) -> str:
        """The proxy that clients go through."""
        return f"http://{HOST}:{self._context.ports.of('azure-proxy')}"

    @property
    def configuration(self) -> Configuration:
        """What it was reported when it started."""
        return Configuration.model_validate_json(self._file.read_text())

    @property
    def store(self) -> Store:
        """What is deployed to it, for the sandbox's own tests."""
        return Store(self._home)

    def environment(self) -> dict[str, str]:
        """Return what clients need in their environment to reach it, and nothing else, under Azure's own names."""
        return {
            "HTTPS_PROXY": self.address,
            EMULATOR: self.address,
            "NO_PROXY": f"{HOST},localhost",
            "REQUESTS_CA_BUNDLE": str(self._context.authority.certificate),
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://{HOST}:{self._context.ports.of('azure-node')}",
        }

    def operator(self) -> dict[str, str]:
        """Return what the deployer has in the environment: an application with a client secret."""
        known: dict[str, Any] = json.loads(self._operator.read_text())
        configuration = self.configuration
        return {
            "AZURE_TENANT_ID": configuration.tenant,
            "AZURE_CLIENT_ID": known["client"],
            "AZURE_CLIENT_SECRET": known["secret"],
            "ARM_TENANT_ID": configuration.tenant,
            "ARM_SUBSCRIPTION_ID": configuration.subscription,
            "ARM_CLIENT_ID": known["client"],
            "STRONGROOM_AZURE": str(self._file),
        }

    def purge(self) -> None:
        """Forget the vaults that were deleted softly, as `az keyvault purge` would, so that their names are free."""
        for vault in self.store.resources("Microsoft.KeyVault/deletedVaults"):
            self.store.remove_object(vault["name"].lower())
            self.store.remove(f"/deleted{vault['id']}")

    def require_healthy(self) -> bool:
        """Return true when it runs and answers, through its proxy."""
        if not self._file.is_file():
            raise NotReadyError("it was never started")
        if self.configuration.issuer_address != self._api_server.address:
            raise NotReadyError("it asks for keys where the API server was before")
        response = fetch_health(
            self.process,
            f"https://{CLOUDS[0].directory}/{self.configuration.tenant}/v2.0/.well-known/openid-configuration",
            proxies={"https": self.address},
            verify=str(self._context.authority.certificate),
            timeout=5,
        )
        return require_success(response)

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority, ports = self._context.authority, self._context.ports
        pair, client = (
            authority.pair("azure", names=names()),
            authority.pair("admin", common_name="sandbox-admin", organization="system:masters"),
        )
        before = json.loads(self._file.read_text()) if self._file.is_file() else {}
        configuration = Configuration(
            state=self._home,
            tenant=before.get("tenant") or str(uuid.uuid4()),
            subscription=before.get("subscription") or str(uuid.uuid4()),
            token_key=authority.signing_key("directory")[0],
            certificate=pair.certificate,
            certificate_key=pair.key,
            tls_port=ports.free("azure"),
            node_port=ports.free("azure-node"),
            proxy_port=ports.free("azure-proxy"),
            issuer=ISSUER,
            issuer_address=self._api_server.address,
            authority=authority.certificate,
            client_certificate=client.certificate,
            client_key=client.key,
            kubeconfig=self._api_server.kubeconfig,
            settling=before.get("settling", _SETTLING),
        )
        write_private(self._file, configuration.model_dump_json(indent=2))
        if not self._operator.is_file():
            name, principal, secret = assemble(configuration).directory.register("operator")
            write_private(self._operator, json.dumps({"client": name, "principal": principal, "secret": secret}))
        command = [sys.executable, "-m", "sandbox.azure", str(self._file)]
        self.process.start(command, {**os.environ, "PYTHONPATH": str(_PROJECT)})
        self.process.wait_until(self.require_healthy, 60)
