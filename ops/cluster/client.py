"""The cluster: service account tokens and SecretProviderClasses."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import jwt
import urllib3
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from strongroom.components.kubernetes.api import api_client
from strongroom.components.retry import BUSY

from ..errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from ..pulumi.stack import Cluster
from .pod_template import PodTemplate, template_of

_SHORTEST_LIFE = 600
"""Seconds. The API server refuses less. (Kubernetes docs: "TokenRequest")"""

METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""What has the API server leave out all but the metadata of a list's documents: of Secrets, no value. (Kubernetes docs:
"Kubernetes API Concepts")"""


@dataclass(frozen=True)
class ProviderClass:
    """A SecretProviderClass, as the driver sees it."""

    provider: str
    parameters: Mapping[str, str]

    copies: frozenset[str] = frozenset()
    """The keys of the Kubernetes Secrets that the driver makes of it."""

    copied: frozenset[str] = frozenset()
    """The files that those are made from."""

    places: frozenset[tuple[str, str]] = frozenset()
    """Those keys, each with its Kubernetes Secret's name before it."""


class ClusterClient:
    """The API server, with the rights of whoever runs the command."""

    def __init__(self, cluster: Cluster) -> None:
        """
        :param cluster: Which kubeconfig and context.
        :raises OpsError: There is no such kubeconfig or context.
        """
        api = connected(cluster)
        self._core = client.CoreV1Api(api)
        self._api = api
        self._custom = client.CustomObjectsApi(api)

    def token(self, namespace: str, service_account: str, audience: str) -> str:
        """A short-lived token of `service_account` for `audience`, as the driver would request it.

        :raises OpsError: The API server refuses or is down.
        """
        request = client.AuthenticationV1TokenRequest(
            spec=client.V1TokenRequestSpec(audiences=[audience], expiration_seconds=_SHORTEST_LIFE)
        )

        def create() -> str:
            response: Any = self._core.create_namespaced_service_account_token(service_account, namespace, request)
            return response.status.token

        return asked(f"a token of service account {namespace}/{service_account}", create)

    def provider_class(self, namespace: str, name: str) -> ProviderClass:
        """The SecretProviderClass `name`.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        found: Any = asked(
            f"SecretProviderClass {namespace}/{name}",
            lambda: self._custom.get_namespaced_custom_object(
                "secrets-store.csi.x-k8s.io", "v1", namespace, "secretproviderclasses", name
            ),
        )
        try:
            spec: dict[str, Any] = found["spec"]
            made: list[dict[str, Any]] = spec.get("secretObjects") or []
            copies: list[tuple[str, str, str]] = [
                (secret.get("secretName", ""), entry.get("key", ""), entry.get("objectName", ""))
                for secret in made
                for entry in secret.get("data") or ()
            ]
        except (KeyError, TypeError, AttributeError):
            raise OpsError(f"SecretProviderClass {namespace}/{name} has no spec that the driver could read") from None
        return ProviderClass(
            spec.get("provider", ""),
            spec.get("parameters") or {},
            copies=frozenset(key for _, key, _ in copies),
            copied=frozenset(file for _, _, file in copies),
            places=frozenset((secret, key) for secret, key, _ in copies),
        )

    def pod_template(self, namespace: str, name: str, controller: Literal["Deployment", "Pod"]) -> PodTemplate:
        """What the pods of the Deployment `name` are made from, or the bare Pod `name` was.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        what = f"{controller} {namespace}/{name}"
        if controller == "Deployment":
            apps = client.AppsV1Api(self._api)  # not before it is needed: it loads many models

            def read() -> Any:
                return apps.read_namespaced_deployment(name, namespace).spec.template
        else:

            def read() -> Any:
                return self._core.read_namespaced_pod(name, namespace)

        def find() -> PodTemplate:
            found = read()
            return template_of(found.metadata, found.spec)

        return asked(what, find)

    def service_account(self, namespace: str, name: str) -> Mapping[str, str]:
        """The annotations of the service account `name`.

        :raises AbsentError: There is none.
        :raises OpsError: The API server refuses or is down.
        """
        what = f"service account {namespace}/{name}"

        def read() -> Mapping[str, str]:
            found: Any = self._core.read_namespaced_service_account(name, namespace)
            return found.metadata.annotations or {}

        return asked(what, read)

    def key_vault_secret(self, namespace: str, name: str) -> Mapping[str, Any]:
        """Which vault and object the AzureKeyVaultSecret `name` names.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        found: Any = asked(
            f"AzureKeyVaultSecret {namespace}/{name}",
            lambda: self._custom.get_namespaced_custom_object(
                "spv.no", "v2beta1", namespace, "azurekeyvaultsecrets", name
            ),
        )
        return found["spec"]["vault"]

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """What the Kubernetes Secret `name` holds.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        found: Any = asked(f"Secret {namespace}/{name}", lambda: self._core.read_namespaced_secret(name, namespace))
        data: dict[str, str] = found.data or {}
        return {key: base64.b64decode(value).decode() for key, value in data.items()}


def expired(token: str, signing_key: Path) -> str:
    """`token` as it would be an hour after its end, signed with the cluster's own key."""
    claims = jwt.decode(token, options={"verify_signature": False})
    past = int(time.time()) - 2 * 3600
    claims |= {"iat": past, "nbf": past, "exp": past + 3600}
    header = jwt.get_unverified_header(token)
    return jwt.encode(claims, _private_key(signing_key), algorithm=header["alg"], headers={"kid": header["kid"]})


@cache
def _private_key(file: Path) -> Any:
    # Checking it takes a good part of a workload's time.
    return load_pem_private_key(file.read_bytes(), None)


def connected(cluster: Cluster) -> client.ApiClient:
    """A client of the API server.

    :raises OpsError: There is no such kubeconfig or context.
    """
    try:
        return api_client(cluster.kubeconfig, cluster.context)
    except (config.ConfigException, OSError) as error:
        raise OpsError(f"The kubeconfig {cluster.kubeconfig or 'of this user'} can't be used: {error}") from None


def asked(what: str, call: Any) -> Any:
    """What `call` answers.

    :param what: What is asked for, as the reader of an error is told.
    :raises AbsentError: There is no such thing.
    :raises NotAllowedError: The kubeconfig's user may not ask for it.
    :raises UnreachableError: It is down, or too busy.
    :raises OpsError: It refuses otherwise.
    """
    kinds: Mapping[int, type[OpsError]] = {403: NotAllowedError, 404: AbsentError}
    try:
        return call()
    except ApiException as error:
        status: int = getattr(error, "status", 0)
        kind = UnreachableError if status in BUSY | {500} else kinds.get(status, OpsError)
        raise kind(f"The API server gave no {what}: {status} {error.reason}") from None
    except urllib3.exceptions.HTTPError as error:
        reason = getattr(error, "reason", None)
        if isinstance(reason, urllib3.exceptions.SSLError):
            raise UnreachableError(
                f"The API server's certificate is not trusted, so it was not asked for {what} "
                f"({_format_tls_error(reason)}): renew it, or correct the kubeconfig's certificate-authority-data"
            ) from None
        raise UnreachableError(f"The API server can't be reached for {what}: {type(error).__name__}") from None
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        # The client takes it for granted that a response is what the API server sends.
        raise OpsError(
            f"The API server's response for {what} is not its own ({type(error).__name__}): check the proxy in front "
            "of it"
        ) from None


def _format_tls_error(error: Exception) -> str:
    """Find why a certificate was refused, e.g. `certificate has expired`."""
    text = str(error)
    return text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or type(error).__name__
