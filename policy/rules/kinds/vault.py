"""Kinds of resources in Vault."""

APP_ROLE = "vault:appRole/authBackendRole:AuthBackendRole"
AUDIT = "vault:index/audit:Audit"
AUTH_METHOD = "vault:index/authBackend:AuthBackend"
BOOTSTRAP = "pulumi-python:dynamic/strongroom:Bootstrap"
DATABASE = "vault:database/secretBackendConnection:SecretBackendConnection"
DATABASE_ROLE = "vault:database/secretBackendRole:SecretBackendRole"
DATABASE_STATIC_ROLE = "vault:database/secretBackendStaticRole:SecretBackendStaticRole"
ENDPOINT = "vault:generic/endpoint:Endpoint"
GITHUB = "vault:github/authBackend:AuthBackend"
GROUP = "vault:identity/group:Group"
JWT = "vault:jwt/authBackend:AuthBackend"
JWT_ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
KUBERNETES_CONFIG = "vault:kubernetes/authBackendConfig:AuthBackendConfig"
KUBERNETES_ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"
LDAP = "vault:ldap/authBackend:AuthBackend"
MOUNT = "vault:index/mount:Mount"
OBJECT = "vault:kv/secretV2:SecretV2"
PKI_REQUEST = "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest"
PKI_ROOT = "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert"
PKI_SIGNED = "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate"
PKI_SET_SIGNED = "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned"
PKI_URLS = "vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls"
PKI_ROLE = "vault:pkiSecret/secretBackendRole:SecretBackendRole"
POLICY = "vault:index/policy:Policy"
TOKEN = "vault:index/token:Token"  # noqa: S105 - a kind
USER = "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser"

METHODS = frozenset({AUTH_METHOD, GITHUB, JWT, LDAP})
"""The kinds that mount an auth method."""

ROLES = frozenset({APP_ROLE, JWT_ROLE, KUBERNETES_ROLE})
"""The kinds of an auth method's roles."""

PKI_PARTS = {
    PKI_REQUEST: "intermediate/generate/internal",
    PKI_ROOT: "root/generate/internal",
    PKI_SIGNED: "root/sign-intermediate",
    PKI_SET_SIGNED: "intermediate/set-signed",
    PKI_URLS: "config/urls",
}
"""The kinds by which a PKI engine becomes able to issue, with their paths below it."""

DATABASES = {DATABASE: "config", DATABASE_ROLE: "roles", DATABASE_STATIC_ROLE: "static-roles"}
"""The kinds of a database engine, with what stands before their names in its API."""
