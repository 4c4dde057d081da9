"""The files that settings name, read before anything is registered."""

import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from strongroom.components.vault.bootstrap.pgp import decode_keys

from ..errors import Location, ValidationIssue, format_value
from ..settings.root import Settings
from ..settings.vault import JwtAuthSettings, VaultSettings
from ..settings.vault_logins import LdapLogin, OidcLogin

_CERTIFICATE, _PUBLIC_KEY = "CERTIFICATE", "PUBLIC KEY"
_KUBECONFIG = ("kubernetes", "kubeconfig")


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
    """PEM of the CA of the server that publishes the keys of workloads' tokens."""

    issuer_keys: Sequence[str] = ()
    """PEM of those keys."""

    login_cas: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """PEM of the CA of each login's directory, by the login's path."""

    database_cas: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """PEM of the CA of each database's certificate, by the database's name."""


def read_files(settings: Settings) -> tuple[Files, list[ValidationIssue]]:
    """Read the files that `settings` name, and list what is wrong with them."""
    issues: list[ValidationIssue] = []
    vault = settings.backend if isinstance(settings.backend, VaultSettings) else None
    files = _read_vault_files(settings, vault, issues) if vault else Files(None, (), None, None)
    kubeconfig = settings.kubernetes.kubeconfig
    if kubeconfig and _KUBECONFIG not in {issue.location for issue in issues}:
        _read_text(kubeconfig, _KUBECONFIG, "name a kubeconfig, or leave it out for KUBECONFIG's", issues)
    return files, issues


def _read_vault_files(settings: Settings, vault: VaultSettings, issues: list[ValidationIssue]) -> Files:
    pgp_keys = _read_pgp_keys(vault, issues)
    vault_ca = _read_pem(vault.ca_certificate, ("backend", "caCertificate"), issues)
    login_cas = {
        login.path: _read_pem(login.ca_certificate, ("backend", "logins", number, "caCertificate"), issues)
        for number, login in enumerate(vault.logins)
        if isinstance(login, LdapLogin | OidcLogin)
    }
    database_cas = {
        database.name: _read_pem(database.ca_certificate, ("backend", "databases", number, "caCertificate"), issues)
        for number, database in enumerate(vault.databases)
    }
    auth, place = vault.auth, ("backend", "auth")
    if isinstance(auth, JwtAuthSettings):
        keys = [
            _read_pem(path, (*place, "publicKeys", number), issues, _PUBLIC_KEY)
            for number, path in enumerate(auth.public_keys)
        ]
        issuer_ca = _read_pem(auth.ca_certificate, (*place, "caCertificate"), issues)
        return Files(vault_ca, pgp_keys, None, None, issuer_ca, [key for key in keys if key], login_cas, database_cas)
    host, host_ca = (
        auth.kubernetes_host,
        _read_pem(auth.kubernetes_ca_certificate, (*place, "kubernetesCaCertificate"), issues),
    )
    if auth.create and host is None and vault.server:
        host = "https://kubernetes.default.svc"
        host_ca = host_ca or _read_api_server(settings, issues)[1]
    elif auth.create and host is None:
        host, kubeconfig_ca = _read_api_server(settings, issues)
        host_ca = host_ca or kubeconfig_ca
    elif auth.create and host_ca is None and auth.kubernetes_ca_certificate is None:
        # A stack that names the host needs no kubeconfig here: the provider reports what is wrong with it.
        host_ca = _read_api_server(settings, [])[1]
    return Files(vault_ca, pgp_keys, host, host_ca, login_cas=login_cas, database_cas=database_cas)


def _read_pgp_keys(vault: VaultSettings, issues: list[ValidationIssue]) -> list[str]:
    found: list[str] = []
    place = ("backend", "bootstrap", "keyStore", "pgpKeys")
    for number, path in enumerate(vault.bootstrap.key_store.pgp_keys if vault.bootstrap else ()):
        text = _read_text(path, (*place, number), "name a public key's file", issues)
        try:
            decode_keys(() if text is None else [text])
            found += () if text is None else [text]
        except ValueError:
            issues.append(
                ValidationIssue(
                    (*place, number), f"{format_value(path)} holds no public key as `gpg --export --armor` writes it"
                )
            )
    return found


def _read_pem(path: str | None, key: Location, issues: list[ValidationIssue], what: str = _CERTIFICATE) -> str | None:
    if path is None:
        return None
    text = _read_text(path, key, "name a PEM file", issues)
    if text is None:
        return None
    labels = sorted(set(re.findall(r"-----BEGIN ([A-Z0-9 ]+)-----", text)))
    if any("PRIVATE KEY" in label for label in labels):
        # Never the file's text.
        issues.append(
            ValidationIssue(
                key,
                f"{format_value(path)} holds a private key, and is no place for one: "
                f"name a file with a {what.lower()} alone",
            )
        )
    elif what not in labels:
        others = f", but a {' and a '.join(labels).lower()}" if labels else ""
        issues.append(ValidationIssue(key, f"{format_value(path)} holds no PEM {what.lower()}{others}"))
    return text


def _read_text(path: str, key: Location, advice: str, issues: list[ValidationIssue]) -> str | None:
    try:
        return Path(path).expanduser().read_text("utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        issues.append(ValidationIssue(key, f"{format_value(path)} can't be read ({_describe_reason(error)}): {advice}"))
        return None


def _read_api_server(settings: Settings, issues: list[ValidationIssue]) -> tuple[str | None, str | None]:
    path = settings.kubernetes.kubeconfig or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config"
    advice = "name a kubeconfig, or set backend.auth.kubernetesHost to the API server's URL as Vault reaches it"
    text = _read_text(path, _KUBECONFIG, advice, issues)
    if text is None:
        return None, None
    try:
        cluster = _find_cluster(yaml.safe_load(text), settings.kubernetes.context)
        host = str(cluster["server"])
        if "certificate-authority-data" in cluster:
            return host, base64.b64decode(cluster["certificate-authority-data"]).decode()
        authority = cluster.get("certificate-authority")
    except (yaml.YAMLError, LookupError, TypeError, AttributeError, ValueError):
        # Never the error's text, which may repeat the file's.
        context = f"the context {settings.kubernetes.context!r}" if settings.kubernetes.context else "a current context"
        issues.append(
            ValidationIssue(
                _KUBECONFIG, f"{format_value(path)} is no kubeconfig with {context} and its cluster: {advice}"
            )
        )
        return None, None
    beside = Path(path).expanduser().parent / str(authority)
    return host, _read_text(
        str(beside), _KUBECONFIG, "it is the CA that the kubeconfig names", issues
    ) if authority else None


def _find_cluster(kubeconfig: Any, context: str | None) -> Mapping[str, Any]:
    chosen = context or kubeconfig["current-context"]
    by_name = {entry["name"]: entry["context"] for entry in kubeconfig["contexts"]}
    clusters = {entry["name"]: entry["cluster"] for entry in kubeconfig["clusters"]}
    return cast("Mapping[str, Any]", clusters[by_name[chosen]["cluster"]])


def _describe_reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "not a text file" if isinstance(error, UnicodeDecodeError) else "not a file's name"
