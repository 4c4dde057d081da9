"""The gate before a pod: Azure takes seconds to minutes until a federated credential and a role take effect."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.identity import ClientAssertionCredential
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.secrets import SecretClient
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from ..patience import OF_AZURE
from ..refusal import told
from .clouds import Cloud
from .identity import Federation
from .objects import VaultObject

_TOKEN_LIFE = 600
"""Seconds: the shortest that the API server gives."""

_LONGEST_PAUSE = 10.0

_AWAY = 60.0
"""Seconds that a server may not answer at all: that is no matter of a role which takes its time."""


class NotReadyError(Exception):
    """A workload's access did not take effect in time: what was seen last, and what to do."""


class _NotYetError(Exception):
    """What is still missing."""


class _AwayError(_NotYetError):
    """Who doesn't answer."""


class _Provider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        wait(props)
        return CreateResult(f"{props['namespace']}/{props['serviceAccount']}", props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        watched = [key for key in _news if key not in {"__provider", "kubeconfig", "context", "timeout"}]
        return DiffResult(changes=any(_olds.get(key) != _news[key] for key in watched))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        wait(_news)
        return UpdateResult(_news)


class AccessReady(Resource, module="strongroom", name="AccessReady"):
    """Exists once a workload's service account token opens every object that the workload declares.

    It asks for a token of the service account, as the driver will, exchanges it at the directory, and asks the vault
    for each object: secrets by their list of versions, so that no value is read where roles decide. Nothing is kept.
    It gives up after `timeout`. (Microsoft Learn: "Important considerations and restrictions for federated identity
    credentials", "Troubleshoot Azure RBAC")
    """

    def __init__(
        self,
        name: str,
        *,
        federation: Federation,
        client_id: pulumi.Input[str],
        tenant_id: str,
        cloud: Cloud,
        vault_url: str,
        objects: Sequence[VaultObject],
        by_value: bool,
        kubeconfig: pulumi.Input[str] | None,
        context: str | None,
        timeout: int,
        granted: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: Its name in the stack.
        :param federation: What ties the service account to the identity.
        :param client_id: The identity's client id.
        :param tenant_id: The directory.
        :param cloud: The cloud.
        :param vault_url: The vault's URL.
        :param objects: What must be readable.
        :param by_value: Read secrets themselves, where a policy allows nothing else.
        :param kubeconfig: The cluster's kubeconfig: a file, or its text; the user's own where it is left out.
        :param context: Its context.
        :param timeout: How long to wait, in seconds.
        :param granted: What lets the workload read; a change of it is waited for again.
        """
        super().__init__(
            _Provider(),
            name,
            {
                "namespace": federation.namespace,
                "serviceAccount": federation.service_account,
                "audience": federation.audience,
                "clientId": client_id,
                "tenantId": tenant_id,
                "authority": cloud.authority,
                "vaultUrl": vault_url,
                "objects": [f"{item.kind}/{item.name}" for item in objects],
                "byValue": by_value,
                "kubeconfig": kubeconfig,
                "context": context,
                "timeout": timeout,
                "granted": [resource.urn for resource in granted],
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(granted))),
        )


def wait(props: Mapping[str, Any]) -> None:
    """Return once everything can be read.

    :raises NotReadyError: It can't be after `timeout` seconds, or a server has not answered for a minute.
    """
    begun = answered = time.monotonic()
    end, pause = begun + float(props["timeout"]), 0.5
    while True:
        try:
            _attempt(props)
            return
        except _NotYetError as error:
            now = time.monotonic()
            if not isinstance(error, _AwayError):
                answered = now
            until = min(end, answered + _AWAY)
            if now + pause > until:
                who = f"{props['namespace']}/{props['serviceAccount']}"
                raise NotReadyError(
                    f"{who} still can't read its secrets after {until - begun:.0f} s. Seen last: {error}. "
                    "Run the same again if Azure is slow today; raise readinessTimeout, or set it to 0 where "
                    "this machine can't reach the vault or the cluster"
                ) from None
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _attempt(props: Mapping[str, Any]) -> None:
    token = _token(props)
    credential = ClientAssertionCredential(
        props["tenantId"], props["clientId"], lambda: token, authority=props["authority"], **OF_AZURE
    )
    url = props["vaultUrl"]
    try:
        for kind, _, name in (item.partition("/") for item in props["objects"]):
            if kind == "keys":
                KeyClient(url, credential, **OF_AZURE).get_key(name)
            elif kind == "certificates":
                CertificateClient(url, credential, **OF_AZURE).get_certificate(name)
            elif props["byValue"]:
                SecretClient(url, credential, **OF_AZURE).get_secret(name)
            else:
                next(iter(SecretClient(url, credential, **OF_AZURE).list_properties_of_secret_versions(name)), None)
    except ClientAuthenticationError as error:
        raise _NotYetError(f"the directory says {told(error)}") from None
    except HttpResponseError as error:
        if error.status_code != 404:  # an object that is missing is none of the gate's business
            raise _NotYetError(f"{url} says {told(error)}") from None
    except AzureError as error:
        raise _AwayError(f"{url} can't be asked: {told(error)}") from None


def _token(props: Mapping[str, Any]) -> str:
    # Imported here: whoever declares a gate needs no client.
    from kubernetes import client  # noqa: PLC0415
    from kubernetes.client.exceptions import ApiException  # noqa: PLC0415

    from ..kubernetes.api import api_client  # noqa: PLC0415

    request = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=[props["audience"]], expiration_seconds=_TOKEN_LIFE)
    )
    try:
        api = api_client(props.get("kubeconfig"), props.get("context"))
        answer: Any = client.CoreV1Api(api).create_namespaced_service_account_token(
            props["serviceAccount"], props["namespace"], request
        )
    except ApiException as error:
        raise _NotYetError(f"the cluster gives no token of the service account: {error.reason}") from None
    except Exception as error:
        raise _AwayError(f"the cluster can't be asked for a token: {type(error).__name__}") from None
    return answer.status.token
