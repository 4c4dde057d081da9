"""What the emulator is reported when it starts."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from .access import Guard
from .app import Emulator
from .directory import Directory, Issuer
from .store import Store


class Configuration(BaseModel):
    """A file that the sandbox writes and the emulator reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Path
    """Directory of the store."""

    tenant: str
    """The tenant's id."""

    subscription: str
    """The only subscription's id."""

    token_key: Path
    """Private key that signs the directory's tokens."""

    certificate: Path
    """The server's certificate."""

    certificate_key: Path

    tls_port: int
    """Where the emulator listens, with TLS."""

    node_port: int
    """Where a node's metadata is, without."""

    proxy_port: int
    """Where clients' proxy listens."""

    issuer: str
    """Issuer of the cluster's service account tokens."""

    issuer_address: str
    """Where its keys are."""

    authority: Path
    """The CA of that."""

    client_certificate: Path

    client_key: Path

    kubeconfig: Path
    """What an AKS cluster gives its users: the sandbox's own cluster."""

    settling: float = 1
    """Seconds until a role assignment or a federated credential takes effect: Azure takes up to minutes."""


@dataclass(frozen=True)
class Parts:
    """The emulator's parts, put together."""

    store: Store
    directory: Directory
    emulator: Emulator


def assemble(configuration: Configuration) -> Parts:
    """Put the emulator's parts together."""
    store = Store(configuration.state)
    issuer = Issuer(
        configuration.issuer,
        configuration.issuer_address,
        configuration.authority,
        (str(configuration.client_certificate), str(configuration.client_key)),
    )
    directory = Directory(
        store, configuration.tenant, configuration.token_key, {issuer.url: issuer}, configuration.settling
    )
    return Parts(store, directory, Emulator(store, directory, Guard(store, configuration.settling)))
