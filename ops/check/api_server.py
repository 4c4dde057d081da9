"""The API server's certificate, as Vault will judge it when it asks for a review of a workload's token."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from strongroom.components.retry import CONNECT_SECONDS
from strongroom.stacks.provision.files import read_files
from strongroom.stacks.settings.root import Settings

from ..findings import Finding

NAME = "API server"
"""What its finding is called."""

_FIX = (
    "set backend.auth.kubernetesCaCertificate to the file of the CA that signed it, and kubernetesHost to an address "
    "that it names"
)


def check_certificate(settings: Settings) -> Iterator[Finding]:
    """Check the certificate at the address that Vault is to ask with the CA that the stack gives it.

    With another CA Vault refuses every login, and says no more than 'permission denied'. (Vault docs: "Kubernetes auth
    method (API)")
    """
    files, faults = read_files(settings)
    if faults or files.kubernetes_host is None or getattr(settings.backend, "server", None):
        return
    yield _check(files.kubernetes_host, files.kubernetes_ca)


def _check(host: str, authority: str | None) -> Finding:
    place = urlsplit(host)
    try:
        context = ssl.create_default_context(cadata=authority)
    except ssl.SSLError:
        return Finding.failed(f"the CA that Vault is given for {host} is no certificate", _FIX, name=NAME)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Vault is not as strict as Python 3.13
    name = place.hostname or ""
    try:
        with (
            socket.create_connection((name, place.port or 443), timeout=CONNECT_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=name),
        ):
            return Finding.ok(f"the CA that Vault is given verifies the certificate of {host}", name=NAME)
    except ssl.SSLCertVerificationError as error:
        given = "the CA that Vault is given" if authority else "no CA is given to Vault, and the system's"
        reason = error.verify_message
        return Finding.failed(
            f"{given} does not verify the certificate of {host} ({reason}): no login", _FIX, name=NAME
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return Finding.skipped(f"{host}, which Vault must reach, is not reached from here ({reason})", name=NAME)
