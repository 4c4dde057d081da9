"""Stacks of any size with their servers, which are read as the product's clients read them: each call is a request.

Whatever surrounds a stack grows with it: classes, roles, policies, bindings, entities and tokens of others.
"""

import itertools
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ODataV4Format
from hvac.exceptions import Forbidden, InvalidPath
from kubernetes.client import ApiClient, Configuration

from strongroom.ops.errors import AbsentError
from strongroom.ops.pulumi.stack import DeployedStack
from strongroom.policy.rules import Declared

OPERATOR = "operator"
VALUE = "a"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_CLASS = "secrets-store.csi.x-k8s.io/v1"
_EDIT = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}


class FakeStack:
    """A stack of `count` workloads, two a namespace, with its cluster; its store is added by a subclass."""

    backend: Mapping[str, Any]

    def __init__(self, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self._requests = itertools.count()
        self.stack = DeployedStack.model_validate(
            {"backend": self.backend, "kubernetes": {}, "workloads": [self.workload(number) for number in range(count)]}
        )
        self.resources: list[Declared] = []
        self.documents: dict[str, Any] = {}
        self.lists: dict[str, list[Any]] = {}
        self._add_cluster()
        api = ApiClient(Configuration(host="http://127.0.0.1:1"))
        monkeypatch.setattr(api, "call_api", lambda *request, **_: self.call_api(*request))
        monkeypatch.setattr("strongroom.ops.cluster.client.make_api_client", lambda *_: api)

    @property
    def requests(self) -> int:
        """How many requests the servers had."""
        return next(self._requests)

    def ask(self) -> None:
        """Count a request."""
        next(self._requests)

    def read_inputs(self, kind: str, *path: str) -> dict[str, str]:
        """The values that the stack wrote, by URN."""
        raise NotImplementedError

    def workload(self, number: int) -> dict[str, Any]:
        """A workload's outputs."""
        name = f"app-{number:03}"
        return {
            "name": name,
            "namespace": f"team-{number // 2:03}",
            "serviceAccount": name,
            "secretProviderClass": name,
            "identity": self.identity(number),
            "objects": [{"name": "password", "object": self.object(number)}],
        }

    def object(self, number: int) -> str:
        """What a workload reads."""
        return f"app-{number:03}/db"

    def identity(self, number: int) -> dict[str, str]:
        raise NotImplementedError

    def parameters(self, number: int) -> dict[str, str]:
        """What a class says."""
        raise NotImplementedError

    def declare(self, type_: str, name: str, properties: Mapping[str, Any], **outputs: Any) -> None:
        urn = f"urn:pulumi:dev::strongroom::{type_}::{name}"
        self.resources.append(Declared(type_, urn, properties, outputs=outputs))

    def _add_cluster(self) -> None:
        roles = self.lists[f"{_RBAC}/clusterroles"] = [
            {
                "metadata": {"name": "edit"},
                "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to-edit": "true"}}]},
                "rules": [_EDIT],
            },
            {"metadata": {"name": "system:edit", "labels": {"to-edit": "true"}}, "rules": [_EDIT]},
        ]
        self.lists[f"{_RBAC}/clusterrolebindings"] = []
        for number, workload in enumerate(self.stack.workloads):
            namespace, name = workload.namespace, workload.name
            metadata = {"metadata": {"namespace": namespace, "name": name}}
            account = {**metadata, "automountServiceAccountToken": False}
            self.declare("kubernetes:core/v1:ServiceAccount", workload.path, account)
            self.documents[f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}"] = account
            provider = "vault" if self.backend["kind"] == "vault" else "azure"
            spec = {**metadata, "spec": {"provider": provider, "parameters": self.parameters(number)}}
            self.declare(f"kubernetes:{_CLASS}:SecretProviderClass", workload.path, spec)
            classes = f"/apis/{_CLASS}/namespaces/{namespace}/secretproviderclasses"
            self.documents[f"{classes}/{name}"] = spec
            other = {
                "metadata": {"name": f"other-{number:03}"},
                "spec": {"parameters": {"roleName": f"other.{number}"}},
            }
            self.lists.setdefault(classes, []).extend([spec, other])
            roles.append({"metadata": {"name": f"other-{number:03}"}, "rules": [_EDIT]})
            below = f"{_RBAC}/namespaces/{namespace}"
            self.lists[f"{below}/roles"] = []
            self.lists.setdefault(f"{below}/rolebindings", []).append(
                {
                    "metadata": {"name": f"ops-{number:03}"},
                    "roleRef": {"kind": "ClusterRole", "name": "edit"},
                    "subjects": [{"kind": "Group", "name": "ops"}],
                }
            )

    def call_api(self, method: str, url: str, header_params: Any, body: Any, *rest: Any) -> Any:
        """Respond as the API server does."""
        self.ask()
        path = urlsplit(url).path
        if path.endswith("/token"):
            *_, namespace, _, account, _ = path.split("/")
            token = f"{namespace}/{account}/{body['spec']['audiences'][0]}"
            return _response(
                {"spec": body["spec"], "status": {"token": token, "expirationTimestamp": "2030-01-01T00:00:00Z"}}
            )
        if method == "POST":
            return _response({"status": {"allowed": False, "userInfo": {"username": "admin"}}})
        if path in self.lists:
            return _response({"items": self.lists[path]})
        return _response(self.documents.get(path), 200 if path in self.documents else 404)


