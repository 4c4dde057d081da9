"""Link: the SecretProviderClass."""

from collections.abc import Iterator, Mapping

from strongroom.components.azure.options import FEDERATED

from ..errors import AbsentError, OpsError
from ..findings import Finding
from ..pulumi.stack import DeployedWorkload, KeyVaultStore, VaultStore
from .case import Case

_FLAGS = ("useVMManagedIdentity", "usePodIdentity", "useAzureTokenProxy")
"""The provider takes at most one. (Source of the Azure Key Vault provider: "only one identity mode can be enabled")"""

_NEVER_DEPLOYED = ("vaultCACertDirectory", "vaultSkipTLSVerify", "vaultTLSClientCertPath", "vaultTLSClientKeyPath")
"""What Strongroom's classes never say, and what changes whom the provider trusts."""


def provider_class(case: Case) -> Finding:
    """Whether the class is there and says what was deployed: provider, place, identity, files and their copies."""
    workload = case.workload
    path = f"{workload.namespace}/{workload.secret_provider_class}"
    try:
        found = case.delivered.provider_class
    except AbsentError:
        return Finding.failed(
            f"there is no SecretProviderClass {path}",
            f"{case.again}; where the cluster knows no SecretProviderClass at all, install the driver with its CRDs",
        )
    faults = [
        *_place(case, found.provider, found.parameters),
        *_identity(case, found.parameters),
        *_files(case),
        *_copies(case),
    ]
    if faults:
        return Finding.failed(f"SecretProviderClass {path} {'; '.join(faults)}", f"it was edited by hand: {case.again}")
    return _ca_file(case, found.parameters) or Finding.ok(
        f"{path} promises {', '.join(sorted(case.delivered.declared))}"
    )


def _place(case: Case, provider: str, parameters: Mapping[str, str]) -> Iterator[str]:
    if provider != case.provider:
        yield f"has the provider {provider!r}, and {case.provider!r} is deployed"
        return
    backend = case.stack.backend
    if isinstance(backend, KeyVaultStore):
        expected = {"keyvaultName": backend.vault, "tenantID": backend.tenant_id}
    else:
        expected = _in_vault(backend, case.workload)
    yield from _differences(parameters, expected)


def _in_vault(backend: VaultStore, workload: DeployedWorkload) -> dict[str, str | None]:
    expected = {
        "roleName": workload.identity.get("role"),
        "vaultAuthMountPath": backend.auth_path,
        "vaultNamespace": backend.namespace,
        "vaultTLSServerName": backend.tls_server_name,
        **dict.fromkeys(_NEVER_DEPLOYED),
    }
    # Outputs of an earlier version say nothing of it.
    if "provider_ca_path" in backend.model_fields_set:
        expected["vaultCACertPath"] = backend.provider_ca_path
    return expected | ({"vaultAddress": backend.in_cluster} if backend.in_cluster else {})


def _ca_file(case: Case, parameters: Mapping[str, str]) -> Finding | None:
    """Find out whether the provider's pods have something mounted where the class has their CA file.

    (Vault docs: "Vault CSI Provider Configurations")
    """
    path = parameters.get("vaultCACertPath")
    try:
        providers = [each for each in case.daemon_sets if each.provides("vault")] if path else []
    except OpsError:
        return None
    if not path or not providers or any(each.mounts(path) for each in providers):
        return None
    return Finding.warning(
        f"the class has vaultCACertPath {path}, and {providers[0]} mounts nothing there: unless its "
        f"image has the file, "
        "no pod's mount will work ('Error loading CA File')",
        "mount the CA in the provider's pods (csi.volumes and csi.volumeMounts of the vault chart), and set "
        "backend.providerCaPath to where it is",
    )


def _identity(case: Case, parameters: Mapping[str, str]) -> Iterator[str]:
    backend = case.stack.backend
    if not isinstance(backend, KeyVaultStore):
        return
    flags = [flag for flag in _FLAGS if parameters.get(flag, "").lower() == "true"]
    if len(flags) > 1:
        yield f"sets {' and '.join(flags)}, of which the provider takes one"
    client, mode = case.workload.identity.get("clientId"), backend.identity_mode
    if mode in FEDERATED or mode == "identity-binding":
        yield from _differences(parameters, {"clientID": client})
        if mode in FEDERATED and flags:
            yield f"sets {', '.join(flags)}, which workload identity goes without"
    elif parameters.get("clientID"):
        yield f"has a clientID, for which the provider wants a service account token, in mode {mode}"


def _differences(parameters: Mapping[str, str], expected: Mapping[str, str | None]) -> Iterator[str]:
    for key, wanted in expected.items():
        if (parameters.get(key) or None) != (wanted or None):
            yield f"has {key} {parameters.get(key) or 'unset'}, and {wanted or 'none'} was deployed"


def _files(case: Case) -> Iterator[str]:
    try:
        promised = {promise.file for promise in case.promises}
    except OpsError as error:
        yield f"has objects that can't be read: {error}"
        return
    declared = case.delivered.declared
    if missing := sorted(declared - promised):
        yield f"promises no {', '.join(missing)}"
    if surplus := sorted(promised - declared):
        yield f"promises {', '.join(surplus)}, which nobody declares"


def _copies(case: Case) -> Iterator[str]:
    found = case.delivered
    # A history's files are below the one that is promised.
    unknown = [
        file
        for file in found.provider_class.copied
        if file.rpartition("/")[0] not in found.declared and file not in found.declared
    ]
    if unknown:
        yield f"copies {', '.join(sorted(unknown))} to a Kubernetes Secret, which is no file of the mount"
    wanted = found.declared if found.copies is not None else {item.name for item in case.workload.objects if item.env}
    if lacking := sorted(wanted - found.provider_class.copies):
        yield f"copies no {', '.join(lacking)} to a Kubernetes Secret"
