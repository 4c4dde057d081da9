"""The `vault` provider: a table of resource types and the API paths that they stand for."""

import json
import os
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Literal
from urllib.parse import quote

import hvac
import requests
import urllib3
from hvac.exceptions import InvalidPath, VaultDown, VaultError, VaultNotInitialized
from requests.adapters import HTTPAdapter

from .protocol import Properties, Provider, ProviderError, UnreadyError
from .values import UNKNOWN, known


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

    listing: str | None = None
    """Where it is found, in a list by path, if it can't be read by itself."""

    mounts: str | None = None
    """The auth method that creating it mounts first and deleting it unmounts, where it is configuration of one."""

    elsewhere: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Output to the path where it is read, and the field there."""

    created_at: str | None = None
    """Where it is written for the first time, if elsewhere."""

    named: str | None = None
    """Field of the first write's answer that is its id, where Vault chooses that; `{id}` in `path` stands for it."""

    unsaid: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Parameters that are written where no input says them, and are no part of the state."""

    empty: Mapping[str, Any] | None = None
    """What it is taken for where it is gone; otherwise, the state drops it."""

    movable: str | None = None
    """What stands before its path in `sys/remount`, where another path moves it, with all that is below.

    (hashicorp/terraform-provider-vault: `util.Remount`)
    """

    answered: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Output to the field of the answer to the first write, or to several that are joined by lines."""

    unread: bool = False
    """Whether Vault gives back nothing of it: the state has all there is."""

    directives: Collection[str] = ()
    """Inputs that say how to write or delete it, and are no part of what Vault keeps."""

    @property
    def inputs(self) -> set[str]:
        """Every input that it takes."""
        named = {name for _, name, _, _ in Formatter().parse(self.path) if name}
        mounted = {"description"} if self.mounts else set[str]()
        return {*named, *self.fields, *self.defaults, *self.directives, *mounted, "namespace"} - {"id"}


_MOUNTED = {"type": "type", "description": "description", "options": "options", "local": "local"}
_LEASES = {
    "defaultLeaseTtlSeconds": "config.default_lease_ttl",
    "maxLeaseTtlSeconds": "config.max_lease_ttl",
    "listingVisibility": "config.listing_visibility",
    "auditNonHmacRequestKeys": "config.audit_non_hmac_request_keys",
    "auditNonHmacResponseKeys": "config.audit_non_hmac_response_keys",
    "passthroughRequestHeaders": "config.passthrough_request_headers",
    "allowedResponseHeaders": "config.allowed_response_headers",
}
_TOKENS = {
    "tokenTtl": "token_ttl",
    "tokenMaxTtl": "token_max_ttl",
    "tokenExplicitMaxTtl": "token_explicit_max_ttl",
    "tokenPeriod": "token_period",
    "tokenPolicies": "token_policies",
    "tokenNoDefaultPolicy": "token_no_default_policy",
    "tokenNumUses": "token_num_uses",
    "tokenBoundCidrs": "token_bound_cidrs",
    "tokenType": "token_type",
}

