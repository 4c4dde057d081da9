"""A client of the cluster: service account tokens, SecretProviderClasses and pod templates."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import urllib3
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from strongroom.components.kubernetes.api import make_api_client
from strongroom.components.retry import BUSY
from strongroom.components.workload import WorkloadKind

from ..errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from ..pulumi.stack import Cluster
from .pod_template import PodTemplate, build_template

_SHORTEST_LIFE = 600
"""Seconds. The API server refuses less. (Kubernetes docs: "TokenRequest")"""

METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""The media type of a list's metadata alone: of Secrets, no value. (Kubernetes docs: "Kubernetes API Concepts")"""


@dataclass(frozen=True)
class ProviderClass:
    """A SecretProviderClass, as the driver reads it."""

    provider: str
    parameters: Mapping[str, str]

    copies: frozenset[str] = frozenset()
    """Keys of the Kubernetes Secrets that the driver makes of it."""

    copied: frozenset[str] = frozenset()
    """Files that those are made from."""

    places: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """Those files, by the name of the Kubernetes Secret and its key."""


class ClusterClient:
    """A client of the API server, with the caller's rights."""

    def __init__(self, cluster: Cluster) -> None:
        """Make a client.

        :param cluster: Which kubeconfig and context.
        :raises OpsError: There is no such kubeconfig or context.
        """
        api = connect(cluster)
        self._core = client.CoreV1Api(api)
        self._api = api
        self._custom = client.CustomObjectsApi(api)

    def request_token(self, namespace: str, service_account: str, audience: str) -> str:
        """Request a short-lived token of `service_account` for `audience`, as the driver does.

        :raises OpsError: The API server refuses or is down.
        """
        request = client.AuthenticationV1TokenRequest(
            spec=client.V1TokenRequestSpec(audiences=[audience], expiration_seconds=_SHORTEST_LIFE)
        )

        def create() -> str:
            response: Any = self._core.create_namespaced_service_account_token(service_account, namespace, request)
            return response.status.token

        return call_api(f"a token of service account {namespace}/{service_account}", create)

    def read_provider_class(self, namespace: str, name: str) -> ProviderClass:
        """Read the SecretProviderClass `name`.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        found: Any = call_api(
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
            raise OpsError(f"SecretProviderClass {namespace}/{name} has no spec that the driver can parse") from None
        return ProviderClass(
            spec.get("provider", ""),
            spec.get("parameters") or {},
            copies=frozenset(key for _, key, _ in copies),
            copied=frozenset(file for _, _, file in copies),
            places={(secret, key): file for secret, key, file in copies},
        )

    def read_pod_template(self, namespace: str, name: str, controller: WorkloadKind) -> PodTemplate:
        """Read the template of the controller `name`, or the bare Pod `name`.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        what = f"{controller} {namespace}/{name}"

        def find() -> PodTemplate:
            found = self._read_pod(namespace, name, controller)
            return build_template(found.metadata, found.spec)

        return call_api(what, find)

    def _read_pod(self, namespace: str, name: str, controller: WorkloadKind) -> Any:
        """Read the bare Pod, or the pod template of the controller."""
        # No client before it is needed: each loads many models.
        match controller:
            case "Pod":
                return self._core.read_namespaced_pod(name, namespace)
            case "CronJob":
                cron_job: Any = client.BatchV1Api(self._api).read_namespaced_cron_job(name, namespace)
                return cron_job.spec.job_template.spec.template
            case "Job":
                found: Any = client.BatchV1Api(self._api).read_namespaced_job(name, namespace)
            case "DaemonSet":
                found = client.AppsV1Api(self._api).read_namespaced_daemon_set(name, namespace)
            case "StatefulSet":
                found = client.AppsV1Api(self._api).read_namespaced_stateful_set(name, namespace)
            case "Deployment":
                found = client.AppsV1Api(self._api).read_namespaced_deployment(name, namespace)
        return found.spec.template

    def read_service_account(self, namespace: str, name: str) -> Mapping[str, str]:
        """Read the annotations of the service account `name`.

        :raises AbsentError: There is none.
        :raises OpsError: The API server refuses or is down.
        """
        what = f"service account {namespace}/{name}"

        def read() -> Mapping[str, str]:
            found: Any = self._core.read_namespaced_service_account(name, namespace)
            return found.metadata.annotations or {}

        return call_api(what, read)

    def read_key_vault_secret(self, namespace: str, name: str) -> Mapping[str, Any]:
        """Read the vault and object of the AzureKeyVaultSecret `name`.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        found: Any = call_api(
            f"AzureKeyVaultSecret {namespace}/{name}",
            lambda: self._custom.get_namespaced_custom_object(
                "spv.no", "v2beta1", namespace, "azurekeyvaultsecrets", name
            ),
        )
        return found["spec"]["vault"]

    def read_secret(self, namespace: str, name: str) -> dict[str, str]:
        """Read the contents of the Kubernetes Secret `name`, which are texts.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        _, data = self.read_secret_data(namespace, name)
        return {key: value.decode() for key, value in data.items()}

    def read_secret_data(self, namespace: str, name: str) -> tuple[str, dict[str, bytes]]:
        """Read the type and the contents of the Kubernetes Secret `name`.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        found: Any = call_api(f"Secret {namespace}/{name}", lambda: self._core.read_namespaced_secret(name, namespace))
        data: dict[str, str] = found.data or {}
        return found.type, {key: base64.b64decode(value) for key, value in data.items()}


def forge_expired_token(token: str, signing_key: Path) -> str:
    """Forge `token` as it would be an hour after its end, signed with the cluster's own key.

    :raises OpsError: The file has no such key.
    """
    claims = jwt.decode(token, options={"verify_signature": False})
    past = int(time.time()) - 2 * 3600
    claims |= {"iat": past, "nbf": past, "exp": past + 3600}
    header = jwt.get_unverified_header(token)
    algorithm = header["alg"]
    try:
        return jwt.encode(claims, _load_private_key(signing_key), algorithm=algorithm, headers={"kid": header["kid"]})
    except (ValueError, TypeError, jwt.InvalidKeyError) as error:
        raise OpsError(
            f"--signing-key: {signing_key} has no private key for {algorithm} ({type(error).__name__}): name the file "
            "that kube-apiserver has as --service-account-signing-key-file"
        ) from None


@cache
def _load_private_key(file: Path) -> Any:
    # Its validation takes a good part of a workload's time.
    return load_pem_private_key(file.read_bytes(), None)


def connect(cluster: Cluster) -> client.ApiClient:
    """Connect to the API server.

    :raises OpsError: There is no such kubeconfig or context.
    """
    try:
        return make_api_client(cluster.kubeconfig, cluster.context)
    except (config.ConfigException, OSError) as error:
        raise OpsError(f"The kubeconfig {cluster.kubeconfig or 'of this user'} can't be used: {error}") from None


def call_api(what: str, call: Any) -> Any:
    """Call the API server, and translate its errors.

    :param what: Title of what is read, for errors.
    :raises AbsentError: It does not exist.
    :raises NotAllowedError: The kubeconfig's user may not read it.
    :raises UnreachableError: The API server is down, or too busy.
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
                f"The API server's certificate is not trusted, so it was not used to read {what} "
                f"({_format_tls_error(reason)}): renew it, or correct the kubeconfig's certificate-authority-data"
            ) from None
        raise UnreachableError(f"The API server can't be reached for {what}: {type(error).__name__}") from None
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        # The client assumes that a response is from the API server.
        raise OpsError(
            f"The API server's response for {what} is not its own ({type(error).__name__}): check the proxy in front "
            "of it"
        ) from None


def _format_tls_error(error: Exception) -> str:
    """Format why a certificate was refused, e.g. `certificate has forge_expired_token`."""
    text = str(error)
    return text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or type(error).__name__
