"""Rules of HashiCorp Vault."""

import math
import re
from collections.abc import Iterable, Sequence

from .durations import format_duration
from .kinds.kubernetes import PROVIDER_CLASS, RELEASE
from .kinds.vault import (
    APP_ROLE,
    AUDIT,
    BOOTSTRAP,
    DATABASE_ROLE,
    GITHUB,
    JWT_ROLE,
    LDAP,
    PKI_ROLE,
    POLICY,
    ROLES,
    TOKEN,
    USER,
)
from .pods import list_containers, list_pods
from .policies import UnreadablePolicyError, read_allowed_paths
from .rule import (
    UNKNOWN,
    Declared,
    Finding,
    KindsOf,
    Options,
    ResourceRule,
    StackRule,
    at,
    is_filled,
    lacks,
    listed,
    may_be_true,
)

PROVIDER = "pulumi:providers:vault"
TOKENS = {*ROLES, LDAP, GITHUB, USER, "vault:tokenauth/authBackendRole:AuthBackendRole"}
"""The kinds that set the TTL of a login's token."""

LEASES = {
    "vault:aws/secretBackendRole:SecretBackendRole": ("defaultStsTtl", "maxStsTtl"),
    "vault:azure/backendRole:BackendRole": ("ttl", "maxTtl"),
    "vault:consul/secretBackendRole:SecretBackendRole": ("ttl", "maxTtl"),
    "vault:kubernetes/secretBackendRole:SecretBackendRole": ("tokenDefaultTtl", "tokenMaxTtl"),
    "vault:ssh/secretBackendRole:SecretBackendRole": ("ttl", "maxTtl"),
    "vault:terraformcloud/secretRole:SecretRole": ("ttl", "maxTtl"),
    DATABASE_ROLE: ("defaultTtl", "maxTtl"),
    PKI_ROLE: ("ttl", "maxTtl"),
}
"""The kinds that set the TTL of a dynamic secret, and their properties."""

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"(\d+)([smhd]?)")
_DURATION = re.compile(r"(\d+[smhd]?)+")
_IMAGE = re.compile(r"(^|[/-])(vault|openbao)(-(enterprise|ent|fips[0-9.]*|ubi|hsm))*(:|@|$)")
_NAMED = re.compile(r"\b(vault|bao)\b")
_DEV = re.compile(r"""(^|[\s'"])--?dev(-|=|['"\s]|$)""")
_NOT_DEV = re.compile(r"--?dev=(f|false|0)\b", re.IGNORECASE)
_OTHER_CHARTS = re.compile(r"vault-secrets-operator|secrets-store|akv2k8s")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/?", re.IGNORECASE)
_OWN = {"auth/token/lookup-self", "auth/token/renew-self", "auth/token/revoke-self", "sys/capabilities-self"}
"""Paths by which a token manages itself. (Vault docs: "Policies", on the default policy)"""

_INJECTOR = "vault.hashicorp.com/"
_READS_ONLY = {"read", "list"}


