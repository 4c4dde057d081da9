"""The workload under diagnosis."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from ..cluster.client import ClusterClient
from ..cluster.delivery import Delivery, read_delivery, request_login_token
from ..cluster.driver_records import DriverRecords
from ..cluster.installation import DaemonSet, Installed
from ..cluster.pod_template import PodTemplate, parse_template
from ..errors import OpsError
from ..pulumi.stack import DeployedStack, DeployedWorkload
from ..store.base import DeniedError, ExpectedFile, NotTriedError, Session, Store
from ..store.open import open_store

Refusal = DeniedError | NotTriedError | OpsError
"""An error of a login or a read."""


class DiagnosisContext:
    """A workload, and what checks read about it; each thing is read once, when a check first needs it."""

    def __init__(self, name: str, stack: DeployedStack, workload: DeployedWorkload) -> None:
        """Keep what all of a diagnosis reads.

        :param name: The stack's name, for commands in fixes.
        :param stack: The stack.
        :param workload: The workload.
        :raises OpsError: The cluster's kubeconfig can't be used.
        """
        self.name = name
        self.stack = stack
        self.workload = workload
        self.cluster = ClusterClient(stack.kubernetes)
        self.installed = Installed(stack.kubernetes)
        self.records = DriverRecords(stack.kubernetes, workload)

    @property
    def revert(self) -> str:
        """Commands that revert a change made by hand."""
        return f"pulumi refresh --stack {self.name}, then pulumi up --stack {self.name}"

    @property
    def is_azure(self) -> bool:
        """Whether it reads from Azure Key Vault."""
        return self.stack.backend.kind == "azure-key-vault"

    @property
    def provider(self) -> str:
        """The driver's name for the store's provider."""
        return "azure" if self.is_azure else "vault"

    @property
    def has_secret_copy(self) -> bool:
        """Whether the driver makes a Kubernetes Secret for it."""
        by_driver = self.workload.delivery in {"csi", "kubernetes-secret"}
        whole = self.workload.delivery == "kubernetes-secret"
        return by_driver and (whole or any(item.env for item in self.workload.objects))

    @cached_property
    def store(self) -> Store:
        """The workload's store."""
        return open_store(self.stack, self.cluster)

    @cached_property
    def daemon_sets(self) -> Sequence[DaemonSet]:
        """The cluster's DaemonSets, without those for Windows nodes."""
        return self.installed.list_daemon_sets()

    @cached_property
    def has_kubelet(self) -> bool:
        """Whether the cluster has a node; assumed if nodes can't be listed."""
        try:
            return self.installed.has_nodes()
        except OpsError:
            return True

    @cached_property
    def template(self) -> PodTemplate:
        """The template of its pods; of pods that others make, what they need."""
        if self.workload.controller == "none" or self.workload.pod is not None:
            return parse_template(self.workload.build_pod(["any"]))
        return self.cluster.read_pod_template(self.workload.namespace, self.workload.name, self.workload.controller)

    @cached_property
    def delivery(self) -> Delivery:
        """Its delivery, as the cluster has it."""
        return read_delivery(self.cluster, self.stack, self.workload)

    @cached_property
    def login(self) -> Session | Refusal:
        """Its session at the store, or the error of the login."""
        audience, workload = self.delivery.audience, self.workload
        try:
            token = request_login_token(self.cluster, workload, audience)
            return self.store.log_in(workload, self.delivery.provider_class, token)
        except (DeniedError, NotTriedError, OpsError) as error:
            return error

    @cached_property
    def expected_files(self) -> Sequence[ExpectedFile]:
        """The files that its SecretProviderClass has the driver mount."""
        return self.store.list_expected_files(self.delivery.provider_class)

    @cached_property
    def read_errors(self) -> Mapping[str, Refusal]:
        """The places in the store that it can't read, with the errors; empty if the login failed."""
        found: dict[str, Refusal] = {}
        if isinstance(self.login, Exception):
            return found
        for file in self.expected_files:
            try:
                file.read(self.login)
            except (DeniedError, NotTriedError, OpsError) as error:
                if not file.may_lack(error):
                    found[file.place] = error
        return found
