"""The directory: who is known, and whose assertion becomes whose token."""

import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .access import Caller
from .errors import NodeError, TokenError
from .store import Document, Store

_LIFE = 3600
_SKEW = 300
"""Seconds that clocks may differ by, as the directory allows."""

_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_CREDENTIALS = f"{_IDENTITIES}/federatedIdentityCredentials"
_APPLICATIONS = "Sandbox.Directory/applications"
_NODES = "Sandbox.Directory/nodes"


@dataclass(frozen=True)
class Issuer:
    """A cluster whose service account tokens the directory may trust, if a federated credential says so."""

    url: str
    """The issuer that its tokens name."""

    address: str
    """Where its discovery document and keys are."""

    authority: Path
    """The CA of that address."""

    certificate: tuple[str, str]
    """A client's certificate and key: an AKS cluster's keys are public, the sandbox's are not."""


class Directory:
    """A tenant of Microsoft Entra ID."""

    def __init__(self, store: Store, tenant: str, key: Path, issuers: Mapping[str, Issuer], settling: float) -> None:
        """
        :param store: Identities and federated credentials, as they were deployed.
        :param tenant: The tenant's id.
        :param key: The private key that signs its tokens.
        :param issuers: The clusters, by issuer.
        :param settling: Seconds until a federated credential takes effect.
        """
        self._store = store
        self.tenant = tenant
        # The sandbox's own key: to check its primes takes longer than everything else that a request needs.
        self._key: Any = load_pem_private_key(key.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
        self._public: Any = self._key.public_key()
        self._issuers = issuers
        self._issuer = f"https://sts.windows.net/{tenant}/"
        self._settling = settling

    def register(self, name: str) -> tuple[str, str, str]:
        """Register an application with a client secret, and return its client id, its object id, and the secret."""
        client, principal, secret = str(uuid.uuid4()), str(uuid.uuid4()), secrets.token_urlsafe(30)
        body = {"name": name, "clientId": client, "principalId": principal, "secret": _digest(secret)}
        self._store.put(f"/applications/{client}", _APPLICATIONS, body)
        return client, principal, secret

    def by_assertion(self, tenant: str, client: str, assertion: str, audience: str) -> str:
        """Issue a token for the identity `client`, which a federated credential ties to the assertion's subject.

        :raises TokenError: Nothing ties them, or the assertion is not to be believed.
        """
        self.check(tenant)
        identity = self._identity(client)
        claims = self._believed(assertion)
        self._federated(identity, claims)
        return self._token(identity["properties"]["clientId"], identity["properties"]["principalId"], audience)

    def by_secret(self, tenant: str, client: str, secret: str, audience: str) -> str:
        """Issue a token for an application that knows its secret.

        :raises TokenError: There is no such application, or that is not its secret.
        """
        self.check(tenant)
        found = self._store.resource(f"/applications/{client}")
        if found is None:
            raise _unknown(client, self.tenant)
        if not hmac.compare_digest(found["secret"], _digest(secret)):
            raise TokenError(7000215, f"Invalid client secret provided for app '{client}'.")
        return self._token(client, found["principalId"], audience)

    def by_node(self, audience: str, client: str | None = None) -> str:
        """Issue a token for an identity of the node: the one named; else its own, or else the only one assigned to it.

        :raises NodeError: The node has no such identity, or several. (Microsoft Learn: "Managed identities for Azure
            resources frequently asked questions")
        """
        assigned = [entry for node in self._store.resources(_NODES) for entry in node["identities"]]
        if client is None:
            chosen = [entry for entry in assigned if entry["system"]] or assigned
        else:
            chosen = [entry for entry in assigned if entry["clientId"] == client]
        if not chosen:
            raise NodeError("Identity not found")
        if len(chosen) > 1:
            raise NodeError(
                "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in "
                "the token request"
            )
        return self._token(chosen[0]["clientId"], chosen[0]["principalId"], audience)

    def assign_to_node(self, client: str, principal: str, *, system: bool = False) -> None:
        """Give the node an identity."""
        node = self._store.resource("/nodes/sandbox") or {"identities": []}
        others = [entry for entry in node["identities"] if entry["clientId"] != client]
        entry = {"clientId": client, "principalId": principal, "system": system}
        self._store.put("/nodes/sandbox", _NODES, {"identities": [*others, entry]})

    def caller(self, authorization: str | None, audiences: frozenset[str]) -> Caller | None:
        """Whose token `authorization` bears; `None` where it is none of this directory's for one of `audiences`."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme != "Bearer":
            return None
        try:
            # Every tenant's tokens bear the directory's signature: it is the issuer that tells them apart.
            claims = jwt.decode(
                token, self._public, algorithms=["RS256"], audience=list(audiences), issuer=self._issuer
            )
        except jwt.PyJWTError:
            return None
        return Caller(claims["oid"], claims["appid"], claims["tid"])

    def check(self, tenant: str) -> None:
        """Know a tenant.

        :raises TokenError: There is no such tenant.
        """
        if tenant.lower() != self.tenant:
            raise TokenError(
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into "
                "the correct cloud.",
                error="invalid_tenant",
                status=400,
            )

    def _identity(self, client: str) -> Document:
        for identity in self._store.resources(_IDENTITIES):
            if identity["properties"]["clientId"] == client:
                return identity
        raise _unknown(client, self.tenant)

    def _believed(self, assertion: str) -> dict[str, Any]:
        try:
            header, reported = (
                jwt.get_unverified_header(assertion),
                jwt.decode(assertion, options={"verify_signature": False}),
            )
        except jwt.PyJWTError:
            raise _malformed() from None
        if header.get("alg") != "RS256":
            raise _malformed()
        issuer = self._issuers.get(str(reported.get("iss")))
        if issuer is None:
            raise _unmatched(700211, "issuer", reported.get("iss"))
        keys = {key.key_id: key for key in _keys(issuer)}
        if header.get("kid") not in keys:
            raise TokenError(
                7000272,
                f"The certificate with identifier {header.get('kid')} used to sign the federated credential could not "
                f"be found in the metadata of identity provider {issuer.url}.",
            )
        try:
            return jwt.decode(
                assertion,
                keys[header["kid"]],
                algorithms=["RS256"],
                leeway=_SKEW,
                options={"verify_aud": False, "require": ["exp", "iss", "sub", "aud"]},
            )
        except jwt.InvalidSignatureError:
            raise TokenError(700027, "Client assertion contains an invalid signature.") from None
        except jwt.PyJWTError as error:
            raise TokenError(
                700024, f"Client assertion is not within its valid time range. {type(error).__name__}."
            ) from None

    def _federated(self, identity: Document, claims: Mapping[str, Any]) -> None:
        known = [
            entry["properties"] for entry in self._store.resources(_CREDENTIALS, f"{identity['id']}/", self._settling)
        ]
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if not known:
            raise TokenError(
                70025,
                f"The client '{identity['properties']['clientId']}' has no configured federated identity credentials.",
            )
        known = [entry for entry in known if entry["issuer"] == claims["iss"]]
        if not known:
            raise _unmatched(700211, "issuer", claims["iss"])
        known = [entry for entry in known if entry["subject"] == claims["sub"]]
        if not known:
            raise _unmatched(700213, "subject", claims["sub"])
        if not any(set(entry["audiences"]) & set(audiences) for entry in known):
            raise _unmatched(700212, "audience", ", ".join(audiences))

    def _token(self, client: str, principal: str, audience: str) -> str:
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": self._issuer,
            "iat": now,
            "nbf": now - _SKEW,
            "exp": now + _LIFE,
            "appid": client,
            "oid": principal,
            "sub": principal,
            "tid": self.tenant,
            "idtyp": "app",
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="RS256")


def _keys(issuer: Issuer) -> list[jwt.PyJWK]:
    try:
        metadata, keys = (
            requests.get(
                f"{issuer.address}/{path}", verify=str(issuer.authority), cert=issuer.certificate, timeout=10
            ).json()
            for path in (".well-known/openid-configuration", "openid/v1/jwks")
        )
    except requests.RequestException:
        raise _unreadable() from None
    if metadata.get("issuer") != issuer.url:
        raise _unreadable()
    return jwt.PyJWKSet.from_dict(keys).keys


def _unreadable() -> TokenError:
    """Make the error of a directory that can't read an issuer's metadata or keys.

    (Azure/azure-workload-identity: "Unknown error code 50166")
    """
    return TokenError(50166, "Request to External OIDC endpoint failed.", error="invalid_request", status=400)


def _unmatched(number: int, what: str, value: object) -> TokenError:
    return TokenError(
        number,
        f"No matching federated identity record found for presented assertion {what} '{value}'. Check your federated "
        f"identity credential Subject, Audience and Issuer against the presented assertion.",
    )


def _malformed() -> TokenError:
    return TokenError(50027, "JWT token is invalid or malformed.", error="invalid_request", status=400)


def _unknown(client: str, tenant: str) -> TokenError:
    return TokenError(
        700016,
        f"Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the "
        "application has not been installed by the administrator of the tenant.",
        error="unauthorized_client",
        status=400,
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
