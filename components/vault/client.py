"""Connections of the machine that runs the program to the nodes of a Vault."""
# pyright: reportUnknownMemberType=false
# hvac ships no types.

import ssl
from collections.abc import Mapping
from typing import Any

import hvac
import requests
from hvac.exceptions import BadGateway, InternalServerError, RateLimitExceeded, VaultDown
from urllib3.util.retry import Retry

from ..args import Args
from ..hosts import Host
from ..response_limits import BoundedAdapter
from ..urls import Address


class VaultNode(Args):
    """One server of a Vault."""

    address: Address
    """Its URL, as the machine that runs the program reaches it: a port-forward's is good."""

    ca_certificate: str | None = None
    """PEM of the CA that signed its certificate; if omitted, the system's CAs."""

    tls_server_name: Host | None = None
    """The name that its certificate bears, where it is not the address's."""

    join_address: Address | None = None
    """Its URL, as the other nodes reach it; if omitted, `address`."""

    def to_inputs(self) -> dict[str, Any]:
        """Return it as a resource, or a process, takes it."""
        return self.model_dump()

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> "VaultNode":
        """Build the node that `inputs` describe, which were checked before."""
        return cls.model_construct(**{name: inputs.get(name) for name in cls.model_fields})


def create_session(node: VaultNode, retries: Retry | int = 0) -> requests.Session:
    """Open a session with `node`, which stays open between requests and which several clients may share.

    :param node: The server.
    :param retries: How often, and for what, a request is tried again; never, where the caller does so by itself.
    """
    session = requests.Session()
    session.mount("https://", _Trust(node, retries))
    return session


def create_client(
    node: VaultNode,
    token: str = "",
    timeout: float = 10,
    namespace: str | None = None,
    session: requests.Session | None = None,
    *,
    adapter: Any = None,
) -> Any:
    """Create a client of `node`. If no token is given it has none, not the user's own either.

    :param node: The server.
    :param token: Its token.
    :param timeout: How long a response may take, in seconds.
    :param namespace: Vault Enterprise's or HCP's namespace.
    :param session: A session that it shares; if omitted, one of its own.
    :param adapter: hvac's class that sends requests; defaults to the one that parses JSON.
    """
    client: Any = hvac.Client(
        url=node.address,
        token=token,
        session=session or create_session(node),
        verify=True,
        timeout=int(timeout),
        namespace=namespace,
        **({"adapter": adapter} if adapter else {}),
    )
    return client


def is_transient(error: Exception) -> bool:
    """Return whether a later request may succeed: Vault is busy, or did not respond."""
    busy = RateLimitExceeded | InternalServerError | BadGateway | VaultDown
    return isinstance(error, requests.RequestException | busy)


class _Trust(BoundedAdapter):
    """An adapter that trusts the node's CA and no other, and expects the node's name."""

    def __init__(self, node: VaultNode, retries: Retry | int) -> None:
        self._tls: dict[str, Any] = {"ssl_context": ssl.create_default_context(cadata=node.ca_certificate)}
        if node.tls_server_name:
            self._tls |= {"server_hostname": node.tls_server_name, "assert_hostname": node.tls_server_name}
        super().__init__(max_retries=retries)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, **self._tls)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, **self._tls)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        # What requests would add here are CAs of its own.
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the context decides."""
