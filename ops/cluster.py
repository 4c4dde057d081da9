"""The cluster: service account tokens and SecretProviderClasses."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from .errors import OpsError
from .stack import Cluster

_SHORTEST_LIFE = 600
"""Seconds. The API server refuses less. (Kubernetes docs: "TokenRequest")"""


@dataclass(frozen=True)
class ProviderClass:
    """A SecretProviderClass, as the driver sees it."""

    provider: str
    parameters: Mapping[str, str]


class ClusterClient:
    """The API server, with the rights of whoever runs the command."""

    def __init__(self, cluster: Cluster) -> None:
        """
        :param cluster: Which kubeconfig and context.
        :raises OpsError: There is no such kubeconfig or context.
        """
        try:
            api = config.new_client_from_config(cluster.kubeconfig, cluster.context)
        except (config.ConfigException, OSError) as error:
            raise OpsError(f"The kubeconfig {cluster.kubeconfig or 'of this user'} can't be used: {error}") from None
        self._core = client.CoreV1Api(api)
        self._custom = client.CustomObjectsApi(api)

    def token(self, namespace: str, service_account: str, audience: str) -> str:
        """A short-lived token of `service_account` for `audience`, as the driver would request it.

        :raises OpsError: The API server refuses or is down.
        """
        request = client.AuthenticationV1TokenRequest(
            spec=client.V1TokenRequestSpec(audiences=[audience], expiration_seconds=_SHORTEST_LIFE)
        )
        response: Any = _asked(
            f"a token of service account {namespace}/{service_account}",
            lambda: self._core.create_namespaced_service_account_token(service_account, namespace, request),
        )
        return response.status.token

    def provider_class(self, namespace: str, name: str) -> ProviderClass:
        """The SecretProviderClass `name`.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        found: Any = _asked(
            f"SecretProviderClass {namespace}/{name}",
            lambda: self._custom.get_namespaced_custom_object(
                "secrets-store.csi.x-k8s.io", "v1", namespace, "secretproviderclasses", name
            ),
        )
        return ProviderClass(found["spec"]["provider"], found["spec"]["parameters"])

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """What the Kubernetes Secret `name` holds.

        :raises OpsError: There is none, or the API server refuses or is down.
        """
        found: Any = _asked(f"Secret {namespace}/{name}", lambda: self._core.read_namespaced_secret(name, namespace))
        data: dict[str, str] = found.data or {}
        return {key: base64.b64decode(value).decode() for key, value in data.items()}


def expired(token: str, signing_key: Path) -> str:
    """`token` as it would be an hour after its end, signed with the cluster's own key."""
    claims = jwt.decode(token, options={"verify_signature": False})
    past = int(time.time()) - 2 * 3600
    claims |= {"iat": past, "nbf": past, "exp": past + 3600}
    header = jwt.get_unverified_header(token)
    return jwt.encode(claims, signing_key.read_text(), algorithm=header["alg"], headers={"kid": header["kid"]})


def _asked(what: str, call: Any) -> Any:
    try:
        return call()
    except ApiException as error:
        raise OpsError(f"The API server gave no {what}: {error.status} {error.reason}") from None
    except urllib3.exceptions.HTTPError as error:
        raise OpsError(f"The API server can't be reached for {what}: {type(error).__name__}") from None
