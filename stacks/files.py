"""The files that settings name, read before anything is registered."""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from components.vault.pgp import binary

from .faults import Fault, Location
from .settings import Settings
from .vault import JwtAuthSettings, VaultSettings
from .vault_logins import LdapLogin, OidcLogin

_CERTIFICATE, _PUBLIC_KEY = "CERTIFICATE", "PUBLIC KEY"


@dataclass(frozen=True)
class Files:
    """What the files say."""

    vault_ca: str | None
    """PEM of the CA of Vault's certificate."""

    pgp_keys: Sequence[str]
    """Public keys of the holders of Vault's shares."""

    kubernetes_host: str | None
    """URL of the API server, as Vault reaches it; `None` where nothing needs it."""

    kubernetes_ca: str | None
    """PEM of the CA of the API server's certificate."""

    issuer_ca: str | None = None
    """PEM of the CA of whoever tells the keys that sign workloads' tokens."""

    issuer_keys: Sequence[str] = ()
    """PEM of those keys."""

    login_cas: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """PEM of the CA of each login's directory, by the login's path."""


def read_files(settings: Settings) -> tuple[Files, list[Fault]]:
    """The files that `settings` name, and what is wrong with them."""
    faults: list[Fault] = []
    if not isinstance(settings.backend, VaultSettings):
        return Files(None, (), None, None), faults
    pgp_keys = _pgp(settings.backend, faults)
    vault_ca = _pem(settings.backend.ca_certificate, ("backend", "caCertificate"), faults)
    login_cas = {
        login.path: _pem(login.ca_certificate, ("backend", "logins", number, "caCertificate"), faults)
        for number, login in enumerate(settings.backend.logins)
        if isinstance(login, LdapLogin | OidcLogin)
    }
    auth, place = settings.backend.auth, ("backend", "auth")
    if isinstance(auth, JwtAuthSettings):
        keys = [
            _pem(path, (*place, "publicKeys", number), faults, _PUBLIC_KEY)
            for number, path in enumerate(auth.public_keys)
        ]
        issuer_ca = _pem(auth.ca_certificate, (*place, "caCertificate"), faults)
        return Files(vault_ca, pgp_keys, None, None, issuer_ca, [key for key in keys if key], login_cas), faults
    host, host_ca = (
        auth.kubernetes_host,
        _pem(auth.kubernetes_ca_certificate, (*place, "kubernetesCaCertificate"), faults),
    )
    if auth.create and host is None and settings.backend.server:
        host = "https://kubernetes.default.svc"
        host_ca = host_ca or _api_server(settings, faults)[1]
    elif auth.create and host is None:
        host, kubeconfig_ca = _api_server(settings, faults)
        host_ca = host_ca or kubeconfig_ca
    return Files(vault_ca, pgp_keys, host, host_ca, login_cas=login_cas), faults


def _pgp(vault: VaultSettings, faults: list[Fault]) -> list[str]:
    found: list[str] = []
    place = ("backend", "bootstrap", "custody", "pgpKeys")
    for number, path in enumerate(vault.bootstrap.custody.pgp_keys if vault.bootstrap else ()):
        try:
            text = Path(path).expanduser().read_text()
            binary([text])
            found.append(text)
        except (OSError, UnicodeDecodeError) as error:
            faults.append(
                Fault((*place, number), f"{path!r} can't be read ({_reason(error)}): name a public key's file")
            )
        except ValueError:
            faults.append(Fault((*place, number), f"{path!r} holds no public key as `gpg --export --armor` writes it"))
    return found


def _pem(path: str | None, key: Location, faults: list[Fault], what: str = _CERTIFICATE) -> str | None:
    if path is None:
        return None
    try:
        text = Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(key, f"{path!r} can't be read ({_reason(error)}): name a PEM file"))
        return None
    if f"-----BEGIN {what}-----" not in text:
        # Never the file's text: somebody may have named a private key.
        faults.append(Fault(key, f"{path!r} holds no PEM {what.lower()}"))
    return text


def _api_server(settings: Settings, faults: list[Fault]) -> tuple[str | None, str | None]:
    key = ("kubernetes", "kubeconfig")
    path = Path(
        settings.kubernetes.kubeconfig or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config"
    ).expanduser()
    advice = "name a kubeconfig, or set backend.auth.kubernetesHost to the API server's URL as Vault reaches it"
    try:
        cluster = _cluster(yaml.safe_load(path.read_text()), settings.kubernetes.context)
        host = str(cluster["server"])
        if "certificate-authority-data" in cluster:
            return host, base64.b64decode(cluster["certificate-authority-data"]).decode()
        authority = cluster.get("certificate-authority")
        return host, (path.parent / str(authority)).read_text() if authority else None
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(key, f"'{path}' can't be read ({_reason(error)}): {advice}"))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        faults.append(
            Fault(key, f"'{path}' is no kubeconfig with that context ({type(error).__name__} {error}): {advice}")
        )
    return None, None


def _cluster(kubeconfig: Any, context: str | None) -> Mapping[str, Any]:
    chosen = context or kubeconfig["current-context"]
    by_name = {entry["name"]: entry["context"] for entry in kubeconfig["contexts"]}
    clusters = {entry["name"]: entry["cluster"] for entry in kubeconfig["clusters"]}
    return cast("Mapping[str, Any]", clusters[by_name[chosen]["cluster"]])


def _reason(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else "not a text file"
