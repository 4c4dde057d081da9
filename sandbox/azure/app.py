"""The emulator's HTTP side: the directory, the vaults, the Resource Manager's questions, the node's metadata."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .access import Caller, Guard
from .clouds import NODE, Cloud, cloud_of, vault_of
from .directory import Directory
from .errors import AzureError, NodeError, TokenError
from .scopes import audience_of
from .store import Document, Kind, Store
from .vaults import Vault

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LARGEST_PAGE = 25
_KINDS: tuple[Kind, ...] = ("secrets", "keys", "certificates")

_DELETED = re.compile(
    r"/subscriptions/[^/]+/providers/Microsoft\.KeyVault/locations/([^/]+)/deletedVaults/([^/]+)", re.IGNORECASE
)

_LISTING = re.compile(
    r"(?P<parent>/subscriptions/.+?)/(?P<kind>federatedIdentityCredentials|providers/Microsoft\.Authorization/roleAssignments)",
    re.IGNORECASE,
)

_CHILD = re.compile(rf"{_LISTING.pattern}/[^/]+", re.IGNORECASE)

Answer = JSONResponse | Response


class Emulator:
    """Answers for every host that the proxy lets through."""

    def __init__(self, store: Store, directory: Directory, guard: Guard) -> None:
        """
        :param store: What is deployed.
        :param directory: Who is known.
        :param guard: Who may do what.
        """
        self._store = store
        self._directory = directory
        self._guard = guard

    def app(self) -> Starlette:
        """Return the ASGI application."""
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
        return Starlette(routes=[Route("/{path:path}", self._serve, methods=methods)])

    async def _serve(self, request: Request) -> Answer:
        content = await request.body()
        body: object = {}
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            body = dict(parse_qsl(content.decode("latin-1")))
        elif content:
            try:
                body = await request.json()
            except ValueError:
                body = None
        if not isinstance(body, dict):
            return _refusal(AzureError(400, "BadParameter", "The request body is no JSON object."))
        return await run_in_threadpool(self._answer, request, cast("Document", body))

    def _answer(self, request: Request, body: Document) -> Answer:
        host = request.url.hostname or ""
        cloud = cloud_of(host)
        try:
            if cloud is None and request.url.path.startswith("/metadata/"):
                return self._metadata(request)
            if cloud and host == cloud.directory:
                return self._directory_answer(request, cloud, body)
            if cloud and host == cloud.management:
                return self._management(request, body, cloud)
            if cloud and (name := vault_of(host, cloud)):
                return self._vault(request, body, cloud, name)
        except TokenError as error:
            return JSONResponse(error.body(), error.status)
        except AzureError as error:
            return _refusal(error)
        return JSONResponse({"error": {"code": "NotFound", "message": "Nothing is here."}}, 404)

    def _directory_answer(self, request: Request, cloud: Cloud, body: Document) -> Answer:
        tenant, _, path = request.url.path.strip("/").partition("/")
        base = f"https://{cloud.directory}/{tenant}"
        if path == "oauth2/v2.0/token":
            return JSONResponse(
                {"token_type": "Bearer", "expires_in": 3599, "access_token": self._exchanged(tenant, body)}
            )
        if path == "v2.0/.well-known/openid-configuration":
            self._directory.check(tenant)
            return JSONResponse(
                {
                    "issuer": f"{base}/v2.0",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                }
            )
        if path == "discovery/instance":
            known = {
                "preferred_network": cloud.directory,
                "preferred_cache": cloud.directory,
                "aliases": [cloud.directory],
            }
            endpoint = f"https://{cloud.directory}/{self._directory.tenant}/v2.0/.well-known/openid-configuration"
            return JSONResponse({"tenant_discovery_endpoint": endpoint, "metadata": [known]})
        raise AzureError(404, "NotFound", "The directory has no such endpoint.")

    def _exchanged(self, tenant: str, body: Document) -> str:
        client = str(body.get("client_id"))
        if body.get("grant_type") != "client_credentials":
            raise TokenError(900144, "The request body must contain: 'scope', with client_credentials.", status=400)
        audience = audience_of(str(body.get("scope", "")))
        if body.get("client_assertion_type") == _ASSERTION:
            return self._directory.by_assertion(tenant, client, str(body.get("client_assertion")), audience)
        if body.get("client_secret"):
            return self._directory.by_secret(tenant, client, str(body["client_secret"]), audience)
        raise TokenError(7000218, "The request body must contain: 'client_assertion' or 'client_secret'.", status=400)

    def _metadata(self, request: Request) -> Answer:
        if request.url.path != "/metadata/identity/oauth2/token" or request.headers.get("metadata") != "true":
            raise NodeError(f"{NODE} wants the header Metadata: true")
        if {"object_id", "msi_res_id", "mi_res_id"} & set(request.query_params):
            raise NodeError("The emulator knows identities by client_id alone.")
        audience = request.query_params.get("resource", "")
        token = self._directory.by_node(audience, request.query_params.get("client_id"))
        end = datetime.now(UTC) + timedelta(hours=1)
        return JSONResponse(
            {
                "access_token": token,
                "expires_in": "3599",
                "expires_on": str(int(end.timestamp())),
                "resource": audience,
                "token_type": "Bearer",
            }
        )

    def _management(self, request: Request, body: Document, cloud: Cloud) -> Answer:
        audiences = frozenset(
            f"{base}{end}"
            for base in (f"https://{cloud.management}", "https://management.core.windows.net")
            for end in ("", "/")
        )
        caller = self._directory.caller(request.headers.get("authorization"), audiences)
        if caller is None:
            raise AzureError(401, "AuthenticationFailed", "Authentication failed.")
        path = request.url.path.rstrip("/")
        if request.method in {"DELETE", "PUT"}:
            return self._change(caller, request.method, path, body)
        if path.lower().endswith("/providers/microsoft.keyvault/checknameavailability"):
            return JSONResponse(self._availability(str(body.get("name"))))
        if listing := _LISTING.fullmatch(path):
            return JSONResponse({"value": self._listing(listing["parent"], listing["kind"])})
        deleted = _DELETED.fullmatch(path)
        found = self._deleted_vault(*deleted.groups()) if deleted else self._store.resource(path)
        if found is None:
            raise AzureError(404, "ResourceNotFound", f"The Resource '{path}' was not found.")
        return JSONResponse(found)

    def _change(self, caller: Caller, method: str, path: str, body: Document) -> Answer:
        """Delete a credential or a role assignment, or remove access policies.

        A workload's identity has no right to do so: only applications, such as the deployer's, have.

        (Microsoft Learn: "Vaults - Update Access Policy")
        """
        identities = self._store.resources("Microsoft.ManagedIdentity/userAssignedIdentities")
        if caller.object_id in {each["properties"]["principalId"] for each in identities}:
            raise AzureError(403, "AuthorizationFailed", f"The client has no authorization to change '{path}'.")
        if method == "DELETE" and _CHILD.fullmatch(path):
            if self._store.resource(path) is None:
                return Response(status_code=204)
            self._store.remove(path)
            return Response(status_code=200)
        place, _, operation = path.rpartition("/accessPolicies/")
        vault = self._store.resource(place) if operation == "remove" else None
        if vault is None:
            raise AzureError(405, "MethodNotAllowed", f"The emulator has no {method} of '{path}'.")
        leaving = {each["objectId"] for each in body["properties"]["accessPolicies"]}
        kept = [each for each in vault["properties"].get("accessPolicies") or () if each["objectId"] not in leaving]
        vault["properties"]["accessPolicies"] = kept
        self._store.put(place, "Microsoft.KeyVault/vaults", vault)
        return JSONResponse({"properties": {"accessPolicies": kept}})

    def _listing(self, parent: str, kind: str) -> list[Document]:
        """List an identity's credentials, or the role assignments at, above and below a scope.

        (Microsoft Learn: "Role Assignments - List For Scope")
        """
        if kind.lower() == "federatedidentitycredentials":
            type_ = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
            return self._store.resources(type_, f"{parent}/{kind}/")
        scope = f"{parent.lower()}/"

        def concerns(place: str) -> bool:
            return place.startswith(scope) or scope.startswith(place)

        return [
            each
            for each in self._store.resources("Microsoft.Authorization/roleAssignments")
            if concerns(f"{each['properties']['scope'].lower().rstrip('/')}/")
        ]

    def _deleted_vault(self, location: str, name: str) -> Document | None:
        for entry in self._store.resources("Microsoft.KeyVault/deletedVaults"):
            if (entry["name"].lower(), entry.get("location")) == (name.lower(), location):
                return {**entry, "type": "Microsoft.KeyVault/deletedVaults"}
        return None

    def _availability(self, name: str) -> Document:
        taken = [
            entry
            for entry in self._store.resources("Microsoft.KeyVault/vaults")
            if entry["name"].lower() == name.lower()
        ]
        taken += [
            entry
            for entry in self._store.resources("Microsoft.KeyVault/deletedVaults")
            if entry["name"].lower() == name.lower()
        ]
        if taken:
            return {
                "nameAvailable": False,
                "reason": "AlreadyExists",
                "message": f"The name '{name}' is already in use.",
            }
        return {"nameAvailable": True}

    def _vault(self, request: Request, body: Document, cloud: Cloud, name: str) -> Answer:
        audiences = frozenset({f"https://{cloud.vaults}", f"https://{cloud.vaults}/"})
        caller = self._directory.caller(request.headers.get("authorization"), audiences)
        found = [entry for entry in self._store.resources("Microsoft.KeyVault/vaults") if entry["name"].lower() == name]
        if not found:
            raise AzureError(404, "VaultNotFound", f"There is no vault at {request.url.hostname}.")
        if caller is None:
            challenge = f'Bearer authorization="https://{cloud.directory}/{self._directory.tenant}", resource="https://{cloud.vaults}"'
            refused = AzureError(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
            return JSONResponse(refused.body(), 401, {"WWW-Authenticate": challenge})
        self._guard.admit(found[0], request.client.host if request.client else "")
        vault = Vault(self._store, found[0], cloud.vaults)
        vault.renew_due()
        return _Plane(vault, self._guard, caller, found[0]).answer(request, body)


class _Plane:
    """One request to one vault."""

    def __init__(self, vault: Vault, guard: Guard, caller: Caller, resource: Document) -> None:
        self._vault = vault
        self._guard = guard
        self._caller = caller
        self._resource = resource

    def answer(self, request: Request, body: Document) -> Answer:
        first, *rest = request.url.path.strip("/").split("/")
        name = rest[0] if rest else None
        below = "/".join(rest[1:])
        if first.removeprefix("deleted") not in _KINDS:
            raise AzureError(404, "NotFound", f"There is nothing at {request.url.path}.")
        kind: Kind = next(kind for kind in _KINDS if kind == first.removeprefix("deleted"))
        if first != kind:
            return self._deleted(request, kind, name, below)
        verb, call = self._meant(request.method, kind, name, below, body)
        self._guard.allow(self._caller, self._resource, kind, verb, name)
        answer = call() if verb != "list" else _page(request, call())
        return JSONResponse(answer, 202 if (kind, verb) == ("certificates", "create") else 200)

    def _meant(
        self, method: str, kind: Kind, name: str | None, below: str, body: Document
    ) -> tuple[str, Callable[[], Any]]:
        vault = self._vault
        if name is None and method == "GET":
            return "list", lambda: vault.listing(kind)
        if name is None:
            raise AzureError(405, "MethodNotAllowed", f"{method} needs a name.")
        calls: dict[tuple[str, Kind, str], tuple[str, Callable[[], Any]]] = {
            ("GET", kind, "versions"): ("list", lambda: vault.versions(kind, name)),
            ("DELETE", kind, ""): ("delete", lambda: vault.delete(kind, name)),
            ("PUT", "secrets", ""): ("set", lambda: vault.set_secret(name, body)),
            ("POST", "keys", "create"): ("create", lambda: vault.create_key(name, body)),
            ("POST", "keys", "rotate"): ("rotate", lambda: vault.rotate_key(name)),
            ("GET", "keys", "rotationpolicy"): ("getrotationpolicy", lambda: vault.rotation_policy(name)),
            ("PUT", "keys", "rotationpolicy"): ("setrotationpolicy", lambda: vault.set_rotation_policy(name, body)),
            ("POST", "certificates", "create"): ("create", lambda: vault.create_certificate(name, body)),
            ("GET", "certificates", "pending"): ("get", lambda: vault.pending_certificate(name)),
            ("GET", "certificates", "policy"): ("get", lambda: vault.policy(name)),
            ("PATCH", "certificates", "policy"): ("update", lambda: vault.set_policy(name, body)),
        }
        if found := calls.get((method, kind, below)):
            return found
        if method == "GET" and "/" not in below:
            return "get", lambda: vault.get(kind, name, below or None)
        if method == "PATCH" and "/" not in below:
            return "update", lambda: vault.update(kind, name, below or None, body)
        raise AzureError(405, "MethodNotAllowed", f"{method} of {kind}/{name}/{below} is not in the emulator.")

    def _deleted(self, request: Request, kind: Kind, name: str | None, below: str) -> Answer:
        verbs = {("GET", ""): "get", ("POST", "recover"): "recover", ("DELETE", ""): "purge"}
        verb = verbs.get((request.method, below)) if name else {"GET": "list"}.get(request.method)
        if verb is None:
            raise AzureError(405, "MethodNotAllowed", f"{request.method} of deleted {kind} is not in the emulator.")
        self._guard.allow(self._caller, self._resource, kind, verb, name)
        if name is None:
            return JSONResponse(_page(request, self._vault.deleted_listing(kind)))
        if verb == "purge":
            self._vault.purge(kind, name)
            return Response(status_code=204)
        return JSONResponse(self._vault.deleted(kind, name) if verb == "get" else self._vault.recover(kind, name))


def _page(request: Request, items: list[Document]) -> Document:
    """Return a page of a listing, and where the next is (Microsoft Learn: "Get Secrets", REST API of Key Vault)."""
    try:
        size = int(request.query_params.get("maxresults", _LARGEST_PAGE))
        start = int(request.query_params.get("$skiptoken", 0))
    except ValueError:
        size = start = 0
    if not 1 <= size <= _LARGEST_PAGE or start < 0:
        raise AzureError(400, "BadParameter", f"maxresults must be between 1 and {_LARGEST_PAGE}.")
    end = start + size
    following = str(request.url.include_query_params(**{"$skiptoken": end})) if end < len(items) else None
    return {"value": items[start:end], "nextLink": following}


def _refusal(error: AzureError) -> JSONResponse:
    return JSONResponse(error.body(), error.status)
