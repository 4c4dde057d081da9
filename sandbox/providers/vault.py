"""The `vault` provider: a table of resource types and the API paths that they stand for."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import hvac
import requests
import urllib3
from hvac.exceptions import InvalidPath, VaultDown, VaultError
from requests.adapters import HTTPAdapter

from .protocol import Properties, Provider, ProviderError
from .values import UNKNOWN


@dataclass(frozen=True)
class Kind:
    """A resource type, as Vault's API has it."""

    path: str
    """Where it is written, read and deleted, with inputs in braces."""

    id: str
    """Its id, as the official provider composes it."""

    fields: Mapping[str, str]
    """Input to parameter of the API."""

    immutable: Collection[str]
    """Inputs whose change makes another resource."""

    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Inputs that the official provider fills in."""

    new: bool = False
    """Whether creating it fails where it exists; otherwise it is written over."""

    updated_at: str | None = None
    """Where a change is written, if elsewhere."""

    updatable: Collection[str] | None = None
    """The inputs that a change writes; all of them where it is `None`."""

    removable: bool = True
    """Whether Vault can delete it."""

    computed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Output to field of the API's answer."""


_MOUNTED = {"type": "type", "description": "description", "options": "options", "local": "local"}

KINDS: Mapping[str, Kind] = {
    "vault:index/mount:Mount": Kind(
        path="sys/mounts/{path}",
        id="{path}",
        fields={**_MOUNTED, "sealWrap": "seal_wrap"},
        immutable=("path", "type", "local", "sealWrap"),
        new=True,
        updated_at="sys/mounts/{path}/tune",
        updatable=("description", "options"),
        computed={"accessor": "accessor"},
    ),
    "vault:index/authBackend:AuthBackend": Kind(
        path="sys/auth/{path}",
        id="{path}",
        fields={key: _MOUNTED[key] for key in ("type", "description", "local")},
        immutable=("path", "type", "local"),
        defaults={},
        new=True,
        updated_at="sys/auth/{path}/tune",
        updatable=("description",),
        computed={"accessor": "accessor"},
    ),
    "vault:index/policy:Policy": Kind(
        path="sys/policies/acl/{name}", id="{name}", fields={"policy": "policy"}, immutable=("name",)
    ),
    "vault:kv/secretV2:SecretV2": Kind(
        path="{mount}/data/{name}", id="{mount}/data/{name}", fields={}, immutable=("mount", "name")
    ),
    "vault:kubernetes/authBackendConfig:AuthBackendConfig": Kind(
        path="auth/{backend}/config",
        id="auth/{backend}/config",
        fields={
            "kubernetesHost": "kubernetes_host",
            "kubernetesCaCert": "kubernetes_ca_cert",
            "tokenReviewerJwt": "token_reviewer_jwt",
            "pemKeys": "pem_keys",
            "issuer": "issuer",
            "disableIssValidation": "disable_iss_validation",
            "disableLocalCaJwt": "disable_local_ca_jwt",
        },
        immutable=("backend",),
        defaults={"backend": "kubernetes"},
        removable=False,
    ),
    "vault:kubernetes/authBackendRole:AuthBackendRole": Kind(
        path="auth/{backend}/role/{roleName}",
        id="auth/{backend}/role/{roleName}",
        fields={
            "boundServiceAccountNames": "bound_service_account_names",
            "boundServiceAccountNamespaces": "bound_service_account_namespaces",
            "audience": "audience",
            "aliasNameSource": "alias_name_source",
            "tokenTtl": "token_ttl",
            "tokenMaxTtl": "token_max_ttl",
            "tokenExplicitMaxTtl": "token_explicit_max_ttl",
            "tokenPeriod": "token_period",
            "tokenPolicies": "token_policies",
            "tokenNoDefaultPolicy": "token_no_default_policy",
            "tokenNumUses": "token_num_uses",
            "tokenBoundCidrs": "token_bound_cidrs",
            "tokenType": "token_type",
        },
        immutable=("backend", "roleName"),
        defaults={"backend": "kubernetes"},
    ),
}

