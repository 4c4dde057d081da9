"""Rules of HashiCorp Vault."""

import math
import re
from collections.abc import Iterable, Sequence

from .durations import format_duration
from .kubernetes import PROVIDER_CLASS
from .pods import RELEASE, containers, pods
from .policies import UnreadablePolicyError, allowed
from .rule import (
    UNKNOWN,
    Declared,
    Finding,
    KindsOf,
    Options,
    ResourceRule,
    StackRule,
    at,
    filled,
    lacks,
    listed,
    may_be_true,
)

PROVIDER = "pulumi:providers:vault"
POLICY = "vault:index/policy:Policy"
AUDIT = "vault:index/audit:Audit"
BOOTSTRAP = "pulumi-python:dynamic/strongroom:Bootstrap"
KUBERNETES_ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"
JWT_ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
APP_ROLE = "vault:appRole/authBackendRole:AuthBackendRole"
LDAP = "vault:ldap/authBackend:AuthBackend"
TOKEN = "vault:index/token:Token"  # noqa: S105 - a kind
GITHUB = "vault:github/authBackend:AuthBackend"
USER = "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser"
TOKENS = {KUBERNETES_ROLE, JWT_ROLE, APP_ROLE, LDAP, GITHUB, USER, "vault:tokenauth/authBackendRole:AuthBackendRole"}
"""The kinds that set how long the token of a login lives."""

LEASES = {
    "vault:aws/secretBackendRole:SecretBackendRole": ("defaultStsTtl", "maxStsTtl"),
    "vault:azure/backendRole:BackendRole": ("ttl", "maxTtl"),
    "vault:consul/secretBackendRole:SecretBackendRole": ("ttl", "maxTtl"),
    "vault:kubernetes/secretBackendRole:SecretBackendRole": ("tokenDefaultTtl", "tokenMaxTtl"),
    "vault:ssh/secretBackendRole:SecretBackendRole": ("ttl", "maxTtl"),
    "vault:terraformcloud/secretRole:SecretRole": ("ttl", "maxTtl"),
    "vault:database/secretBackendRole:SecretBackendRole": ("defaultTtl", "maxTtl"),
    "vault:pkiSecret/secretBackendRole:SecretBackendRole": ("ttl", "maxTtl"),
}
"""The kinds that set how long a secret made for a workload lives, and their properties."""

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
"""Paths by which a token sees to itself. (Vault docs: "Policies", on the default policy)"""

_INJECTOR = "vault.hashicorp.com/"
_READS_ONLY = {"read", "list"}


