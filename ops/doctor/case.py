"""A workload under examination."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property

from strongroom.components.durations import parse_seconds

from ..cluster.client import ClusterClient
from ..cluster.delivery import Delivery, read_delivery
from ..cluster.driver_records import DriverRecords
from ..cluster.installation import DaemonSet, Installed
from ..cluster.pod_template import PodTemplate
from ..errors import OpsError
from ..pulumi.stack import DeployedStack, DeployedWorkload
from ..store.base import DeniedError, ExpectedFile, NotTriedError, Session, Store
from ..store.open import store_of

Refusal = DeniedError | NotTriedError | OpsError
"""Why something was not let in, or not read."""


class Case:
    """A workload, and what is found out of it: each thing once, when the first link asks for it."""

    def __init__(self, name: str, stack: DeployedStack, workload: DeployedWorkload) -> None:
        """
        :param name: The stack's name, for the commands that mend things.
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
    def again(self) -> str:
        """How what was changed by hand is taken back."""
        return f"pulumi refresh --stack {self.name}, then pulumi up --stack {self.name}"

    @property
    def azure(self) -> bool:
        """Whether it reads from Azure Key Vault."""
        return self.stack.backend.kind == "azure-key-vault"

    @property
    def provider(self) -> str:
        """What the driver calls the store's provider."""
        return "azure" if self.azure else "vault"

    @property
    def copies(self) -> bool:
        """Whether the driver makes a Kubernetes Secret for it."""
        by_driver = self.workload.delivery in {"csi", "kubernetes-secret"}
        whole = self.workload.delivery == "kubernetes-secret"
        return by_driver and (whole or any(item.env for item in self.workload.objects))

    @cached_property
    def store(self) -> Store:
        """Its store."""
        return store_of(self.stack, self.cluster)

    @cached_property
    def daemon_sets(self) -> Sequence[DaemonSet]:
        """What runs on each node of the cluster, Windows nodes left out."""
        return self.installed.daemon_sets()

    @cached_property
    def has_kubelet(self) -> bool:
        """Whether the cluster has a node; taken for granted if that can't be asked."""
        try:
            return self.installed.has_nodes()
        except OpsError:
            return True

    @property
    def poll_interval(self) -> timedelta | None:
        """How old the driver lets files become, if its arguments say."""
        found = next((each.option("rotation-poll-interval") for each in self.daemon_sets if each.drives), None)
        length = parse_seconds(found)
        return None if length is None else timedelta(seconds=length)

    @cached_property
    def template(self) -> PodTemplate:
        """What its pods are made from."""
        return self.cluster.pod_template(self.workload.namespace, self.workload.name, self.workload.controller)

    @cached_property
    def delivered(self) -> Delivery:
        """Its delivery, as the cluster says."""
        return read_delivery(self.cluster, self.stack, self.workload)

    @cached_property
    def admission(self) -> Session | Refusal:
        """Its session at the store, or why it has none."""
        audience, workload = self.delivered.audience, self.workload
        try:
            token = self.cluster.token(workload.namespace, workload.service_account, audience) if audience else ""
            return self.store.log_in(workload, self.delivered.provider_class, token)
        except (DeniedError, NotTriedError, OpsError) as error:
            return error

    @cached_property
    def promises(self) -> Sequence[ExpectedFile]:
        """The files that its class promises."""
        return self.store.list_expected_files(self.delivered.provider_class)

    @cached_property
    def refusals(self) -> Mapping[str, Refusal]:
        """The places in the store that it can't read, and why; empty where it was not let in."""
        found: dict[str, Refusal] = {}
        if isinstance(self.admission, Exception):
            return found
        for promise in self.promises:
            try:
                promise.read(self.admission)
            except (DeniedError, NotTriedError, OpsError) as error:
                found[promise.place] = error
        return found
