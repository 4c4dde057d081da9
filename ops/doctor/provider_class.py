"""Check of the SecretProviderClass."""

from collections.abc import Iterator, Mapping

from strongroom.components.azure.options import FEDERATED

from ..errors import AbsentError, OpsError
from ..findings import Finding
from ..pulumi.stack import DeployedWorkload, KeyVaultStore, VaultStore
from .context import DiagnosisContext

_FLAGS = ("useVMManagedIdentity", "usePodIdentity", "useAzureTokenProxy")
"""The provider accepts at most one. (Source of the Azure Key Vault provider: "only one identity mode can be
enabled")"""

_NEVER_DEPLOYED = ("vaultCACertDirectory", "vaultSkipTLSVerify", "vaultTLSClientCertPath", "vaultTLSClientKeyPath")
"""Parameters that Strongroom never sets, and that change what the provider trusts."""


def check_class(context: DiagnosisContext) -> Finding:
    """Check that the SecretProviderClass exists and is as deployed: provider, place, identity, files, copies."""
    workload = context.workload
    path = f"{workload.namespace}/{workload.secret_provider_class}"
    try:
        found = context.delivery.provider_class
    except AbsentError:
        return Finding.failed(
            f"there is no SecretProviderClass {path}",
            f"{context.revert}; if the cluster has no such kind, install the driver with its CRDs",
        )
    differences = [
        *_check_place(context, found.provider, found.parameters),
        *_check_identity(context, found.parameters),
        *_check_files(context),
        *_check_copies(context),
    ]
    if differences:
        return Finding.failed(
            f"SecretProviderClass {path} {'; '.join(differences)}", f"it was edited by hand: {context.revert}"
        )
    return _check_ca_file(context, found.parameters) or Finding.ok(
        f"{path} has {', '.join(sorted(context.delivery.declared))}"
    )


def _check_place(context: DiagnosisContext, provider: str, parameters: Mapping[str, str]) -> Iterator[str]:
    if provider != context.provider:
        yield f"has the provider {provider!r}, and {context.provider!r} is deployed"
        return
    backend = context.stack.backend
    if isinstance(backend, KeyVaultStore):
        expected = {"keyvaultName": backend.vault, "tenantID": backend.tenant_id}
    else:
        expected = _expect_vault(backend, context.workload)
    yield from _compare(parameters, expected)


def _expect_vault(backend: VaultStore, workload: DeployedWorkload) -> dict[str, str | None]:
    expected = {
        "roleName": workload.identity.get("role"),
        "vaultAuthMountPath": backend.auth_path,
        "vaultNamespace": backend.namespace,
        "vaultTLSServerName": backend.tls_server_name,
        **dict.fromkeys(_NEVER_DEPLOYED),
    }
    # Outputs of an earlier version lack it.
    if "provider_ca_path" in backend.model_fields_set:
        expected["vaultCACertPath"] = backend.provider_ca_path
    return expected | ({"vaultAddress": backend.in_cluster} if backend.in_cluster else {})


def _check_ca_file(context: DiagnosisContext, parameters: Mapping[str, str]) -> Finding | None:
    """Check that the provider's pods mount something at the CA file of the SecretProviderClass.

    (Vault docs: "Vault CSI Provider Configurations")
    """
    path = parameters.get("vaultCACertPath")
    try:
        providers = [each for each in context.daemon_sets if each.provides("vault")] if path else []
    except OpsError:
        return None
    if not path or not providers or any(each.mounts(path) for each in providers):
        return None
    return Finding.warning(
        f"the SecretProviderClass has vaultCACertPath {path}, and {providers[0]} mounts nothing there: unless its "
        f"image has the file, "
        "no pod's mount will work ('Error loading CA File')",
        "mount the CA in the provider's pods (csi.volumes and csi.volumeMounts of the vault chart), and set "
        "backend.providerCaPath to where it is",
    )


def _check_identity(context: DiagnosisContext, parameters: Mapping[str, str]) -> Iterator[str]:
    backend = context.stack.backend
    if not isinstance(backend, KeyVaultStore):
        return
    flags = [flag for flag in _FLAGS if parameters.get(flag, "").lower() == "true"]
    if len(flags) > 1:
        yield f"sets {' and '.join(flags)}, of which the provider accepts one"
    client, mode = context.workload.identity.get("clientId"), backend.identity_mode
    if mode in FEDERATED or mode == "identity-binding":
        yield from _compare(parameters, {"clientID": client})
        if mode in FEDERATED and flags:
            yield f"sets {', '.join(flags)}, which workload identity does not use"
    elif parameters.get("clientID"):
        yield f"has a clientID, for which the provider requires a service account token, in mode {mode}"


def _compare(parameters: Mapping[str, str], expected: Mapping[str, str | None]) -> Iterator[str]:
    for key, wanted in expected.items():
        if (parameters.get(key) or None) != (wanted or None):
            yield f"has {key} {parameters.get(key) or 'unset'}, and {wanted or 'none'} was deployed"


def _check_files(context: DiagnosisContext) -> Iterator[str]:
    try:
        files = {each.file for each in context.expected_files}
    except OpsError as error:
        yield f"has objects that can't be parsed: {error}"
        return
    declared = context.delivery.declared
    if missing := sorted(declared - files):
        yield f"lacks the files {', '.join(missing)}"
    if surplus := sorted(files - declared):
        yield f"has the files {', '.join(surplus)}, which no workload declares"


def _check_copies(context: DiagnosisContext) -> Iterator[str]:
    found = context.delivery
    # A history's files are below the declared one.
    unknown = [
        file
        for file in found.provider_class.copied
        if file.rpartition("/")[0] not in found.declared and file not in found.declared
    ]
    if unknown:
        yield f"copies {', '.join(sorted(unknown))} to a Kubernetes Secret, which are no files of the mount"
    wanted = (
        found.declared if found.copies is not None else {item.name for item in context.workload.objects if item.env}
    )
    if missing := sorted(wanted - found.provider_class.copies):
        yield f"does not copy {', '.join(missing)} to a Kubernetes Secret"
