"""Checks of the pods' volume and service account."""

from collections.abc import Iterator

from strongroom.components.azure.identities.base import CLIENT_ANNOTATION
from strongroom.components.azure.options import FEDERATED
from strongroom.components.kubernetes.csi_volume import DRIVER

from ..cluster.pod_template import CsiVolume
from ..errors import AbsentError
from ..findings import Finding
from ..pulumi.stack import KeyVaultStore
from .context import DiagnosisContext


def check_volume(context: DiagnosisContext) -> Finding:
    """Check that the pods mount the SecretProviderClass, read-only, and with credentials if needed.

    (Secrets Store CSI Driver docs: "Usage"; Azure Key Vault provider docs: "Service Principal")
    """
    workload = context.workload
    path = f"{workload.controller} {workload.path}"
    try:
        template = context.template
    except AbsentError:
        return Finding.failed(f"there is no {path}", context.revert)
    mine = [each for each in template.csi_volumes if each.provider_class == workload.secret_provider_class]
    if not mine:
        return Finding.failed(
            f"{path} has no volume of the SecretProviderClass {workload.secret_provider_class}", context.revert
        )
    differences = [*_check_csi_volume(mine[0]), *_check_variables(context)]
    if differences:
        return Finding.failed(f"{path} {'; '.join(differences)}", context.revert)
    return _check_credentials(context, mine[0]) or Finding.ok(f"{path} mounts {workload.secret_provider_class}")


def _check_csi_volume(found: CsiVolume) -> Iterator[str]:
    if found.driver != DRIVER:
        yield f"has the SecretProviderClass on a volume of the driver {found.driver}, not of {DRIVER}"
    if not found.read_only:
        yield "lacks readOnly on its volume, which the driver requires"
    if not found.mounted:
        yield "mounts the volume in no container, so kubelet does not set it up"


def _check_variables(context: DiagnosisContext) -> Iterator[str]:
    made = context.delivery.provider_class.places
    names = {secret for secret, _ in made}
    for secret, key in sorted(context.template.secret_keys):
        # Other Secrets have other owners.
        if secret in names and (secret, key) not in made:
            yield f"has a variable of the key {key} of Secret {secret}, which the SecretProviderClass doesn't copy"


def _check_credentials(context: DiagnosisContext, found: CsiVolume) -> Finding | None:
    backend = context.stack.backend
    if not isinstance(backend, KeyVaultStore) or backend.identity_mode != "service-principal":
        return None
    wanted, namespace = context.workload.identity.get("secret", ""), context.workload.namespace
    if found.credentials != wanted:
        return Finding.failed(
            f"the volume of {context.workload.path} has the nodePublishSecretRef {found.credentials or 'unset'}, and "
            f"{wanted} was deployed",
            context.revert,
        )
    try:
        held = context.cluster.read_secret(namespace, wanted)
    except AbsentError:
        return Finding.failed(
            f"there is no Secret {namespace}/{wanted}, which nodePublishSecretRef names",
            "set clientSecret, and pulumi up creates it; otherwise write it, with clientid and clientsecret",
        )
    if missing := sorted({"clientid", "clientsecret"} - set(held)):
        return Finding.failed(f"Secret {namespace}/{wanted} lacks {' and '.join(missing)}", context.revert)
    return None


def check_service_account(context: DiagnosisContext) -> Finding:
    """Check that the service account exists, that the pods run as it, and that it names the Azure identity.

    (Microsoft Learn: "Use Microsoft Entra Workload ID with AKS")
    """
    workload = context.workload
    path = workload.account
    make = f"kubectl create serviceaccount {workload.service_account} -n {workload.namespace}"
    try:
        annotations = context.cluster.read_service_account(workload.namespace, workload.service_account)
    except AbsentError:
        return Finding.failed(
            f"there is no service account {path}", context.revert if workload.service_account_made else make
        )
    try:
        named = context.template.service_account
    except AbsentError:
        return Finding.skipped(f"there is no {workload.controller} {workload.path} that runs as it")
    if named != workload.service_account:
        return Finding.failed(
            f"{workload.controller} {workload.path} runs as the service account {named}, and "
            f"the store allows {workload.service_account}",
            context.revert,
        )
    backend = context.stack.backend
    if isinstance(backend, KeyVaultStore) and backend.identity_mode in FEDERATED and workload.delivery != "akv2k8s":
        client_id, client = annotations.get(CLIENT_ANNOTATION), workload.identity.get("clientId")
        if client_id != client:
            return Finding.warning(
                f"service account {path} names the identity {client_id or 'none'}, and {client} was "
                f"deployed: the SecretProviderClass "
                "decides for the mount, and this annotation for SDKs in the pods",
                context.revert
                if workload.service_account_made
                else f"if an SDK in the pods reads: kubectl annotate serviceaccount {workload.service_account} "
                f"-n {workload.namespace} --overwrite {CLIENT_ANNOTATION}={client}",
            )
    return Finding.ok(path)
