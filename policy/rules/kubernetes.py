"""Rules on workloads in Kubernetes."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, cast

from .kinds.kubernetes import KEY_VAULT_SECRET, PROVIDER_CLASS
from .plain_secrets import has_token, is_secret_argument, is_secret_name, is_secret_value
from .pods import ANY_PODS, list_containers, list_pods
from .restricted import check_restricted
from .rule import UNKNOWN, Declared, Options, ResourceRule, at, is_filled, listed, may_be_true

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
"""The fields of a container that hold a command line."""


COPYING = frozenset(
    {
        PROVIDER_CLASS,
        KEY_VAULT_SECRET,
        "kubernetes:external-secrets.io:ExternalSecret",
        "kubernetes:external-secrets.io:ClusterExternalSecret",
        *(f"kubernetes:secrets.hashicorp.com:Vault{what}Secret" for what in ("Static", "Dynamic", "PKI")),
    }
)
"""The kinds that copy values of a store to Kubernetes Secrets."""

CONFIG_MAP = "kubernetes:core:ConfigMap"


def _check_pod_identity(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind in POD_IDENTITY:
        yield "belongs to aad-pod-identity"
    elif resource.kind == PROVIDER_CLASS:
        if may_be_true(resource.at("spec", "parameters", "usePodIdentity")):
            yield "gets its token from aad-pod-identity (usePodIdentity)"
    elif any(at(pod, "metadata", "labels", "aadpodidbinding") is not None for pod in list_pods(resource)):
        yield "is bound to an AzureIdentity (label aadpodidbinding)"


def _check_plaintext(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind.removesuffix("Patch") == CONFIG_MAP:
        data = resource.at("data")
        for key, value in cast("Mapping[str, Any]", data).items() if isinstance(data, Mapping) else ():
            if isinstance(value, str) and has_token(value):
                yield f"has what looks like a secret in plaintext at {key}"
        return
    for path, container in list_containers(resource):
        for variable in listed(at(container, "env")):
            name, value = at(variable, "name"), at(variable, "value")
            if not isinstance(name, str) or value in (None, ""):
                continue
            if is_secret_name(name) or (value is not UNKNOWN and is_secret_value(name, str(value))):
                yield f"has a plaintext value for {name} in {path}"
        for place in _COMMANDS:
            words = ["" if word is None else str(word) for word in listed(at(container, *place))]
            if any(is_secret_argument(*pair) for pair in pairwise(["", *words])):
                yield f"has what looks like a secret in plaintext in {'.'.join(place)} of {path}"


def _check_copies(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind == PROVIDER_CLASS:
        for secret in listed(resource.at("spec", "secretObjects")):
            yield f"copies values to etcd, as the Kubernetes Secret {_format_name(at(secret, 'secretName'))}"
    elif resource.kind == KEY_VAULT_SECRET:
        if is_filled(resource.at("spec", "output")):
            name = _format_name(resource.at("spec", "output", "secret", "name"))
            yield f"copies a value to etcd, as the Kubernetes Secret {name}"
    else:
        yield "copies values to etcd, as a Kubernetes Secret"


def _format_name(name: object) -> str:
    return name if isinstance(name, str) else "(not known yet)"


def _check_latest(resource: Declared, _: Options) -> Iterable[str]:
    for path, container in list_containers(resource):
        image = at(container, "image")
        if not isinstance(image, str) or "@sha256:" in image:
            continue
        tag = image.rpartition("/")[2].partition(":")[2]
        if tag in {"", "latest"}:
            yield f"runs {image} in {path}"


RULES = (
    ResourceRule(
        name="no-pod-identity",
        summary="No workload uses aad-pod-identity.",
        reason="It is archived, and lets any pod on a node request the tokens of all identities there.",
        fix="Set backend.identity.mode: workload-identity.",
        source='Microsoft Learn: "Migrate from pod-managed identity to workload identity"',
        severity="high",
        kinds=ANY_PODS,
        check=_check_pod_identity,
    ),
    ResourceRule(
        name="no-plain-secret",
        summary="No secret is in plaintext in a pod's environment or command, or in a ConfigMap.",
        reason="Anybody who may read the pod can read it, and it stays in manifests and logs.",
        fix="Declare it in the workload's secrets, with env for an environment variable.",
        source='Kubernetes docs: "Good practices for Kubernetes Secrets"',
        severity="critical",
        kinds=ANY_PODS,
        check=_check_plaintext,
    ),
    ResourceRule(
        name="no-copy-in-etcd",
        summary="No value of a store is copied to a Kubernetes Secret.",
        reason="All who may read Secrets in the namespace, or etcd and its backups, read it, and no store knows of it.",
        fix="Read the mounted file: omit env, and use delivery csi or agent-injector.",
        source='Kubernetes docs: "Good practices for Kubernetes Secrets"',
        severity="medium",
        kinds=COPYING,
        level="advisory",
        check=_check_copies,
    ),
    ResourceRule(
        name="no-latest-image",
        summary="Every image has a version.",
        reason="Each node runs the version that was latest when it pulled the image, which nobody reviewed.",
        fix="Give the image a tag other than latest, or better its digest.",
        source='Kubernetes docs: "Images"',
        severity="medium",
        kinds=ANY_PODS,
        check=_check_latest,
    ),
    ResourceRule(
        name="restricted-workload",
        summary="Every workload meets the restricted Pod Security Standard.",
        reason="A container that escapes its isolation can read the secrets of every pod on its node.",
        fix="Use SecretWorkload, or set the fields named above in the pod.",
        source='Kubernetes docs: "Pod Security Standards"',
        severity="high",
        kinds=ANY_PODS,
        check=check_restricted,
    ),
)