_KV = "vault:kv/secretV2:SecretV2"
_RETRIES = urllib3.Retry(
    total=5,
    backoff_factor=0.3,
    status_forcelist=(412, 429, 500, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
)


class VaultProvider(Provider):
    """Writes what the table says to a Vault."""

    package = "vault"
    always_secret = ("dataJson", "data", "tokenReviewerJwt")

    def __init__(self, configuration: Properties) -> None:
        self._address = configuration.get("address") or os.environ.get("VAULT_ADDR", "")
        token = configuration.get("token") or os.environ.get("VAULT_TOKEN")
        self._client: Any = hvac.Client(
            url=self._address,
            token=token,
            namespace=configuration.get("namespace"),
            verify=configuration.get("caCertFile") or True,
            timeout=30,
        )
        self._client.session.mount("https://", HTTPAdapter(max_retries=_RETRIES, pool_maxsize=32))

    @classmethod
    def check(cls, kind: str, inputs: Properties, before: Properties, unique: str, name: str) -> Properties:
        """Fill in the official provider's defaults."""
        return {**_kind(kind).defaults, **inputs}

    @classmethod
    def immutable(cls, kind: str) -> Collection[str]:
        """What makes another resource."""
        return (*_kind(kind).immutable, "namespace")

    def unknown(self, kind: str, inputs: Properties) -> Properties:
        """Vault computes accessors and metadata."""
        computed: Properties = dict.fromkeys(_kind(kind).computed, UNKNOWN)
        return {**inputs, **computed, **({"data": UNKNOWN, "metadata": UNKNOWN} if kind == _KV else {})}

    def create(self, kind: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Write it; a mount or an auth method must be new."""
        entry = _kind(kind)
        path = entry.path.format(**inputs)
        if entry.new and self._found(path) is not None:
            raise ProviderError(f"{path} exists already in {self._address}: choose another path, or use what exists")
        self._ask("write", path, lambda: self._client.adapter.post(f"/v1/{path}", json=_body(kind, inputs)))
        return entry.id.format(**inputs), self._outputs(kind, inputs)

    def read(
        self, kind: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """What Vault has, in the words of the inputs."""
        if not inputs:
            raise ProviderError(f"{kind} can't be imported by the sandbox's stand-in")
        found = self._found(_kind(kind).path.format(**inputs))
        if found is None:
            return None
        now = _inputs(kind, inputs, found)
        return self._outputs(kind, now), now

    def update(self, kind: str, id_: str, before: Properties, inputs: Properties, timeout: float) -> Properties:
        """Write what can change."""
        entry = _kind(kind)
        path = (entry.updated_at or entry.path).format(**inputs)
        body = _body(kind, inputs, entry.updatable)
        self._ask("write", path, lambda: self._client.adapter.post(f"/v1/{path}", json=body))
        return self._outputs(kind, inputs)

    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        """Delete it, if Vault can."""
        entry = _kind(kind)
        path = entry.path.format(**inputs)
        if kind == _KV and inputs.get("deleteAllVersions"):
            path = "{mount}/metadata/{name}".format(**inputs)
        if entry.removable:
            self._ask("delete", path, lambda: self._client.adapter.delete(f"/v1/{path}"))

    def _outputs(self, kind: str, inputs: Properties) -> Properties:
        entry = _kind(kind)
        if kind == _KV:
            found = self._found(entry.path.format(**inputs)) or {}
            metadata = {key: str(value) for key, value in (found.get("metadata") or {}).items()}
            return {**inputs, "data": found.get("data"), "metadata": metadata, "path": entry.path.format(**inputs)}
        if not entry.computed:
            return inputs
        found = self._found(entry.path.format(**inputs)) or {}
        return {**inputs, **{output: found.get(name) for output, name in entry.computed.items()}}

    def _found(self, path: str) -> Properties | None:
        answer = self._ask("read", path, lambda: self._client.adapter.get(f"/v1/{path}"))
        return None if answer is None else answer["data"]

    def _ask(self, verb: str, path: str, call: Any) -> Properties | None:
        try:
            answer = call()
        except InvalidPath:
            return None
        except VaultDown:
            raise ProviderError(
                f"Vault at {self._address} is sealed or not initialised: unseal it and run again"
            ) from None
        except VaultError as error:
            reason = "; ".join(map(str, error.errors or [])) or type(error).__name__
            if (verb == "read" and "No secret engine mount at" in reason) or "No auth engine at" in reason:
                return None
            raise ProviderError(f"can't {verb} {path} in {self._address}: {reason}") from None
        except requests.RequestException as error:
            raise ProviderError(
                f"Vault at {self._address} can't be reached ({type(error).__name__}): start it and run again"
            ) from None
        return answer if isinstance(answer, dict) else None


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise ProviderError(f"{kind} is not in the sandbox's stand-in: it has {', '.join(KINDS)}")
    return KINDS[kind]


def _body(kind: str, inputs: Properties, only: Collection[str] | None = None) -> Properties:
    if kind == _KV:
        return {"data": json.loads(inputs["dataJson"])}
    return {
        parameter: inputs[name]
        for name, parameter in KINDS[kind].fields.items()
        if name in inputs and (only is None or name in only)
    }


def _inputs(kind: str, inputs: Properties, found: Properties) -> Properties:
    """`inputs` as they would have to be to give what was `found`; what Vault never gives back stays."""
    if kind == _KV:
        same = found.get("data") == json.loads(inputs["dataJson"])
        return inputs if same else {**inputs, "dataJson": json.dumps(found.get("data"), sort_keys=True)}
    fields = KINDS[kind].fields
    return {
        name: found[fields[name]] if name in fields and fields[name] in found else value
        for name, value in inputs.items()
    }