def _tls(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind == PROVIDER:
        yield from _encrypted("address", resource.at("address"))
        if may_be_true(resource.at("skipTlsVerify")):
            yield "doesn't check Vault's certificate (skipTlsVerify)"
    elif resource.kind == LDAP:
        if may_be_true(resource.at("insecureTls")):
            yield "doesn't check the directory's certificate (insecureTls)"
    elif resource.kind == PROVIDER_CLASS:
        if resource.at("spec", "provider") == "vault":
            yield from _encrypted("vaultAddress", resource.at("spec", "parameters", "vaultAddress"))
        if may_be_true(resource.at("spec", "parameters", "vaultSkipTLSVerify")):
            yield "doesn't check Vault's certificate (vaultSkipTLSVerify)"
    elif resource.kind == RELEASE:
        # Helm's templates take every text for true, "false" too.
        if _serves(resource) and lacks(_value(resource, "global", "tlsDisable", True), False):
            yield "runs Vault without TLS (global.tlsDisable)"
    else:
        yield from _tls_of_pods(resource)


def _tls_of_pods(resource: Declared) -> Iterable[str]:
    for pod in pods(resource):
        annotations = at(pod, "metadata", "annotations")
        for name in ("service", "proxy-address"):
            yield from _encrypted(f"{_INJECTOR}{name}", at(annotations, f"{_INJECTOR}{name}"))
        if may_be_true(at(annotations, f"{_INJECTOR}tls-skip-verify")):
            yield f"doesn't check Vault's certificate ({_INJECTOR}tls-skip-verify)"
    for path, container in containers(resource):
        for variable in listed(at(container, "env")):
            name, value = at(variable, "name"), at(variable, "value")
            if name in {"VAULT_ADDR", "VAULT_AGENT_ADDR", "VAULT_PROXY_ADDR"} and not _LOOPBACK.fullmatch(str(value)):
                yield from _encrypted(f"{name} in {path}", value)
            if name == "VAULT_SKIP_VERIFY" and may_be_true(value):
                yield f"doesn't check Vault's certificate ({name} in {path})"


def _encrypted(name: str, address: object) -> Iterable[str]:
    if isinstance(address, str) and not address.lower().startswith("https://"):
        yield f"reaches Vault without TLS ({name}: {address})"


def _dev_mode(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind == RELEASE:
        if not _serves(resource):
            return
        if may_be_true(_value(resource, "server", "dev", {}, "enabled")):
            yield "runs Vault in dev mode (server.dev.enabled)"
        elif listed(resource.at("valueYamlFiles")) and lacks(resource.at("values", "server", "dev", "enabled"), False):
            yield "may run Vault in dev mode: its values come from files too, and none of its own says otherwise"
        return
    for path, container in containers(resource):
        image, words = str(at(container, "image")), [*listed(at(container, "command")), *listed(at(container, "args"))]
        official = _IMAGE.search(image) is not None
        # Without a command, the official image runs the dev server.
        if (official and not words) or (
            (official or any(_NAMED.search(str(word)) for word in words))
            and any(_DEV.search(_NOT_DEV.sub("", str(word))) for word in words)
        ):
            yield f"runs Vault in dev mode ({path})"


def _serves(resource: Declared) -> bool:
    """Whether it installs Vault's chart with a server: by the chart's name, its path's, its mirror's, or its values."""
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
    return (named or shaped) and at(_value(resource, "server", "enabled", True)) not in (False, "false")


def _value(release: Declared, section: str, name: str, default: object, *below: str) -> object:
    """A value of a chart; its default where it is left out."""
    found = release.at("values", section, name)
    return at(default if found is None else found, *below)


def _ceilings(resource: Declared, options: Options) -> Iterable[str]:
    if resource.kind in LEASES:
        names, ceiling = LEASES[resource.kind], options["leaseSeconds"]
    elif resource.kind == TOKEN:
        names, ceiling = ("ttl", "explicitMaxTtl"), options["tokenSeconds"]
    else:
        names, ceiling = ("tokenTtl", "tokenMaxTtl"), options["tokenSeconds"]
    for period in ("tokenPeriod", "period"):
        if _seconds(resource.at(period)) != 0 and resource.at(period) is not UNKNOWN:
            yield f"gives tokens that can be renewed for ever ({period})"
    for name in names:
        given = resource.at(name)
        life = _seconds(given)
        if given is UNKNOWN:
            continue
        if life is None:
            yield f"has a {name} that can't be read as a duration"
        elif life == 0:
            yield f"sets no {name}: Vault's own, 32 days, holds"
        elif life > ceiling:
            yield f"gives {name} {format_duration(life)}, above {format_duration(ceiling)}"


def _seconds(value: object) -> int | None:
    """Seconds; 0 for what is left out, `None` for what can't be known or read."""
    if value is None or value == "":
        return 0
    if isinstance(value, int | float):
        return int(value) if math.isfinite(value) and value >= 0 else None
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    return None


def _no_wildcard(policy: Declared, options: Options) -> Iterable[str]:
    document = policy.at("policy")
    if document is UNKNOWN or policy.at("name") in options["administrators"]:
        return
    try:
        paths = allowed(document if isinstance(document, str) else "?")
    except UnreadablePolicyError as error:
        yield f"can't be judged: its policy {error}"
        return
    for path, able in sorted(paths.items()):
        if "*" in path or "+" in path.split("/"):
            yield f"opens the paths {path}"
        elif "{{" in path or "}}" in path:
            yield f"opens the paths {path}, a template that whoever logs in fills"
        elif "sudo" in able:
            yield f"opens {path} with sudo"
        elif is_system_path(path) and (not able <= _READS_ONLY or is_minting_path(path)):
            yield f"opens {path}, by which a token gives itself more"


def is_system_path(path: str) -> bool:
    """Whether a path is one of Vault's own, and none by which a token only sees to itself."""
    return path.strip("/") not in _OWN and path.lstrip("/").partition("/")[0].lower() in {"sys", "auth", "identity", ""}


def is_minting_path(path: str) -> bool:
    """Whether reading a path makes, or shows, a credential."""
    return path.strip("/").partition("/")[2].partition("/")[0] in {"raw", "oidc", "storage"} and not path.startswith(
        "auth/"
    )


def _one_account(role: Declared, _: Options) -> Iterable[str]:
    if role.kind == JWT_ROLE:
        yield from _of_jwt(role)
        return
    if role.kind == APP_ROLE:
        secret_id = role.at("bindSecretId")
        if secret_id is not None and not may_be_true(secret_id) and secret_id is not UNKNOWN:
            yield "admits whoever knows the role's id (bindSecretId: false)"
        return
    for name in ("boundServiceAccountNames", "boundServiceAccountNamespaces"):
        if not filled(role.at(name)):
            yield f"names none of {name}"
        for bound in listed(role.at(name)):
            if isinstance(bound, str) and "*" in bound:
                yield f"admits {bound} ({name})"
    if "default" in listed(role.at("boundServiceAccountNames")):
        yield "admits the account default, which every pod of its namespace is that names no other"
    if filled(role.at("boundServiceAccountNamespaceSelector")):
        yield "admits namespaces by a selector (boundServiceAccountNamespaceSelector)"
    if not filled(role.at("audience")):
        yield "admits tokens that were made for anybody (no audience)"


def _of_jwt(role: Declared) -> Iterable[str]:
    subject, claims = role.at("boundSubject"), role.at("boundClaims")
    if role.at("boundClaimsType") == "glob":
        yield "compares claims as patterns (boundClaimsType: glob)"
    # People log in by a browser, with a role that has no policies: their groups have them.
    people = role.at("roleType") == "oidc" and not filled(role.at("tokenPolicies"))
    if not filled(subject) and not filled(claims) and not people:
        yield "admits every subject (neither boundSubject nor boundClaims)"
    if not filled(role.at("boundAudiences")):
        yield "admits tokens that were made for anybody (no boundAudiences)"
    if isinstance(subject, str) and re.fullmatch(r"system:serviceaccount:[^:]+:default", subject):
        yield "admits the account default, which every pod of its namespace is that names no other"


def _audit(resources: Sequence[Declared]) -> Iterable[Finding]:
    devices = [resource for resource in resources if resource.kind == AUDIT]
    for device in devices:
        if may_be_true(device.at("options", "log_raw")):
            yield Finding(device.urn, "logs secrets as they are (log_raw)")
        if filled(accessor := device.at("options", "hmac_accessor")) and lacks(accessor, True, "true"):
            yield Finding(device.urn, "logs tokens' accessors as they are (hmac_accessor)")
    # Bootstrap makes declared devices itself.
    if not devices and not any(each.kind == BOOTSTRAP and each.at("audit") for each in resources):
        yield from (Finding(each.urn, "is a Vault without an audit device") for each in resources if _serves(each))


RULES = (
    ResourceRule(
        name="vault-tls",
        says="Vault is reached by TLS, and its certificate is checked.",
        reason="Tokens and secrets could be read, or Vault be impersonated, on the way.",
        fix="Give backend.address with https, and backend.caCertificate where a CA of your own signed.",
        source='Vault docs: "Production hardening"',
        severity="critical",
        kinds=KindsOf(("kubernetes",), beside={PROVIDER, LDAP}),
        check=_tls,
    ),
    ResourceRule(
        name="vault-no-dev-mode",
        says="No Vault runs in dev mode.",
        reason="It keeps everything in memory, is unsealed, has a known root token and no TLS.",
        fix="Run it with raft storage and a seal.",
        source="Vault docs: \"'Dev' server mode\"",
        severity="critical",
        kinds=KindsOf(("kubernetes",)),
        check=_dev_mode,
    ),
    StackRule(
        name="vault-audit",
        says="A Vault that the stack runs has an audit device.",
        reason="Nobody could tell afterwards who read which secret.",
        fix="Enable an audit device beside it.",
        source='Vault docs: "Audit devices"',
        severity="high",
        kinds={RELEASE, AUDIT, BOOTSTRAP},
        check=_audit,
    ),
    ResourceRule(
        name="vault-ttl",
        says="Tokens and leases of Vault end soon.",
        reason="What leaks is good until it ends, and renewal keeps a forgotten login alive.",
        fix="Lower backend.tokenTtl and tokenMaxTtl, or an engine's TTLs, to the ceiling of this stack's levels.",
        source='Vault docs: "Tokens", "Lease, renew, and revoke"',
        severity="medium",
        kinds={*TOKENS, TOKEN, *LEASES},
        options={
            "tokenSeconds": {"type": "integer", "minimum": 60, "default": 14400},
            "leaseSeconds": {"type": "integer", "minimum": 60, "default": 86400},
        },
        check=_ceilings,
    ),
    ResourceRule(
        name="vault-no-wildcard",
        says="A policy names each path that it opens.",
        reason="A pattern opens secrets that don't exist yet, and those of other workloads.",
        fix="Declare the workload's secrets, and let the policy be derived; name who administers Vault in "
        "administrators.",
        source='Vault docs: "Policies"',
        severity="high",
        kinds={POLICY},
        options={"administrators": {"type": "array", "items": {"type": "string"}, "default": []}},
        check=_no_wildcard,
    ),
    ResourceRule(
        name="vault-one-account",
        says="A role admits named service accounts of named namespaces.",
        reason="A pattern admits accounts that somebody else may create.",
        fix="Name one service account and one namespace.",
        source='Vault docs: "Kubernetes auth method"',
        severity="critical",
        kinds={KUBERNETES_ROLE, JWT_ROLE, APP_ROLE},
        check=_one_account,
    ),
)
