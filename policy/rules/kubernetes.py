"""Rules of what runs on Kubernetes."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, cast

from . import restricted
from .plain_secrets import has_token, is_secret_argument, is_secret_name, is_secret_value
from .pods import ANY_PODS, containers, pods
from .rule import UNKNOWN, Declared, Options, ResourceRule, at, filled, listed, may_be_true

PROVIDER_CLASS = "kubernetes:secrets-store.csi.x-k8s.io:SecretProviderClass"
POD_IDENTITY = {
    f"kubernetes:aadpodidentity.k8s.io:{kind}"
    for kind in ("AzureIdentity", "AzureIdentityBinding", "AzurePodIdentityException")
}

_COMMANDS = (
    ("command",),
    ("args",),
    *(
        (*where, "exec", "command")
        for where in (
            ("livenessProbe",),
            ("readinessProbe",),
            ("startupProbe",),
            ("lifecycle", "postStart"),
            ("lifecycle", "preStop"),
        )
    ),
)
"""Where a container has words of a command line."""

_KEY_VAULT_SECRET = "kubernetes:spv.no:AzureKeyVaultSecret"  # noqa: S105 - a kind

COPYING = frozenset(
    {
        PROVIDER_CLASS,
        _KEY_VAULT_SECRET,
        "kubernetes:external-secrets.io:ExternalSecret",
        "kubernetes:external-secrets.io:ClusterExternalSecret",
        *(f"kubernetes:secrets.hashicorp.com:Vault{what}Secret" for what in ("Static", "Dynamic", "PKI")),
    }
)
"""Kinds by which values of a store become Kubernetes Secrets."""

CONFIG_MAP = "kubernetes:core:ConfigMap"


def _no_pod_identity(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind in POD_IDENTITY:
        yield "belongs to aad-pod-identity"
    elif resource.kind == PROVIDER_CLASS:
        if may_be_true(resource.at("spec", "parameters", "usePodIdentity")):
            yield "asks aad-pod-identity for a token (usePodIdentity)"
    elif any(at(pod, "metadata", "labels", "aadpodidbinding") is not None for pod in pods(resource)):
        yield "is bound to an AzureIdentity (label aadpodidbinding)"


def _no_plain_secret(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind.removesuffix("Patch") == CONFIG_MAP:
        data = resource.at("data")
        for key, value in cast("Mapping[str, Any]", data).items() if isinstance(data, Mapping) else ():
            if isinstance(value, str) and has_token(value):
                yield f"has what looks like a secret at {key}, for all to read"
        return
    for path, container in containers(resource):
        for variable in listed(at(container, "env")):
            name, value = at(variable, "name"), at(variable, "value")
            if not isinstance(name, str) or value in (None, ""):
                continue
            if is_secret_name(name) or (value is not UNKNOWN and is_secret_value(name, str(value))):
                yield f"has a value for {name} in {path}, for all to read"
        for place in _COMMANDS:
            words = ["" if word is None else str(word) for word in listed(at(container, *place))]
            if any(is_secret_argument(*pair) for pair in pairwise(["", *words])):
                yield f"has what looks like a secret in {'.'.join(place)} of {path}, for all to read"


def _in_etcd(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind == PROVIDER_CLASS:
        for secret in listed(resource.at("spec", "secretObjects")):
            yield f"copies values to etcd, as the Kubernetes Secret {_named(at(secret, 'secretName'))}"
    elif resource.kind == _KEY_VAULT_SECRET:
        if filled(resource.at("spec", "output")):
            name = _named(resource.at("spec", "output", "secret", "name"))
            yield f"copies a value to etcd, as the Kubernetes Secret {name}"
    else:
        yield "copies values to etcd, as a Kubernetes Secret"


def _named(name: object) -> str:
    return name if isinstance(name, str) else "(not known yet)"


def _no_latest(resource: Declared, _: Options) -> Iterable[str]:
    for path, container in containers(resource):
        image = at(container, "image")
        if not isinstance(image, str) or "@sha256:" in image:
            continue
        tag = image.rpartition("/")[2].partition(":")[2]
        if tag in {"", "latest"}:
            yield f"runs {image} in {path}"


RULES = (
    ResourceRule(
        name="no-pod-identity",
        says="No workload uses aad-pod-identity.",
        reason="It is archived, and on a node with it any pod can ask for the identities that it finds there.",
        fix="Set backend.identity.mode: workload-identity.",
        source='Microsoft Learn: "Migrate from pod-managed identity to workload identity"',
        severity="high",
        kinds=ANY_PODS,
        check=_no_pod_identity,
    ),
    ResourceRule(
        name="no-plain-secret",
        says="No secret stands in a pod's environment or command, or in a ConfigMap, in plain.",
        reason="Whoever may read the pod reads it, and it stays in manifests and logs.",
        fix="Declare it among the workload's secrets; env there makes an environment variable of it.",
        source='Kubernetes docs: "Good practices for Kubernetes Secrets"',
        severity="critical",
        kinds=ANY_PODS,
        check=_no_plain_secret,
    ),
    ResourceRule(
        name="no-copy-in-etcd",
        says="No value of a store is copied to a Kubernetes Secret.",
        reason="All who may read Secrets in the namespace, or etcd and its backups, read it, and no store knows of it.",
        fix="Read the mounted file: leave env out, and use delivery csi or agent-injector.",
        source='Kubernetes docs: "Good practices for Kubernetes Secrets"',
        severity="medium",
        kinds=COPYING,
        level="advisory",
        check=_in_etcd,
    ),
    ResourceRule(
        name="no-latest-image",
        says="An image is named by a version.",
        reason="What runs would depend on when a node pulled it, and what was reviewed isn't what runs.",
        fix="Give the image a tag other than latest, or better its digest.",
        source='Kubernetes docs: "Images"',
        severity="medium",
        kinds=ANY_PODS,
        check=_no_latest,
    ),
    ResourceRule(
        name="restricted-workload",
        says="Every workload meets the restricted Pod Security Standard.",
        reason="A container that can leave its bounds reaches the secrets of every pod on its node.",
        fix="Use SecretWorkload, or give the pod the fields that are named.",
        source='Kubernetes docs: "Pod Security Standards"',
        severity="high",
        kinds=ANY_PODS,
        check=restricted.faults,
    ),
)