def _response(document: Any, status: int = 200) -> Any:
    return SimpleNamespace(
        status=status, reason="", data=json.dumps(document).encode(), headers={}, read=lambda: None, getheaders=dict
    )


class FakeVaultStack(FakeStack):
    """A stack on Vault."""

    backend = {"kind": "vault", "address": "https://v", "mount": "m", "authPath": "kubernetes", "audience": "vault"}

    def __init__(self, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(count, monkeypatch)
        self.data: dict[str, dict[str, Any]] = {
            "auth/token/lookup-self": {"policies": ["admin"], "accessor": OPERATOR},
            "sys/auth": {"kubernetes/": {"type": "kubernetes"}, "token/": {"type": "token"}},
            "sys/audit": {},
        }
        self.names: dict[str, list[str]] = {}
        for workload in self.stack.workloads:
            self._add(workload.identity["role"], workload.path, workload.objects[0].object)
        monkeypatch.setattr(
            "strongroom.ops.store.vault_responses.StrictAdapter.request",
            lambda adapter, method, url, **options: self.respond(adapter.token, method, url, **options),
        )
        monkeypatch.setenv("VAULT_TOKEN", OPERATOR)

    def identity(self, number: int) -> dict[str, str]:
        return {"role": f"team-{number // 2:03}.app-{number:03}"}

    def parameters(self, number: int) -> dict[str, str]:
        entry = {"objectName": "password", "secretPath": f"m/data/{self.object(number)}", "secretKey": "password"}
        return {
            "roleName": self.identity(number)["role"],
            "vaultAuthMountPath": "kubernetes",
            "objects": yaml.safe_dump([entry]),
        }

    def _add(self, role: str, path: str, object_: str) -> None:
        text = f'path "m/data/{object_}" {{ capabilities = ["read"] }}'
        self.declare("vault:index/policy:Policy", f"{path}/policy", {"name": role, "policy": text})
        self.data[f"sys/policies/acl/{role}"] = {"policy": text}
        given = {"backend": "kubernetes", "roleName": role, "tokenPolicies": [role], "tokenTtl": 1200}
        given |= {"tokenNoDefaultPolicy": True}
        self.declare("vault:kubernetes/authBackendRole:AuthBackendRole", f"{path}/role", given)
        self.data[f"auth/kubernetes/role/{role}"] = {
            "token_policies": [role],
            "token_ttl": 1200,
            "token_no_default_policy": True,
        }
        seed = {"mount": "m", "name": object_, "dataJson": "[secret]"}
        self.declare("vault:kv/secretV2:SecretV2", object_, seed)
        self.data[f"m/data/{object_}"] = {"data": {"password": role}, "metadata": {"version": 1}}
        self.data[f"m/metadata/{object_}"] = {"delete_version_after": "0s", "max_versions": 0}
        other = f"other.{role}"
        self.data[f"sys/policies/acl/{other}"] = {
            "policy": f'path "m/data/other/{object_}/+" {{ capabilities = ["read"] }}'
        }
        self.data[f"auth/kubernetes/role/{other}"] = {"token_policies": [other]}
        self.data[f"identity/entity/id/{role}"] = {"name": role, "aliases": [{"name": role}]}
        for below, names in (
            ("sys/policies/acl", (role, other)),
            ("auth/kubernetes/role", (role, other)),
            ("identity/entity/id", (role,)),
            ("auth/token/accessors", (role, other)),
        ):
            self.names.setdefault(below, []).extend(names)

    def read_inputs(self, kind: str, *path: str) -> dict[str, str]:
        """The values that the stack wrote, by URN."""
        values = {path: json.dumps(each["data"]) for path, each in self.data.items() if path.startswith("m/data/")}
        return {each.urn: values[f"m/data/{each.at('name')}"] for each in self.resources if each.kind == kind}

    def respond(self, token: str, method: str, url: str, json: Any = None, **options: Any) -> dict[str, Any]:
        """Respond as Vault does."""
        self.ask()
        path = url.removeprefix("/v1/")
        if path == "auth/kubernetes/login":
            namespace, account, audience = json["jwt"].split("/")
            if (f"{namespace}.{account}", audience) != (json["role"], "vault"):
                raise Forbidden(errors=["service account name not authorized"])
            return {"auth": _login(json["role"])}
        if token != OPERATOR:
            return self._respond_to_workload(token, method, path)
        if path == "sys/capabilities-accessor":
            own = f"m/data/{json['accessor'].partition('.')[2]}/db"
            return {"data": {each: ["read"] if each == own else ["deny"] for each in json["paths"]}}
        if path == "auth/token/lookup-accessor":
            return {"data": {"policies": [f"some.{json['accessor']}"], "path": "auth/token/create"}}
        if method == "list" and path in self.names:
            return {"data": {"keys": self.names[path]}}
        if method == "get" and path in self.data:
            return {"data": self.data[path]}
        raise InvalidPath

    def _respond_to_workload(self, role: str, method: str, path: str) -> dict[str, Any]:
        if path == "auth/token/revoke-self":
            return {}
        if path == "sys/internal/ui/mounts":
            return {"data": {"secret": {"m/": {}}, "auth": {}}}
        if (method, path) == ("get", f"m/data/{role.partition('.')[2]}/db"):
            return {"data": self.data[path]}
        raise Forbidden(errors=["1 error occurred:\n\t* permission denied\n\n"])


def _login(role: str) -> dict[str, Any]:
    return {
        "client_token": role,
        "accessor": role,
        "policies": [role],
        "token_type": "service",
        "num_uses": 0,
        "lease_duration": 1200,
    }


_VAULT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
_ROLE = "/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6"


class FakeKeyVaultStack(FakeStack):
    """A stack on Azure Key Vault."""

    backend = {
        "kind": "azure-key-vault",
        "tenantId": "tenant",
        "authority": "https://login.microsoftonline.com",
        "vault": "kv",
        "url": "https://kv.vault.azure.net",
        "access": "rbac",
        "identityMode": "workload-identity",
        "audience": "api://AzureADTokenExchange",
    }

    def __init__(self, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(count, monkeypatch)
        self.found: dict[str, Any] = {
            _VAULT: {"properties": {"enableSoftDelete": True, "publicNetworkAccess": "Enabled"}}
        }
        self.declare("azure-native:keyvault:Vault", "vault", {"properties": {}}, id=_VAULT)
        self.assignments: list[Any] = []
        for workload in self.stack.workloads:
            self._add(workload.identity["clientId"], workload.path, workload.service_account)
        self.found["/subscriptions/s/providers/Microsoft.Authorization/roleAssignments"] = self.assignments
        monkeypatch.setattr("strongroom.ops.verify.azure_settings.ResourceManager", lambda _: self)
        monkeypatch.setattr(
            "strongroom.ops.store.key_vault.ClientAssertionCredential", lambda *given, **_: _Credential(self, *given)
        )
        for kind in ("Secret", "Key", "Certificate"):
            monkeypatch.setattr(
                f"strongroom.ops.store.key_vault.{kind}Client", lambda url, credential, **_: _Client(self, credential)
            )

    def object(self, number: int) -> str:
        return f"app-{number:03}-db"

    def identity(self, number: int) -> dict[str, str]:
        return {"clientId": f"app-{number:03}"}

    def read_inputs(self, kind: str, *path: str) -> dict[str, str]:
        """The values that the stack wrote, by URN."""
        return {each.urn: VALUE for each in self.resources if each.type == kind}

    def parameters(self, number: int) -> dict[str, str]:
        entry = yaml.safe_dump({"objectName": self.object(number), "objectType": "secret", "objectAlias": "password"})
        return {
            "tenantID": "tenant",
            "clientID": self.identity(number)["clientId"],
            "objects": yaml.safe_dump({"array": [entry]}),
        }

    def _add(self, client: str, path: str, account: str) -> None:
        id_ = f"/identities/{client}"
        self.declare(
            "azure-native:managedidentity:UserAssignedIdentity",
            f"{path}/identity",
            {"resourceName": client},
            id=id_,
            principalId=client,
        )
        self.declare("azure-native:keyvault:Secret", f"{path}/db", {"secretName": f"{client}-db", "vaultName": "kv"})
        credential = {"issuer": "https://i", "subject": account, "audiences": ["a"]}
        self.declare(
            "azure-native:managedidentity:FederatedIdentityCredential",
            f"{path}/credential",
            {"resourceName": client, "federatedIdentityCredentialResourceName": client, **credential},
        )
        self.found[f"{id_}/federatedIdentityCredentials"] = [{"name": client, "properties": credential}]
        properties = {"principalId": client, "roleDefinitionId": _ROLE, "scope": f"{_VAULT}/secrets/{client}-db"}
        self.declare(
            "azure-native:authorization:RoleAssignment", f"{path}/role", {"roleAssignmentName": client, **properties}
        )
        self.assignments.append({"name": client, "properties": properties})
        other = {"principalId": f"other-{client}", "roleDefinitionId": _ROLE, "scope": "/subscriptions/s/elsewhere"}
        self.assignments.append({"name": f"other-{client}", "properties": other})

    def get(self, path: str, version: str) -> Any:
        """Respond as the Resource Manager does."""
        self.ask()
        if path not in self.found:
            raise AbsentError("there is nothing of that name")
        return self.found[path]

    list = get


class _Credential:
    """Lets a workload in by a token of its own account, as the directory does."""

    def __init__(self, fake: FakeKeyVaultStack, tenant: str, client: str, assertion: Any) -> None:
        self.client, self._stack, self._assertion = client, fake, assertion

    def get_token(self, scope: str) -> None:
        self._stack.ask()
        _, account, audience = self._assertion().split("/", 2)
        if (account, audience) != (self.client, "api://AzureADTokenExchange"):
            raise ClientAuthenticationError("AADSTS700213: no match")


class _Client:
    """A client of the vault, which reads its identity's own secret."""

    def __init__(self, fake: FakeKeyVaultStack, credential: _Credential) -> None:
        self._stack, self._credential = fake, credential

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any, **_: Any) -> Any:
            self._stack.ask()
            if (name, *given) == ("get_secret", f"{self._credential.client}-db", None):
                return SimpleNamespace(value=VALUE)
            error = HttpResponseError("no")
            error.status_code = 403
            error.error = ODataV4Format(
                {"code": "Forbidden", "message": "no", "innererror": {"code": "ForbiddenByRbac"}}
            )
            raise error

        return call
