"""Check of the API server's certificate, with the CA that Vault will use for token reviews."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from strongroom.components.retry import CONNECT_SECONDS
from strongroom.stacks.provision.files import read_files
from strongroom.stacks.settings.root import Settings

from ..findings import Finding

NAME = "API server"
"""Name of its finding."""

_FIX = (
    "set backend.auth.kubernetesCaCertificate to the file of the CA that signed it, and kubernetesHost to an address "
    "that it names"
)


def check_certificate(settings: Settings) -> Iterator[Finding]:
    """Check the API server's certificate with the CA that the stack gives to Vault.

    With another CA Vault refuses every login, with the error 'permission denied' alone. (Vault docs: "Kubernetes auth
    method (API)")
    """
    files, issues = read_files(settings)
    if issues or files.kubernetes_host is None or getattr(settings.backend, "server", None):
        return
    yield _check_host(files.kubernetes_host, files.kubernetes_ca)


def _check_host(host: str, authority: str | None) -> Finding:
    place = urlsplit(host)
    try:
        context = ssl.create_default_context(cadata=authority)
    except ssl.SSLError:
        return Finding.failed(f"Vault's CA for {host} is no certificate", _FIX, name=NAME)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Vault is not as strict as Python 3.13
    name = place.hostname or ""
    try:
        with (
            socket.create_connection((name, place.port or 443), timeout=CONNECT_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=name),
        ):
            return Finding.ok(f"Vault's CA verifies the certificate of {host}", name=NAME)
    except ssl.SSLCertVerificationError as error:
        given = "Vault's CA" if authority else "Vault has no CA for it, and the system's"
        reason = error.verify_message
        return Finding.failed(
            f"{given} does not verify the certificate of {host} ({reason}): no login", _FIX, name=NAME
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return Finding.skipped(f"{host}, which Vault must reach, can't be reached from here ({reason})", name=NAME)
