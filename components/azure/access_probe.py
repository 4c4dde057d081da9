"""What is tried before a pod: its service account's token at Microsoft Entra ID, and its objects at the vault."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import base64
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.identity import ClientAssertionCredential
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.secrets import SecretClient

from ..cancellation import listen, pause
from ..error_text import PlainError
from ..redact import redact_error
from .client import UNEXPECTED, build_client_options, describe_unexpected

_TOKEN_LIFE = 600
"""Seconds: the shortest that the API server gives."""

_LONGEST_PAUSE = 10.0

_FIRST_REPORT, _REPORT_EVERY = 5.0, 30.0
"""Seconds until the first line about what is waited for, and between two later ones."""

_CLOSED = ("ForbiddenByFirewall", "ForbiddenByConnection")
"""What a vault says to an address that its network settings leave out.

(Microsoft Learn: "Azure Key Vault REST API error codes")
"""

_WRONG_ISSUER = "AADSTS700211"

_AWAY = 60.0
"""Seconds that a server may not answer at all: that is no matter of a role which takes its time."""


class NotReadyError(PlainError):
    """A workload's access did not take effect in time: what was seen last, and what to do."""


class _FinalError(Exception):
    """What no waiting repairs, and what does."""


class _NotYetError(Exception):
    """What is still missing."""


class _AwayError(_NotYetError):
    """Who doesn't answer."""


def wait(props: Mapping[str, Any]) -> None:
    """Return once everything can be read.

    :raises NotReadyError: It can't be after `timeout` seconds, or a server has not answered for a minute; at once, if
        no waiting helps.
    :raises CancelledError: The user cancelled the update.
    """
    listen()
    begun = answered = time.monotonic()
    report = begun + _FIRST_REPORT
    who = f"{props['namespace']}/{props['serviceAccount']}"
    end, seconds = begun + float(props["timeout"]), 0.5
    while True:
        try:
            _attempt(props)
            return
        except _FinalError as error:
            raise NotReadyError(f"{who} can't read its secrets, and waiting doesn't help: {error}") from None
        except _NotYetError as error:
            now = time.monotonic()
            if not isinstance(error, _AwayError):
                answered = now
            until = min(end, answered + _AWAY)
            if now >= report:
                report = now + _REPORT_EVERY
                # The engine shows what its providers print there.
                waited = f"{now - begun:.0f} s of at most {float(props['timeout']):.0f}"
                print(f"{who} can't read its secrets yet, after {waited}: {error}", file=sys.stderr, flush=True)
            if now + seconds > until:
                raise NotReadyError(
                    f"{who} still can't read its secrets after {until - begun:.0f} s. Seen last: {error}. "
                    "Run the same again if Azure is slow today; raise readinessTimeout, or set it to 0 where "
                    "this machine can't reach the vault or the cluster"
                ) from None
        pause(seconds, f"{who} can read its secrets")
        seconds = min(seconds * 1.5, _LONGEST_PAUSE)


def _attempt(props: Mapping[str, Any]) -> None:
    token = _request_token(props)
    _require_issuer(token, props)
    credential = ClientAssertionCredential(
        props["tenantId"], props["clientId"], lambda: token, authority=props["authority"], **build_client_options()
    )
    url = props["vaultUrl"]
    try:
        for kind, _, name in (item.partition("/") for item in props["objects"]):
            if kind == "keys":
                KeyClient(url, credential, **build_client_options()).get_key(name)
            elif kind == "certificates":
                CertificateClient(url, credential, **build_client_options()).get_certificate(name)
            elif props["byValue"]:
                SecretClient(url, credential, **build_client_options()).get_secret(name)
            else:
                next(
                    iter(
                        SecretClient(url, credential, **build_client_options()).list_properties_of_secret_versions(name)
                    ),
                    None,
                )
    except ClientAuthenticationError as error:
        if _WRONG_ISSUER in str(error):
            raise _NotYetError(
                f"Microsoft Entra ID says {redact_error(error)} (compare the federated credential's issuer, "
                f"{props.get('issuer')}, with the one in the cluster's tokens; a new credential takes minutes)"
            ) from None
        raise _NotYetError(f"Microsoft Entra ID says {redact_error(error)}") from None
    except HttpResponseError as error:
        if any(code in str(error) for code in _CLOSED):
            raise _FinalError(
                f"{url} is closed to this machine by its network settings ({redact_error(error)}). Deploy from a "
                "network that it admits, add this machine's address to them, or set readinessTimeout to 0 if only pods "
                "reach it"
            ) from None
        if error.status_code != 404:  # an object that is missing is none of the gate's business
            raise _NotYetError(f"{url} says {redact_error(error)}") from None
    except AzureError as error:
        raise _AwayError(f"{url} can't be asked: {redact_error(error)}") from None
    except UNEXPECTED as error:
        raise _AwayError(describe_unexpected(f"{url} or Microsoft Entra ID", error)) from None


def _request_token(props: Mapping[str, Any]) -> str:
    # Imported here: a program that only declares a gate needs no client.
    from kubernetes import client  # noqa: PLC0415
    from kubernetes.client.exceptions import ApiException  # noqa: PLC0415

    from ..kubernetes.api import make_api_client  # noqa: PLC0415

    request = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=[props["audience"]], expiration_seconds=_TOKEN_LIFE)
    )
    try:
        api = make_api_client(props.get("kubeconfig"), props.get("context"))
        answer: Any = client.CoreV1Api(api).create_namespaced_service_account_token(
            props["serviceAccount"], props["namespace"], request
        )
    except ApiException as error:
        raise _NotYetError(f"the cluster gives no token of the service account: {error.reason}") from None
    except Exception as error:
        raise _AwayError(f"the cluster can't be asked for a token: {type(error).__name__}") from None
    return answer.status.token


def _require_issuer(token: str, props: Mapping[str, Any]) -> None:
    """Compare the issuer in the cluster's token with the federated credential's: they must agree to the last slash.

    (Microsoft Learn: "Workload identity federation", on the issuer)

    :raises _FinalError: They differ.
    """
    declared = props.get("issuer")
    body = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        issuer = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))).get("iss")
    except (ValueError, AttributeError):
        return  # Microsoft Entra ID judges what this can't read
    if declared and issuer and issuer != declared:
        raise _FinalError(
            f"the cluster's tokens name the issuer {issuer}, and the federated credential names {declared}. Set "
            f"oidcIssuer to {issuer}, to the last slash"
        )
