"""From settings to components."""

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from strongroom.components.kubernetes.workload import SecretWorkload, SecretWorkloadArgs
from strongroom.components.workload import describe_shared_accounts

from ..errors import InvalidSettingsError
from ..settings.root import Settings
from ..settings.vault import VaultSettings
from .files import read_files
from .installation import Installation


def provision(settings: Settings) -> None:
    """Declare everything that `settings` describe, and export what `ops` needs to know of it.

    :raises InvalidSettingsError: A file that the settings name can't be read, a chart can't be what they say,
        or the cluster has another driver.
    """
    for _ in provision_stepwise(settings):
        pass


def provision_stepwise(settings: Settings) -> Iterator[SecretWorkload]:
    """Declare everything as `provision` does, and yield each workload as soon as it is declared.

    The caller may let the registrations of one finish before the next is declared.

    :raises InvalidSettingsError: As `provision`.
    """
    files, issues = read_files(settings)
    installation = Installation(settings)
    issues += installation.list_issues() + installation.find_conflicts()
    if issues:
        raise InvalidSettingsError(pulumi.get_stack(), issues)
    # A stack loads the provider that it uses, and not the other.
    if isinstance(settings.backend, VaultSettings):
        from .vault import provision_vault  # noqa: PLC0415

        made = provision_vault(settings, settings.backend, files)
    else:
        from .azure import provision_azure  # noqa: PLC0415

        made = provision_azure(settings, settings.backend)
    on_cluster = pulumi.ResourceOptions(providers=[made.cluster])
    installed = installation.declare(made.vault_ca, on_cluster)
    descriptions: list[pulumi.Output[Mapping[str, Any]]] = []
    for warning in describe_shared_accounts(settings.workloads):
        pulumi.log.warn(warning)
    accounts: dict[str, list[pulumi.Resource]] = {}
    # Pods start after their account, whichever workload it is made for.
    for workload in sorted(settings.workloads, key=lambda each: not each.creates_service_account):
        account = f"{workload.namespace}/{workload.service_account_name}"
        args = SecretWorkloadArgs(
            workload=workload,
            backend=made.backend,
            wait_for_rollout=settings.kubernetes.wait_for_rollout,
            after=[
                *installed.get(workload.delivery.kind, []),
                *made.namespaces.get(workload.namespace, []),
                *accounts.get(account, []),
            ],
        )
        component = SecretWorkload(workload.path, args, on_cluster)
        if component.service_account:
            accounts[account] = [component.service_account]
        descriptions.append(component.description)
        yield component
    pulumi.export("backend", made.description)
    pulumi.export(
        "kubernetes",
        {
            "kubeconfig": settings.kubernetes.kubeconfig,
            "context": settings.kubernetes.context,
            "akv2k8sCredentials": installation.akv2k8s_credentials,
        },
    )
    pulumi.export("administrators", [*settings.administrators])
    pulumi.export("workloads", descriptions)
