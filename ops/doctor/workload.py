"""Links: the pods' volume, and their service account."""

from collections.abc import Iterator

from strongroom.components.azure.identities.base import CLIENT_ANNOTATION
from strongroom.components.azure.options import FEDERATED
from strongroom.components.kubernetes.csi_volume import DRIVER

from ..cluster.pod_template import CsiVolume
from ..errors import AbsentError
from ..findings import Finding
from ..pulumi.stack import KeyVaultStore
from .case import Case


def volume(case: Case) -> Finding:
    """Whether the pods mount the class, read-only, and with credentials where the identity needs some.

    (Secrets Store CSI Driver docs: "Usage"; Azure Key Vault provider docs: "Service Principal")
    """
    workload = case.workload
    path = f"{workload.controller} {workload.path}"
    try:
        template = case.template
    except AbsentError:
        return Finding.failed(f"there is no {path}", case.again)
    mine = [each for each in template.csi_volumes if each.provider_class == workload.secret_provider_class]
    if not mine:
        return Finding.failed(f"{path} has no volume of the class {workload.secret_provider_class}", case.again)
    faults = [*_volume(mine[0]), *_variables(case)]
    if faults:
        return Finding.failed(f"{path} {'; '.join(faults)}", case.again)
    return _credentials(case, mine[0]) or Finding.ok(f"{path} mounts {workload.secret_provider_class}")


def _volume(found: CsiVolume) -> Iterator[str]:
    if found.driver != DRIVER:
        yield f"has the class on a volume of the driver {found.driver}, and not of {DRIVER}"
    if not found.read_only:
        yield "lacks readOnly on its volume, which the driver insists on"
    if not found.mounted:
        yield "has the volume in no container, and kubelet sets up no such volume"


def _variables(case: Case) -> Iterator[str]:
    made = case.delivered.provider_class.places
    names = {secret for secret, _ in made}
    for secret, key in sorted(case.template.secret_keys):
        # Other Secrets are somebody else's.
        if secret in names and (secret, key) not in made:
            yield f"has a variable of the key {key} of Secret {secret}, which the class doesn't copy"


def _credentials(case: Case, found: CsiVolume) -> Finding | None:
    backend = case.stack.backend
    if not isinstance(backend, KeyVaultStore) or backend.identity_mode != "service-principal":
        return None
    wanted, namespace = case.workload.identity.get("secret", ""), case.workload.namespace
    if found.credentials != wanted:
        return Finding.failed(
            f"the volume of {case.workload.path} has the nodePublishSecretRef {found.credentials or 'unset'}, and "
            f"{wanted} was deployed",
            case.again,
        )
    try:
        held = case.cluster.secret(namespace, wanted)
    except AbsentError:
        return Finding.failed(
            f"there is no Secret {namespace}/{wanted}, which nodePublishSecretRef names",
            "set clientSecret, and pulumi up makes it; else write it, with clientid and clientsecret",
        )
    if missing := sorted({"clientid", "clientsecret"} - set(held)):
        return Finding.failed(f"Secret {namespace}/{wanted} lacks {' and '.join(missing)}", case.again)
    return None


def service_account(case: Case) -> Finding:
    """Whether the service account is there, the pods run as it, and, for Azure, it names the identity.

    (Microsoft Learn: "Use Microsoft Entra Workload ID with AKS")
    """
    workload = case.workload
    path = f"{workload.namespace}/{workload.service_account}"
    try:
        annotations = case.cluster.service_account(workload.namespace, workload.service_account)
    except AbsentError:
        return Finding.failed(f"there is no service account {path}", case.again)
    try:
        named = case.template.service_account
    except AbsentError:
        return Finding.skipped(f"there is no {workload.controller} {workload.path} that would run as it")
    if named != workload.service_account:
        return Finding.failed(
            f"{workload.controller} {workload.path} runs as the service account {named}, and "
            f"the store admits {workload.service_account}",
            case.again,
        )
    backend = case.stack.backend
    if isinstance(backend, KeyVaultStore) and backend.identity_mode in FEDERATED and workload.delivery != "akv2k8s":
        client_id, client = annotations.get(CLIENT_ANNOTATION), workload.identity.get("clientId")
        if client_id != client:
            return Finding.warning(
                f"service account {path} names the identity {client_id or 'none'}, and {client} was "
                f"deployed: the class "
                "decides for the mount, and this for SDKs in the pods",
                case.again,
            )
    return Finding.ok(path)
