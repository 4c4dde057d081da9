"""Rules of what runs on Kubernetes."""

import re
from collections.abc import Iterable

from . import restricted
from .pods import PODS, containers
from .rule import UNKNOWN, Declared, Options, ResourceRule, at, is_true, listed

PROVIDER_CLASS = "kubernetes:secrets-store.csi.x-k8s.io:SecretProviderClass"
POD_IDENTITY = {
    f"kubernetes:aadpodidentity.k8s.io:{kind}"
    for kind in ("AzureIdentity", "AzureIdentityBinding", "AzurePodIdentityException")
}

_SECRET_NAME = re.compile(
    r"(^|_)(PASS|PASSWD|PASSWORD|PASSPHRASE|PWD|SECRET|TOKEN|APIKEY|CREDENTIALS?|(API|ACCESS|PRIVATE|SIGNING"
    r"|ENCRYPTION)_?KEY|CONNECTION_?STRING|DSN)(_[0-9]+)?$"
)
_SECRET_VALUE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\bhv[sb]\.[A-Za-z0-9_-]{20}|://[^/\s:@]+:[^/\s:@]+@")


def _no_pod_identity(resource: Declared, _: Options) -> Iterable[str]:
    if resource.kind in POD_IDENTITY:
        yield "belongs to aad-pod-identity"
    elif resource.kind == PROVIDER_CLASS:
        if is_true(resource.at("spec", "parameters", "usePodIdentity")):
            yield "asks aad-pod-identity for a token (usePodIdentity)"
    elif resource.at(*PODS[resource.kind], "metadata", "labels", "aadpodidbinding") is not None:
        yield "is bound to an AzureIdentity (label aadpodidbinding)"


def _no_plain_secret(resource: Declared, _: Options) -> Iterable[str]:
    for path, container in containers(resource):
        for variable in listed(at(container, "env")):
            name, value = at(variable, "name"), at(variable, "value")
            if not isinstance(name, str) or value in (None, ""):
                continue
            telling = value is not UNKNOWN and _SECRET_VALUE.search(str(value))
            if telling or _SECRET_NAME.search(re.sub(r"[-.]", "_", name).upper()):
                yield f"has a value for {name} in {path}, for all to read"


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
        kinds={PROVIDER_CLASS, *POD_IDENTITY, *PODS},
        check=_no_pod_identity,
    ),
    ResourceRule(
        name="no-plain-secret",
        says="No secret stands in a pod's environment in plain.",
        reason="Whoever may read the pod reads it, and it stays in manifests and logs.",
        fix="Declare it among the workload's secrets; env there makes an environment variable of it.",
        source='Kubernetes docs: "Good practices for Kubernetes Secrets"',
        severity="critical",
        kinds=set(PODS),
        check=_no_plain_secret,
    ),
    ResourceRule(
        name="no-latest-image",
        says="An image is named by a version.",
        reason="What runs would depend on when a node pulled it, and what was reviewed isn't what runs.",
        fix="Give the image a tag other than latest, or better its digest.",
        source='Kubernetes docs: "Images"',
        severity="medium",
        kinds=set(PODS),
        check=_no_latest,
    ),
    ResourceRule(
        name="restricted-workload",
        says="Every workload meets the restricted Pod Security Standard.",
        reason="A container that can leave its bounds reaches the secrets of every pod on its node.",
        fix="Use SecretWorkload, or give the pod the fields that are named.",
        source='Kubernetes docs: "Pod Security Standards"',
        severity="high",
        kinds=set(PODS),
        check=restricted.faults,
    ),
)
