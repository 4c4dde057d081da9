"""Rules of HashiCorp Vault."""

import re
from collections.abc import Iterable, Sequence

from .kubernetes import PROVIDER_CLASS
from .pods import PODS, containers
from .policies import opened
from .rule import Declared, Finding, Options, ResourceRule, StackRule, at, is_true, listed

PROVIDER = "pulumi:providers:vault"
RELEASE = "kubernetes:helm.sh:Release"
POLICY = "vault:index/policy:Policy"
AUDIT = "vault:index/audit:Audit"
KUBERNETES_ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"
JWT_ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
APP_ROLE = "vault:appRole/authBackendRole:AuthBackendRole"
LEASES = {
    "vault:database/secretBackendRole:SecretBackendRole": ("defaultTtl", "maxTtl"),
    "vault:pkiSecret/secretBackendRole:SecretBackendRole": ("ttl", "maxTtl"),
}
"""The kinds that set how long a secret made for a workload lives, and their properties."""

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"(\d+)([smhd]?)")
_DURATION = re.compile(r"(\d+[smhd]?)+")
_IMAGE = re.compile(r"(^|/)vault(-enterprise)?(:|@|$)")
_DEV = re.compile(r"(^|\s)-dev(-|=|\s|$)")


def _tls(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind == PROVIDER:
        yield from _encrypted("address", resource.at("address"))
        if is_true(resource.at("skipTlsVerify")):
            yield "doesn't check Vault's certificate (skipTlsVerify)"
    elif resource.kind == PROVIDER_CLASS:
        if resource.at("spec", "provider") == "vault":
            yield from _encrypted("vaultAddress", resource.at("spec", "parameters", "vaultAddress"))
        if is_true(resource.at("spec", "parameters", "vaultSkipTLSVerify")):
            yield "doesn't check Vault's certificate (vaultSkipTLSVerify)"
    elif _serves(resource) and is_true(_value(resource, "global", "tlsDisable", True)):
        yield "runs Vault without TLS (global.tlsDisable)"


def _encrypted(name: str, address: object) -> Iterable[str]:
    if isinstance(address, str) and not address.startswith("https://"):
        yield f"reaches Vault without TLS ({name}: {address})"


def _dev_mode(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind == RELEASE:
        if _serves(resource) and is_true(_value(resource, "server", "dev", {}, "enabled")):
            yield "runs Vault in dev mode (server.dev.enabled)"
        return
    for path, container in containers(resource):
        image, words = str(at(container, "image")), [*listed(at(container, "command")), *listed(at(container, "args"))]
        # Without a command, the official image runs the dev server.
        if _IMAGE.search(image) and (not words or any(_DEV.search(str(word)) for word in words)):
            yield f"runs Vault in dev mode ({path})"


def _serves(resource: Declared) -> bool:
    return (
        resource.kind == RELEASE
        and str(resource.at("chart")).rpartition("/")[2] == "vault"
        and at(_value(resource, "server", "enabled", True)) not in (False, "false")
    )


def _value(release: Declared, section: str, name: str, default: object, *below: str) -> object:
    """A value of a chart; its default where it is left out."""
    found = release.at("values", section, name)
    return at(default if found is None else found, *below)


def _ceilings(resource: Declared, options: Options) -> Iterable[str]:
    if resource.kind in LEASES:
        names, ceiling = LEASES[resource.kind], options["leaseSeconds"]
    else:
        names, ceiling = ("tokenTtl", "tokenMaxTtl"), options["tokenSeconds"]
        if _seconds(resource.at("tokenPeriod")):
            yield "gives tokens that can be renewed for ever (tokenPeriod)"
    for name in names:
        life = _seconds(resource.at(name))
        if life == 0:
            yield f"sets no {name}: Vault's own, 32 days, holds"
        elif life is not None and life > ceiling:
            yield f"gives {name} {life} seconds, above {ceiling:g}"


def _seconds(value: object) -> int | None:
    """Seconds; 0 for what is left out, `None` for what can't be known or read."""
    if value is None:
        return 0
    if isinstance(value, int | float):
        return int(value)
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    return None


def _no_wildcard(policy: Declared, options: Options) -> Iterable[str]:
    document = policy.at("policy")
    if not isinstance(document, str) or policy.at("name") in options["administrators"]:
        return
    for path in sorted(opened(document)):
        if "*" in path or "+" in path.split("/"):
            yield f"opens the paths {path}"


def _one_account(role: Declared, _: Options) -> Iterable[str]:
    if role.kind == JWT_ROLE:
        if role.at("boundClaimsType") == "glob":
            yield "compares claims as patterns (boundClaimsType: glob)"
        if role.at("boundSubject") is None and role.at("boundClaims") is None:
            yield "admits every subject (neither boundSubject nor boundClaims)"
        return
    for name in ("boundServiceAccountNames", "boundServiceAccountNamespaces"):
        for bound in listed(role.at(name)):
            if isinstance(bound, str) and "*" in bound:
                yield f"admits {bound} ({name})"
    if role.at("boundServiceAccountNamespaceSelector") is not None:
        yield "admits namespaces by a selector (boundServiceAccountNamespaceSelector)"


def _audit(resources: Sequence[Declared]) -> Iterable[Finding]:
    if any(resource.kind == AUDIT for resource in resources):
        return
    for server in resources:
        if _serves(server):
            yield Finding(server.urn, "is a Vault without an audit device")


RULES = (
    ResourceRule(
        name="vault-tls",
        says="Vault is reached by TLS, and its certificate is checked.",
        reason="Tokens and secrets could be read, or Vault be impersonated, on the way.",
        fix="Give backend.address with https, and backend.caCertificate where a CA of your own signed.",
        source='Vault docs: "Production hardening"',
        severity="critical",
        kinds={PROVIDER, PROVIDER_CLASS, RELEASE},
        check=_tls,
    ),
    ResourceRule(
        name="vault-no-dev-mode",
        says="No Vault runs in dev mode.",
        reason="It keeps everything in memory, is unsealed, has a known root token and no TLS.",
        fix="Run it with raft storage and a seal.",
        source="Vault docs: \"'Dev' server mode\"",
        severity="critical",
        kinds={RELEASE, *PODS},
        check=_dev_mode,
    ),
    StackRule(
        name="vault-audit",
        says="A Vault that the stack runs has an audit device.",
        reason="Nobody could tell afterwards who read which secret.",
        fix="Enable an audit device beside it.",
        source='Vault docs: "Audit devices"',
        severity="high",
        kinds={RELEASE, AUDIT},
        check=_audit,
    ),
    ResourceRule(
        name="vault-ttl",
        says="Tokens and leases of Vault end soon.",
        reason="What leaks is good until it ends, and renewal keeps a forgotten login alive.",
        fix="Lower backend.tokenTtl and tokenMaxTtl, or an engine's TTLs, to the ceiling of this stack's levels.",
        source='Vault docs: "Tokens", "Lease, renew, and revoke"',
        severity="medium",
        kinds={KUBERNETES_ROLE, JWT_ROLE, APP_ROLE, *LEASES},
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
        kinds={KUBERNETES_ROLE, JWT_ROLE},
        check=_one_account,
    ),
)
