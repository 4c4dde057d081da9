"""What a stack installs in its cluster: what the deliveries of its workloads need, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import pulumi

from strongroom.components.azure.options import AUDIENCES
from strongroom.components.delivery import DeliveryKind
from strongroom.components.helm.charts import AKV2K8S, AZURE_PROVIDER, SECRETS_STORE_CSI_DRIVER, VAULT
from strongroom.components.helm.release import PlannedRelease, list_release_issues
from strongroom.components.kubernetes.agent_injector import (
    VaultAgentInjector,
    VaultAgentInjectorArgs,
    plan_injector_release,
)
from strongroom.components.kubernetes.akv2k8s import (
    Akv2k8sEnvInjector,
    Akv2k8sEnvInjectorArgs,
    Principal,
    plan_akv2k8s_release,
)
from strongroom.components.kubernetes.csi_driver import (
    NAMESPACE,
    SecretsStoreCsiDriver,
    SecretsStoreCsiDriverArgs,
    plan_driver_releases,
)
from strongroom.components.vault.server.args import VaultServerShape, VaultServerSpec
from strongroom.components.vault.server.server import plan_server_release

from ..errors import ValidationIssue
from ..settings.azure import AzureKeyVaultSettings
from ..settings.root import Settings
from ..settings.vault import VaultSettings

_DRIVER, _INJECTOR, _AKV2K8S = "secrets-store", "vault-injector", "akv2k8s"
"""The names of the releases."""


class Installation:
    """The releases of a stack with `kubernetes.install: helm`; none otherwise."""

    def __init__(self, settings: Settings) -> None:
        """
        :param settings: The stack's.
        """
        self._settings = settings
        self._charts = settings.charts.charts
        kinds = {workload.delivery.kind for workload in settings.workloads}
        ours = settings.kubernetes.install == "helm"
        self._driven = bool(kinds & {"csi", "kubernetes-secret"} or settings.kubernetes.providers)
        self._drives = ours and self._driven
        self._injects = ours and "agent-injector" in kinds
        self._fills = ours and "akv2k8s" in kinds

    @property
    def akv2k8s_credentials(self) -> Mapping[str, str] | None:
        """The Kubernetes Secret with what akv2k8s reads Key Vault as, where the stack installs it."""
        backend = self._settings.backend
        if not self._fills or not isinstance(backend, AzureKeyVaultSettings):
            return None
        return {"namespace": NAMESPACE, "name": backend.identity.secret_name}

    def list_issues(self) -> list[ValidationIssue]:
        """List the errors of charts that the settings replace, and of the values for them."""
        found = [
            ValidationIssue(("charts", planned.chart.name), problem)
            for planned in self._list_planned()
            for problem in list_release_issues(planned)
        ]
        return list(dict.fromkeys(found))  # one chart may be of several releases

    def find_conflicts(self) -> list[ValidationIssue]:
        """Find a driver of the cluster's beside the stack's own, if the cluster can be asked."""
        kubernetes = self._settings.kubernetes
        if not self._driven or kubernetes.install == "existing":
            return []
        # Who installs nothing needs no client.
        from .preflight_driver import find_conflicts  # noqa: PLC0415

        return find_conflicts(kubernetes, f"{NAMESPACE}/{_DRIVER}")

    def declare(
        self, vault_ca: pulumi.Input[str] | None, opts: pulumi.ResourceOptions
    ) -> Mapping[DeliveryKind, Sequence[pulumi.Resource]]:
        """Install it all; what each delivery needs.

        :param vault_ca: PEM of the CA of Vault's certificate, where it has one of its own.
        """
        made: dict[DeliveryKind, Sequence[pulumi.Resource]] = {}
        if self._drives:
            made["csi"] = made["kubernetes-secret"] = [
                SecretsStoreCsiDriver(_DRIVER, self._build_driver_args(vault_ca), opts)
            ]
        if self._injects:
            made["agent-injector"] = [VaultAgentInjector(_INJECTOR, self._build_injector_args(), opts)]
        if self._fills:
            made["akv2k8s"] = [Akv2k8sEnvInjector(_AKV2K8S, self._build_akv2k8s_args(), opts)]
        return made

    def _list_planned(self) -> Iterator[PlannedRelease]:
        if isinstance(self._settings.backend, VaultSettings) and (server := self._settings.backend.server):
            # Who has the seal's key is known later, and nothing else of the values depends on it.
            shown = VaultServerSpec(**{name: getattr(server, name) for name in VaultServerShape.model_fields})
            yield plan_server_release(shown, chart=self._charts[VAULT.name])
        if self._drives:
            backend = self._settings.backend
            # What the CA is, is known later, and nothing of the values depends on it.
            vault_ca = "known later" if isinstance(backend, VaultSettings) and backend.has_authority else None
            yield from plan_driver_releases(_DRIVER, self._build_driver_args(vault_ca)).values()
        if self._injects:
            yield plan_injector_release(_INJECTOR, self._build_injector_args())
        if self._fills:
            yield plan_akv2k8s_release(_AKV2K8S, self._build_akv2k8s_args())

    def _build_driver_args(self, vault_ca: pulumi.Input[str] | None) -> SecretsStoreCsiDriverArgs:
        backend, kubernetes = self._settings.backend, self._settings.kubernetes
        vault = isinstance(backend, VaultSettings)
        own = backend.audience if isinstance(backend, VaultSettings) else AUDIENCES.get(backend.identity.mode)
        return SecretsStoreCsiDriverArgs(
            audiences=[*kubernetes.audiences, *([own] if own else [])],
            providers=sorted({*kubernetes.providers, "vault" if vault else "azure"}),
            rotation_poll_interval=kubernetes.rotation_poll_interval,
            vault_ca_certificate=vault_ca,
            driver_chart=self._charts[SECRETS_STORE_CSI_DRIVER.name],
            vault_chart=self._charts[VAULT.name],
            azure_chart=self._charts[AZURE_PROVIDER.name],
        )

    def _build_injector_args(self) -> VaultAgentInjectorArgs:
        backend = cast("VaultSettings", self._settings.backend)  # no other store has that delivery
        return VaultAgentInjectorArgs(address=backend.in_cluster, chart=self._charts[VAULT.name])

    def _build_akv2k8s_args(self) -> Akv2k8sEnvInjectorArgs:
        backend = cast("AzureKeyVaultSettings", self._settings.backend)  # the same
        password, client_id = self._settings.client_secret, backend.identity.client_id
        return Akv2k8sEnvInjectorArgs(
            credentials=backend.identity.secret_name,
            readers=[
                (workload.namespace, workload.service_account_name)
                for workload in self._settings.workloads
                if workload.delivery.kind == "akv2k8s"
            ],
            principal=Principal(tenant_id=backend.tenant_id, client_id=client_id, secret=password.get_secret_value())
            if password and client_id
            else None,
            cloud=backend.cloud,
            chart=self._charts[AKV2K8S.name],
        )