KINDS: dict[str, Kind] = {
    "vault:index/mount:Mount": Kind(
        path="sys/mounts/{path}",
        id="{path}",
        fields={**_MOUNTED, **_LEASES, "sealWrap": "seal_wrap"},
        immutable=("type", "local", "sealWrap"),
        movable="",
        new=True,
        updated_at="sys/mounts/{path}/tune",
        updatable=("description", "options", *_LEASES),
        computed={"accessor": "accessor"},
    ),
    "vault:index/authBackend:AuthBackend": Kind(
        path="sys/auth/{path}",
        id="{path}",
        fields={key: _MOUNTED[key] for key in ("type", "description", "local")},
        immutable=("type", "local"),
        movable="auth/",
        new=True,
        updated_at="sys/auth/{path}/tune",
        updatable=("description",),
        computed={"accessor": "accessor"},
    ),
    "vault:index/policy:Policy": Kind(
        path="sys/policies/acl/{name}",
        id="{name}",
        fields={"policy": "policy"},
        immutable=("name",),
        empty={"policy": ""},
    ),
    "vault:index/audit:Audit": Kind(
        path="sys/audit/{path}",
        id="{path}",
        fields=_MOUNTED,
        immutable=("path", "type", "description", "options", "local"),
        new=True,
        listing="sys/audit",
    ),
    "vault:kv/secretV2:SecretV2": Kind(
        path="{mount}/data/{name}",
        id="{mount}/data/{name}",
        fields={},
        immutable=("mount", "name"),
        directives=("dataJson", "cas", "options", "deleteAllVersions", "disableRead"),
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
        unsaid={"disable_iss_validation": False},
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
            **_TOKENS,
        },
        immutable=("backend", "roleName"),
        defaults={"backend": "kubernetes"},
    ),
    "vault:jwt/authBackendRole:AuthBackendRole": Kind(
        path="auth/{backend}/role/{roleName}",
        id="auth/{backend}/role/{roleName}",
        fields={
            "roleType": "role_type",
            "userClaim": "user_claim",
            "boundAudiences": "bound_audiences",
            "boundClaims": "bound_claims",
            "boundClaimsType": "bound_claims_type",
            "boundSubject": "bound_subject",
            "claimMappings": "claim_mappings",
            "clockSkewLeeway": "clock_skew_leeway",
            "expirationLeeway": "expiration_leeway",
            "notBeforeLeeway": "not_before_leeway",
            "groupsClaim": "groups_claim",
            "allowedRedirectUris": "allowed_redirect_uris",
            "oidcScopes": "oidc_scopes",
            **_TOKENS,
        },
        immutable=("backend", "roleName"),
        defaults={"backend": "jwt"},
    ),
}

_CONNECTION = "vault:database/secretBackendConnection:SecretBackendConnection"
_ENDPOINT = "vault:generic/endpoint:Endpoint"
_PLUGINS = ("postgresql", "mysql")
_DETAILS = {"connectionUrl": "connection_url", "username": "username", "passwordWo": "password", "tlsCa": "tls_ca"}
"""What a database's block has, and the API's parameters beside the plugin's name."""

_KEYED = {"commonName": "common_name", "keyType": "key_type", "keyBits": "key_bits"}
_NAMED = {**_KEYED, "ttl": "ttl"}
_SIGNED = {"csr": "csr", "commonName": "common_name", "ttl": "ttl", "maxPathLength": "max_path_length"}

KINDS |= {
    _CONNECTION: Kind(
        path="{backend}/config/{name}",
        id="{backend}/config/{name}",
        fields={"allowedRoles": "allowed_roles"},
        immutable=("backend", "name"),
        directives=_PLUGINS,
    ),
    "vault:database/secretBackendRole:SecretBackendRole": Kind(
        path="{backend}/roles/{name}",
        id="{backend}/roles/{name}",
        fields={
            "dbName": "db_name",
            "creationStatements": "creation_statements",
            "revocationStatements": "revocation_statements",
            "defaultTtl": "default_ttl",
            "maxTtl": "max_ttl",
        },
        immutable=("backend", "name", "dbName"),
    ),
    "vault:database/secretBackendStaticRole:SecretBackendStaticRole": Kind(
        path="{backend}/static-roles/{name}",
        id="{backend}/static-roles/{name}",
        fields={
            "dbName": "db_name",
            "username": "username",
            "rotationPeriod": "rotation_period",
            "rotationSchedule": "rotation_schedule",
            "rotationWindow": "rotation_window",
        },
        immutable=("backend", "name", "dbName", "username"),
    ),
    "vault:pkiSecret/secretBackendRole:SecretBackendRole": Kind(
        path="{backend}/roles/{name}",
        id="{backend}/roles/{name}",
        fields={
            "allowedDomains": "allowed_domains",
            "allowBareDomains": "allow_bare_domains",
            "allowSubdomains": "allow_subdomains",
            "allowGlobDomains": "allow_glob_domains",
            "allowWildcardCertificates": "allow_wildcard_certificates",
            "allowAnyName": "allow_any_name",
            "allowLocalhost": "allow_localhost",
            "allowIpSans": "allow_ip_sans",
            "enforceHostnames": "enforce_hostnames",
            "serverFlag": "server_flag",
            "clientFlag": "client_flag",
            "keyType": "key_type",
            "keyBits": "key_bits",
            "ttl": "ttl",
            "maxTtl": "max_ttl",
            "issuerRef": "issuer_ref",
        },
        immutable=("backend", "name"),
    ),
    "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert": Kind(
        path="{backend}/root/generate/{type}",
        id="{backend}/root/generate/{type}",
        fields=_NAMED,
        immutable=("backend", "type", *_NAMED),
        answered={"certificate": ("certificate",), "issuingCa": ("issuing_ca",), "serialNumber": ("serial_number",)},
        unread=True,
        removable=False,
    ),
    "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest": Kind(
        path="{backend}/intermediate/generate/{type}",
        id="{backend}/intermediate/generate/{type}",
        fields=_KEYED,
        immutable=("backend", "type", *_KEYED),
        answered={"csr": ("csr",)},
        unread=True,
        removable=False,
    ),
    "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate": Kind(
        path="{backend}/root/sign-intermediate",
        id="{backend}/root/sign-intermediate/{commonName}",
        fields=_SIGNED,
        immutable=("backend", *_SIGNED),
        answered={"certificate": ("certificate",), "certificateBundle": ("certificate", "issuing_ca")},
        unread=True,
        removable=False,
    ),
    "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned": Kind(
        path="{backend}/intermediate/set-signed",
        id="{backend}/intermediate/set-signed",
        fields={"certificate": "certificate"},
        immutable=("backend", "certificate"),
        answered={"importedIssuers": ("imported_issuers",)},
        unread=True,
        removable=False,
    ),
    "vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls": Kind(
        path="{backend}/config/urls",
        id="{backend}/config/urls",
        fields={
            "issuingCertificates": "issuing_certificates",
            "crlDistributionPoints": "crl_distribution_points",
            "ocspServers": "ocsp_servers",
        },
        immutable=("backend",),
        removable=False,
    ),
    _ENDPOINT: Kind(
        path="{path}",
        id="{path}",
        fields={},
        immutable=("path",),
        directives=("dataJson", "disableRead", "disableDelete"),
    ),
}

