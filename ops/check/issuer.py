"""The issuer that settings name, and the one that the cluster's tokens will name."""

from collections.abc import Iterator

from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import JwtAuthSettings, VaultSettings

from ..errors import OpsError
from ..findings import Finding, attempt
from ..pulumi.stack import Cluster
from ..verify.cluster_reader import ClusterReader

_DISCOVERY = "/.well-known/openid-configuration"


def issuers(settings: Settings, cluster: Cluster) -> Iterator[Finding]:
    """Compare each issuer that the settings name with the cluster's own: every character counts.

    (Kubernetes docs: "Configure Service Accounts for Pods", on service account issuer discovery)
    """
    auth = settings.backend.auth if isinstance(settings.backend, VaultSettings) else None
    named = {"kubernetes.oidcIssuer": settings.kubernetes.oidc_issuer}
    if isinstance(auth, JwtAuthSettings):
        named["backend.auth.issuer"] = auth.issuer
    for key, value in named.items():
        if value:
            yield attempt("issuer", lambda key=key, value=value: _compare(key, value, _read(cluster)))


def _read(cluster: Cluster) -> str:
    found: object = ClusterReader(cluster).get("OIDC discovery document", _DISCOVERY).get("issuer")
    if not isinstance(found, str):
        raise OpsError("The API server's OIDC discovery document names no issuer: check the proxy in front of it")
    return found


def _compare(key: str, value: str, actual: str) -> Finding:
    if value == actual:
        return Finding.ok(f"{key} is the cluster's")
    slash = ", which differs in the slash at the end" if value.rstrip("/") == actual.rstrip("/") else ""
    return Finding.failed(
        f"{key} is {value}, and the cluster's tokens name {actual}{slash}: the store admits none of them",
        f"set {key}: {actual}",
    )