def _check_tls(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind == PROVIDER:
        yield from _check_scheme("address", resource.at("address"))
        if may_be_true(resource.at("skipTlsVerify")):
            yield "doesn't verify Vault's certificate (skipTlsVerify)"
    elif resource.kind == LDAP:
        if may_be_true(resource.at("insecureTls")):
            yield "doesn't verify the directory's certificate (insecureTls)"
    elif resource.kind == PROVIDER_CLASS:
        if resource.at("spec", "provider") == "vault":
            yield from _check_scheme("vaultAddress", resource.at("spec", "parameters", "vaultAddress"))
        if may_be_true(resource.at("spec", "parameters", "vaultSkipTLSVerify")):
            yield "doesn't verify Vault's certificate (vaultSkipTLSVerify)"
    elif resource.kind == RELEASE:
        # To Helm's templates any text is true, even "false".
        if _runs_server(resource) and lacks(_read_value(resource, "global", "tlsDisable", True), False):
            yield "runs Vault without TLS (global.tlsDisable)"
    else:
        yield from _check_tls_of_pods(resource)


def _check_tls_of_pods(resource: Declared) -> Iterable[str]:
    for pod in list_pods(resource):
        annotations = at(pod, "metadata", "annotations")
        for name in ("service", "proxy-address"):
            yield from _check_scheme(f"{_INJECTOR}{name}", at(annotations, f"{_INJECTOR}{name}"))
        if may_be_true(at(annotations, f"{_INJECTOR}tls-skip-verify")):
            yield f"doesn't verify Vault's certificate ({_INJECTOR}tls-skip-verify)"
    for path, container in list_containers(resource):
        for variable in listed(at(container, "env")):
            name, value = at(variable, "name"), at(variable, "value")
            if name in {"VAULT_ADDR", "VAULT_AGENT_ADDR", "VAULT_PROXY_ADDR"} and not _LOOPBACK.fullmatch(str(value)):
                yield from _check_scheme(f"{name} in {path}", value)
            if name == "VAULT_SKIP_VERIFY" and may_be_true(value):
                yield f"doesn't verify Vault's certificate ({name} in {path})"


def _check_scheme(name: str, address: object) -> Iterable[str]:
    if isinstance(address, str) and not address.lower().startswith("https://"):
        yield f"reaches Vault without TLS ({name}: {address})"


def _check_dev_mode(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind == RELEASE:
        if not _runs_server(resource):
            return
        if may_be_true(_read_value(resource, "server", "dev", {}, "enabled")):
            yield "runs Vault in dev mode (server.dev.enabled)"
        elif listed(resource.at("valueYamlFiles")) and lacks(resource.at("values", "server", "dev", "enabled"), False):
            yield "may run Vault in dev mode: its values come from files too, and server.dev.enabled is not false"
        return
    for path, container in list_containers(resource):
        image, words = str(at(container, "image")), [*listed(at(container, "command")), *listed(at(container, "args"))]
        official = _IMAGE.search(image) is not None
        # Without a command, the official image runs the dev server.
        if (official and not words) or (
            (official or any(_NAMED.search(str(word)) for word in words))
            and any(_DEV.search(_NOT_DEV.sub("", str(word))) for word in words)
        ):
            yield f"runs Vault in dev mode ({path})"


def _runs_server(resource: Declared) -> bool:
    """Return whether it installs Vault's chart with a server: by its name, path or mirror, or by its values."""
    if resource.kind != RELEASE:
        return False
    chart = re.split(r"[/\\]", str(resource.at("chart")).rstrip("/\\").lower())[-1]
    named = "vault" in chart and not _OTHER_CHARTS.search(chart)
    shaped = any(
        resource.at("values", section, name) is not None
        for section, name in (
            ("global", "tlsDisable"),
            ("global", "externalVaultAddr"),
            ("server", "dev"),
            ("server", "ha"),
            ("server", "standalone"),
        )
    )
    return (named or shaped) and at(_read_value(resource, "server", "enabled", True)) not in (False, "false")


def _read_value(release: Declared, section: str, name: str, default: object, *below: str) -> object:
    """Return a value of a chart, or its default if omitted."""
    found = release.at("values", section, name)
    return at(default if found is None else found, *below)


def _check_ttls(resource: Declared, options: Options) -> Iterable[str]:
    if resource.kind in LEASES:
        names, ceiling = LEASES[resource.kind], options["leaseSeconds"]
    elif resource.kind == TOKEN:
        names, ceiling = ("ttl", "explicitMaxTtl"), options["tokenSeconds"]
    else:
        names, ceiling = ("tokenTtl", "tokenMaxTtl"), options["tokenSeconds"]
    for period in ("tokenPeriod", "period"):
        if _parse_seconds(resource.at(period)) != 0 and resource.at(period) is not UNKNOWN:
            yield f"issues tokens that can be renewed forever ({period})"
    for name in names:
        given = resource.at(name)
        life = _parse_seconds(given)
        if given is UNKNOWN:
            continue
        if life is None:
            yield f"has a {name} that is not a duration"
        elif life == 0:
            yield f"sets no {name}, which defaults to Vault's 32 days"
        elif life > ceiling:
            yield f"sets {name} to {format_duration(life)}, above {format_duration(ceiling)}"


def _parse_seconds(value: object) -> int | None:
    """Return seconds; 0 if omitted, `None` if unknown or not a duration."""
    if value is None or value == "":
        return 0
    if isinstance(value, int | float):
        return int(value) if math.isfinite(value) and value >= 0 else None
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    return None


def _check_paths(policy: Declared, options: Options) -> Iterable[str]:
    document = policy.at("policy")
    if document is UNKNOWN or policy.at("name") in options["administrators"]:
        return
    try:
        paths = read_allowed_paths(document if isinstance(document, str) else "?")
    except UnreadablePolicyError as error:
        yield f"can't be judged: its policy {error}"
        return
    for path, able in sorted(paths.items()):
        if "*" in path or "+" in path.split("/"):
            yield f"gives access to the paths {path}"
        elif "{{" in path or "}}" in path:
            yield f"gives access to the paths {path}, a template that the user who logs in fills in"
        elif "sudo" in able:
            yield f"gives access to {path} with sudo"
        elif is_system_path(path) and (not able <= _READS_ONLY or is_minting_path(path)):
            yield f"gives access to {path}, by which a token can extend its rights"


def is_system_path(path: str) -> bool:
    """Return whether a path is one of Vault's own, except those by which a token manages itself."""
    return path.strip("/") not in _OWN and path.lstrip("/").partition("/")[0].lower() in {"sys", "auth", "identity", ""}


def is_minting_path(path: str) -> bool:
    """Return whether reading a path creates or returns a credential."""
    return path.strip("/").partition("/")[2].partition("/")[0] in {"raw", "oidc", "storage"} and not path.startswith(
        "auth/"
    )


def _check_account(role: Declared, _: Options) -> Iterable[str]:
    if role.kind == JWT_ROLE:
        yield from _check_jwt_role(role)
        return
    if role.kind == APP_ROLE:
        secret_id = role.at("bindSecretId")
        if secret_id is not None and not may_be_true(secret_id) and secret_id is not UNKNOWN:
            yield "accepts anybody who knows the role's id (bindSecretId: false)"
        return
    for name in ("boundServiceAccountNames", "boundServiceAccountNamespaces"):
        if not is_filled(role.at(name)):
            yield f"sets no {name}"
        for bound in listed(role.at(name)):
            if isinstance(bound, str) and "*" in bound:
                yield f"accepts {bound} ({name})"
    if "default" in listed(role.at("boundServiceAccountNames")):
        yield "accepts the account default, that of every pod in its namespace that names no other"
    if is_filled(role.at("boundServiceAccountNamespaceSelector")):
        yield "accepts namespaces by a selector (boundServiceAccountNamespaceSelector)"
    if not is_filled(role.at("audience")):
        yield "accepts tokens for any audience (no audience)"


def _check_jwt_role(role: Declared) -> Iterable[str]:
    subject, claims = role.at("boundSubject"), role.at("boundClaims")
    if role.at("boundClaimsType") == "glob":
        yield "compares claims as patterns (boundClaimsType: glob)"
    # People log in by a browser, with a role that has no policies: their groups have them.
    people = role.at("roleType") == "oidc" and not is_filled(role.at("tokenPolicies"))
    if not is_filled(subject) and not is_filled(claims) and not people:
        yield "accepts every subject (neither boundSubject nor boundClaims)"
    if not is_filled(role.at("boundAudiences")):
        yield "accepts tokens for any audience (no boundAudiences)"
    if isinstance(subject, str) and re.fullmatch(r"system:serviceaccount:[^:]+:default", subject):
        yield "accepts the account default, that of every pod in its namespace that names no other"


def _check_audit(resources: Sequence[Declared]) -> Iterable[Finding]:
    devices = [resource for resource in resources if resource.kind == AUDIT]
    for device in devices:
        if may_be_true(device.at("options", "log_raw")):
            yield Finding(device.urn, "logs secrets in plaintext (log_raw)")
        if is_filled(accessor := device.at("options", "hmac_accessor")) and lacks(accessor, True, "true"):
            yield Finding(device.urn, "logs token accessors in plaintext (hmac_accessor)")
    # Bootstrap enables declared devices itself.
    if not devices and not any(each.kind == BOOTSTRAP and each.at("audit") for each in resources):
        yield from (Finding(each.urn, "is a Vault without an audit device") for each in resources if _runs_server(each))


RULES = (
    ResourceRule(
        name="vault-tls",
        summary="Connections to Vault use TLS, and verify its certificate.",
        reason="Otherwise tokens and secrets can be read on the network, or Vault be impersonated.",
        fix="Set backend.address to an https URL, and backend.caCertificate for a private CA.",
        source='Vault docs: "Production hardening"',
        severity="critical",
        kinds=KindsOf(("kubernetes",), beside={PROVIDER, LDAP}),
        check=_check_tls,
    ),
    ResourceRule(
        name="vault-no-dev-mode",
        summary="No Vault runs in dev mode.",
        reason="It keeps everything in memory, is unsealed, has a known root token and no TLS.",
        fix="Run it with raft storage and a seal.",
        source="Vault docs: \"'Dev' server mode\"",
        severity="critical",
        kinds=KindsOf(("kubernetes",)),
        check=_check_dev_mode,
    ),
    StackRule(
        name="vault-audit",
        summary="A Vault that the stack runs has an audit device.",
        reason="Without it there is no record of who read which secret.",
        fix="Enable an audit device beside it.",
        source='Vault docs: "Audit devices"',
        severity="high",
        kinds={RELEASE, AUDIT, BOOTSTRAP},
        check=_check_audit,
    ),
    ResourceRule(
        name="vault-ttl",
        summary="Tokens and leases of Vault are short-lived.",
        reason="A leaked token is valid until it expires, and renewal keeps a forgotten login alive.",
        fix="Lower backend.tokenTtl and tokenMaxTtl, or an engine's TTLs, to the maximum in this stack's levels.",
        source='Vault docs: "Tokens", "Lease, renew, and revoke"',
        severity="medium",
        kinds={*TOKENS, TOKEN, *LEASES},
        options={
            "tokenSeconds": {"type": "integer", "minimum": 60, "default": 14400},
            "leaseSeconds": {"type": "integer", "minimum": 60, "default": 86400},
        },
        check=_check_ttls,
    ),
    ResourceRule(
        name="vault-no-wildcard",
        summary="A policy names each path that it gives access to.",
        reason="A pattern gives access to secrets that don't exist yet, and to those of other workloads.",
        fix="Declare the workload's secrets, from which the policy is derived; list policies of Vault's administrators "
        "in administrators.",
        source='Vault docs: "Policies"',
        severity="high",
        kinds={POLICY},
        options={"administrators": {"type": "array", "items": {"type": "string"}, "default": []}},
        check=_check_paths,
    ),
    ResourceRule(
        name="vault-one-account",
        summary="A role accepts named service accounts in named namespaces.",
        reason="A pattern accepts accounts that somebody else may create.",
        fix="Name one service account and one namespace.",
        source='Vault docs: "Kubernetes auth method"',
        severity="critical",
        kinds=ROLES,
        check=_check_account,
    ),
)