_ACCESSOR = {"accessor": ("sys/auth/{path}", "accessor")}


def _login(mounts: str, fields: Mapping[str, str], **options: Any) -> Kind:
    """Return an auth method that is mounted and configured in one."""
    return Kind(
        path="auth/{path}/config",
        id="{path}",
        fields={**fields, **options.pop("tokens", _TOKENS)},
        immutable=("type",) if mounts == "{type}" else (),
        movable="auth/",
        new=True,
        mounts=mounts,
        elsewhere=_ACCESSOR,
        **options,
    )


KINDS |= {
    "vault:jwt/authBackend:AuthBackend": _login(
        "{type}",
        {
            "boundIssuer": "bound_issuer",
            "defaultRole": "default_role",
            "jwksCaPem": "jwks_ca_pem",
            "jwksUrl": "jwks_url",
            "jwtValidationPubkeys": "jwt_validation_pubkeys",
            "oidcClientId": "oidc_client_id",
            "oidcClientSecret": "oidc_client_secret",
            "oidcDiscoveryCaPem": "oidc_discovery_ca_pem",
            "oidcDiscoveryUrl": "oidc_discovery_url",
        },
        tokens={},
        defaults={"type": "jwt", "path": "jwt"},
    ),
    "vault:ldap/authBackend:AuthBackend": _login(
        "ldap",
        {
            "url": "url",
            "userdn": "userdn",
            "userattr": "userattr",
            "groupdn": "groupdn",
            "groupattr": "groupattr",
            "groupfilter": "groupfilter",
            "binddn": "binddn",
            "bindpass": "bindpass",
            "discoverdn": "discoverdn",
            "certificate": "certificate",
            "starttls": "starttls",
            "insecureTls": "insecure_tls",
        },
        defaults={"path": "ldap"},
    ),
    "vault:github/authBackend:AuthBackend": _login(
        "github",
        {"organization": "organization", "organizationId": "organization_id", "baseUrl": "base_url"},
        defaults={"path": "github"},
    ),
    "vault:appRole/authBackendRole:AuthBackendRole": Kind(
        path="auth/{backend}/role/{roleName}",
        id="auth/{backend}/role/{roleName}",
        fields={
            "secretIdTtl": "secret_id_ttl",
            "secretIdNumUses": "secret_id_num_uses",
            "secretIdBoundCidrs": "secret_id_bound_cidrs",
            "bindSecretId": "bind_secret_id",
            **_TOKENS,
        },
        immutable=("backend", "roleName"),
        defaults={"backend": "approle"},
        elsewhere={"roleId": ("auth/{backend}/role/{roleName}/role-id", "role_id")},
    ),
    "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser": Kind(
        path="auth/{mount}/users/{username}",
        id="auth/{mount}/users/{username}",
        fields={"passwordWo": "password", **_TOKENS},
        immutable=("mount", "username"),
        directives=("passwordWoVersion",),
    ),
    "vault:identity/group:Group": Kind(
        path="identity/group/id/{id}",
        id="{id}",
        fields={"name": "name", "type": "type", "policies": "policies"},
        immutable=("type",),
        created_at="identity/group",
        named="id",
    ),
    "vault:identity/groupAlias:GroupAlias": Kind(
        path="identity/group-alias/id/{id}",
        id="{id}",
        fields={"name": "name", "mountAccessor": "mount_accessor", "canonicalId": "canonical_id"},
        immutable=(),
        created_at="identity/group-alias",
        named="id",
    ),
}

_TAKEN = "path is already in use"
_KV = "vault:kv/secretV2:SecretV2"
_JWT, _KEYS = "vault:jwt/authBackend:AuthBackend", "jwtValidationPubkeys"
_CHILD_SECONDS = 1200
_MOVING_SECONDS = 60
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

    def __init__(self, configuration: Properties) -> None:
        self._address = configuration.get("address") or os.environ.get("VAULT_ADDR", "")
        if not self._address:
            raise ProviderError("the vault provider has no address: set it, or VAULT_ADDR")
        if str(configuration.get("skipTlsVerify")).lower() == "true":
            raise ProviderError(
                "skipTlsVerify is not in the sandbox's fake vault provider: give it the CA with caCertFile"
            )
        self._namespace = configuration.get("namespace") or ""
        self._skips_child = str(configuration.get("skipChildToken")).lower() == "true"
        self._beginning = threading.Lock()
        self._has_begun = False
        self._client: Any = hvac.Client(
            url=self._address,
            token=configuration.get("token") or os.environ.get("VAULT_TOKEN"),
            verify=configuration.get("caCertFile") or os.environ.get("VAULT_CACERT") or True,
            timeout=30,
        )
        self._given = self._client.token
        for scheme in ("https://", "http://"):
            self._client.session.mount(scheme, HTTPAdapter(max_retries=_RETRIES, pool_maxsize=32))

    @classmethod
    def secret(cls, kind: str) -> Collection[str]:
        """Return what Vault is there to keep."""
        return (
            "dataJson",
            "data",
            "tokenReviewerJwt",
            "bindpass",
            "oidcClientSecret",
            "passwordWo",
            "passwordWoVersion",
        )

    @classmethod
    def check(cls, kind: str, inputs: Properties, before: Properties, unique: str, name: str) -> Properties:
        """Fill in the official provider's defaults; refuse what the table hasn't."""
        entry = _kind(kind)
        checked = {**entry.defaults, **inputs}
        if "{path}" in entry.path and checked.get("path") is None:
            checked["path"] = checked["type"]
        for key, value in checked.items():
            if key not in entry.inputs and not key.startswith("__"):
                raise ProviderError(
                    f"{key} of {kind} is not in the sandbox's fake provider: it needs the official provider"
                )
            if key in {"path", "mount", "backend"} and isinstance(value, str):
                checked[key] = value.strip("/")
        if kind == _KV and known(checked.get("dataJson")):
            _document(checked)
        return checked

    @classmethod
    def same(cls, kind: str, before: Properties, after: Properties, outputs: Properties) -> Properties:
        """Return `after`, a document that is only written in another way and a key as they were `before`."""
        if kind == _JWT and after.get(_KEYS) and known(after[_KEYS]):
            return {**after, _KEYS: [key.strip() for key in after[_KEYS]]}
        documents = [inputs.get("dataJson") for inputs in (before, after)]
        if kind != _KV or not known(documents) or _document(before) != _document(after):
            return after
        return {**after, "dataJson": before["dataJson"]}

    @classmethod
    def immutable(cls, kind: str, before: Properties | None = None) -> Collection[str]:
        """Return what makes another resource."""
        return (*_kind(kind).immutable, "namespace")

    @classmethod
    def same_name(cls, kind: str, after: Properties, before: Properties | None = None) -> bool:
        """Return whether both would be written to one path."""
        entry, space, before = _kind(kind), "namespace", before or after
        if entry.named:
            return False
        return _at(entry.path, before) == _at(entry.path, after) and before.get(space) == after.get(space)

    def computed(self, kind: str, before: Properties | None, inputs: Properties) -> Properties:
        """Vault computes accessors and metadata."""
        if kind == _KV and (before is None or before.get("dataJson") != inputs.get("dataJson")):
            return {"data": UNKNOWN, "metadata": UNKNOWN}
        entry = _kind(kind)
        return dict.fromkeys((*entry.computed, *entry.elsewhere, *entry.answered), UNKNOWN) if before is None else {}

    def create(self, kind: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Write it; a mount, an auth method or an audit device must be new."""
        entry = _kind(kind)
        path = _at(entry.created_at or entry.path, inputs)
        mount = f"sys/auth/{inputs['path']}" if entry.mounts else None
        if entry.new and (self._ask("read", mount, inputs) if mount else self._found(kind, "", inputs)) is not None:
            # Vault's own words, with which the official plugin fails.
            taken = f"{_TAKEN} at {inputs['path']}/"
            raise ProviderError(
                f"can't write {mount or path} in {self._address}: {taken}; choose another path, or use what exists"
            )
        if mount:
            body = {"type": str(entry.mounts).format(**inputs), "description": inputs.get("description", "")}
            self._written(mount, inputs, body, new=True)
        try:
            answer = self._written(path, inputs, _body(kind, inputs), new=entry.new and not mount)
        except ProviderError:
            if mount:
                self._ask("delete", mount, inputs)
            raise
        id_ = str(((answer or {}).get("data") or {}).get(entry.named)) if entry.named else entry.id.format(**inputs)
        said = (answer or {}).get("data") or {}
        answered = {
            output: said[names[0]] if len(names) == 1 else "\n".join(said[name] for name in names)
            for output, names in entry.answered.items()
        }
        return id_, {**self._outputs(kind, id_, inputs), **answered}

    def read(
        self, kind: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Return what Vault has, in the words of the inputs."""
        if not inputs:
            raise ProviderError(f"{kind} can't be imported by the sandbox's fake provider")
        if inputs.get("disableRead") or _kind(kind).unread:
            return outputs, inputs
        found, empty = self._found(kind, id_, inputs), _kind(kind).empty
        if found is None and empty is not None:
            return {**outputs, **empty}, {**inputs, **empty}
        if found is None:
            return None
        if kind == _KV and outputs:
            # The official plugin never looks at what the value has become, or whether its version was deleted.
            self._read_metadata(inputs)
            return outputs, inputs
        now = _inputs(kind, inputs, found)
        return self._outputs(kind, id_, now), now

    def update(self, kind: str, id_: str, before: Properties, inputs: Properties, timeout: float) -> Properties:
        """Write what can change; what was taken out of the inputs is emptied, as Vault would keep it."""
        entry = _kind(kind)
        emptied = {key: type(value)() for key, value in before.items() if key not in inputs and value is not None}
        changed = {**emptied, **inputs}
        if entry.movable is not None and before.get("path") != inputs.get("path"):
            self._move(entry.movable, id_, before, inputs)
        path = _at(entry.updated_at or entry.path, {**inputs, "id": id_})
        if entry.updatable is None:
            body = _body(kind, changed)
            if kind == _CONNECTION and _get_version(before) == _get_version(inputs):
                # The official plugin never sends a password again over the one that Vault made.
                body.pop("password", None)
        else:
            body = _tuning(kind, {key: value for key, value in changed.items() if key in entry.updatable})
        self._ask("write", path, inputs, body)
        return self._outputs(kind, id_, inputs)

    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        """Delete it, if Vault can."""
        entry = _kind(kind)
        everything = kind == _KV and inputs.get("deleteAllVersions")
        path = "sys/auth/{path}" if entry.mounts else "{mount}/metadata/{name}" if everything else entry.path
        if entry.removable and not inputs.get("disableDelete"):
            self._ask("delete", _at(path, {**inputs, "id": id_}), inputs)

    def _move(self, prefix: str, id_: str, before: Properties, inputs: Properties) -> None:
        """Have Vault move a mount. (Vault docs: "/sys/remount")

        :raises UnreadyError: It fails, and the state has the new path by then, as the official plugin leaves it.
        """
        places = {"from": f"{prefix}{before['path']}", "to": f"{prefix}{inputs['path']}"}
        try:
            answer = self._ask("write", "sys/remount", inputs, places) or {}
            migration = (answer.get("data") or {}).get("migration_id")
            end, status = time.monotonic() + _MOVING_SECONDS, "in-progress"
            while status == "in-progress" and time.monotonic() < end:
                time.sleep(0.2)
                answer = self._ask("read", f"sys/remount/status/{migration}", inputs) or {}
                status = ((answer.get("data") or {}).get("migration_info") or {}).get("status", "unknown")
        except ProviderError as error:
            raise UnreadyError(f"error remounting to {places['to']}: {error}", id_, inputs) from None
        if status != "success":
            raise UnreadyError(f"error remounting to {places['to']}: its status is {status}", id_, inputs)

    def _read_metadata(self, inputs: Properties) -> None:
        """Read an object's metadata, as the official plugin does: its token needs the right."""
        self._ask("read", _at("{mount}/metadata/{name}", inputs), inputs)

    def _outputs(self, kind: str, id_: str, inputs: Properties) -> Properties:
        entry = _kind(kind)
        if kind == _KV:
            if inputs.get("disableRead"):
                return {**inputs, "path": entry.id.format(**inputs)}
            found = self._found(kind, id_, inputs) or {}
            self._read_metadata(inputs)
            data = {key: _text(value) for key, value in (found.get("data") or {}).items()}
            metadata = {key: _text(value) for key, value in (found.get("metadata") or {}).items() if value is not None}
            return {**inputs, "data": data, "metadata": metadata, "path": entry.id.format(**inputs)}
        outputs = dict(inputs)
        if entry.computed:
            found = self._found(kind, id_, inputs) or {}
            outputs |= {output: found.get(name) for output, name in entry.computed.items()}
        for output, (path, name) in entry.elsewhere.items():
            answer = self._ask("read", _at(path, inputs), inputs) or {}
            outputs[output] = (answer.get("data") or {}).get(name)
        return outputs

    def _written(self, path: str, inputs: Properties, body: Properties, *, new: bool) -> Properties | None:
        try:
            return self._ask("write", path, inputs, body)
        except ProviderError as error:
            # It wasn't there a moment ago: a first attempt made it, of which the answer was lost.
            if new and _TAKEN in str(error):
                return None
            raise

    def _found(self, kind: str, id_: str, inputs: Properties) -> Properties | None:
        entry = _kind(kind)
        if entry.listing:
            answer = self._ask("read", entry.listing, inputs)
            return ((answer or {}).get("data") or {}).get(f"{inputs['path']}/")
        answer = self._ask("read", _at(entry.path, {**inputs, "id": id_}), inputs)
        return None if answer is None else answer["data"]

    def _ask(
        self, verb: Literal["read", "write", "delete"], path: str, inputs: Properties, body: Properties | None = None
    ) -> Properties | None:
        with self._beginning:
            if not self._has_begun:
                self._begin()
            self._has_begun = True
        return self._send(verb, path, inputs, body)

    def _begin(self) -> None:
        """Look the token up, and go on with a child of it that ends soon. (Vault provider docs: "Token")"""
        if not self._given:
            return
        self._send("read", "auth/token/lookup-self", {})
        if self._skips_child:
            return
        life = f"{_CHILD_SECONDS}s"
        child = {"display_name": "terraform", "ttl": life, "explicit_max_ttl": life, "renewable": False}
        try:
            answer = self._send("write", "auth/token/create", {}, child) or {}
        except ProviderError as error:
            raise ProviderError(f"failed to create limited child token: {error}") from None
        self._client.token = answer["auth"]["client_token"]

    def _send(
        self, verb: Literal["read", "write", "delete"], path: str, inputs: Properties, body: Properties | None = None
    ) -> Properties | None:
        namespace = "/".join(part.strip("/") for part in (self._namespace, inputs.get("namespace") or "") if part)
        headers = {"X-Vault-Namespace": namespace} if namespace else {}
        method = {"read": "get", "write": "post", "delete": "delete"}[verb]
        try:
            answer = self._client.adapter.request(method, f"/v1/{path}", headers=headers, json=body)
        except VaultNotInitialized:
            raise ProviderError(f"Vault at {self._address} is not initialised: initialise it and run again") from None
        except VaultDown as error:
            state = "is sealed" if "sealed" in str(error.errors) else "is not available"
            raise ProviderError(f"Vault at {self._address} {state}: unseal it and run again") from None
        except VaultError as error:
            reason = " ".join("; ".join(map(str, error.errors or [])).split()) or type(error).__name__
            absent = isinstance(error, InvalidPath) or "No secret engine mount at" in reason
            deleted = (getattr(error, "json", None) or {}).get("data")
            if verb == "read" and absent and deleted:
                return {"data": deleted}  # a version that was deleted still has metadata
            if verb != "write" and (absent or "No auth engine at" in reason):
                return None
            # It may quote what it was sent, and only the inputs' secrets are known to the protocol.
            for token in filter(None, (self._given, self._client.token)):
                reason = reason.replace(token, "[secret]")
            raise ProviderError(f"can't {verb} {path} in {self._address}: {reason}") from None
        except requests.RequestException as error:
            raise ProviderError(
                f"Vault at {self._address} can't be reached ({type(error).__name__}): start it and run again"
            ) from None
        return answer if isinstance(answer, dict) else None


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise ProviderError(f"{kind} is not in the sandbox's fake provider: it has {', '.join(KINDS)}")
    return KINDS[kind]


def _at(path: str, inputs: Properties) -> str:
    return quote(path.format(**inputs), safe="/")


def _document(inputs: Properties) -> Properties:
    try:
        document = json.loads(inputs["dataJson"])
    except (KeyError, TypeError, ValueError):
        document = None
    if not isinstance(document, dict):
        raise ProviderError("dataJson must be a JSON object")
    return document


def _body(kind: str, inputs: Properties) -> Properties:
    if kind == _KV:
        options = {**(inputs.get("options") or {}), **({"cas": inputs["cas"]} if inputs.get("cas") is not None else {})}
        return {"data": _document(inputs), **({"options": options} if options else {})}
    if kind == _ENDPOINT:
        return _document(inputs)
    body: Properties = dict(KINDS[kind].unsaid)
    for plugin in _PLUGINS if kind == _CONNECTION else ():
        if details := inputs.get(plugin):
            body["plugin_name"] = f"{plugin}-database-plugin"
            body |= {parameter: details[name] for name, parameter in _DETAILS.items() if name in details}
    for name, parameter in KINDS[kind].fields.items():
        if name in inputs:
            group, _, key = parameter.rpartition(".")
            (body.setdefault(group, {}) if group else body)[key] = inputs[name]
    return body


def _get_version(inputs: Properties) -> Any:
    return [(inputs.get(plugin) or {}).get("passwordWoVersion") for plugin in _PLUGINS]


def _tuning(kind: str, inputs: Properties) -> Properties:
    """As `_body`, where the API takes a mount's configuration beside its description."""
    body = _body(kind, inputs)
    configuration = body.pop("config", {})
    return {**body, **configuration}


def _inputs(kind: str, inputs: Properties, found: Properties) -> Properties:
    """Return `inputs` as they would have to be to give what was `found`; what Vault never gives back stays."""
    if kind == _KV:
        same = found.get("data") == _document(inputs)
        return inputs if same else {**inputs, "dataJson": json.dumps(found.get("data"), sort_keys=True)}
    now = dict(inputs)
    for plugin in _PLUGINS if kind == _CONNECTION else ():
        if details := inputs.get(plugin):
            given = found.get("connection_details") or {}
            there = {name: given[parameter] for name, parameter in _DETAILS.items() if parameter in given}
            now[plugin] = {**details, **{name: value for name, value in there.items() if name in details}}
    for name, parameter in KINDS[kind].fields.items():
        group, _, key = parameter.rpartition(".")
        there = (found.get(group) or {}) if group else found
        if name in inputs and key in there and not _alike(inputs[name], there[key]):
            now[name] = there[key]
    return now


def _alike(written: Any, given: Any) -> bool:
    """Return whether Vault gives back what was `written`, in its own way of writing."""
    if isinstance(written, list) and isinstance(given, list):
        return sorted(map(str, written)) == sorted(map(str, given))
    if isinstance(written, dict):
        return {key: str(value) for key, value in written.items()} == {
            key: str(value) for key, value in (given or {}).items() if key in written or value
        }
    return written == given or str(written).strip() == str(given).strip() or (not written and not given)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
