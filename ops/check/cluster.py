"""What a stack needs of its cluster."""

from collections.abc import Iterator

from strongroom.components.azure.options import AUDIENCES
from strongroom.stacks.provision.installation import Installation
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import VaultSettings

from ..cluster.installation import Installed
from ..doctor.driver import INSTALL, inspect_audience, inspect_driver, inspect_provider
from ..doctor.webhook import DOMAINS
from ..errors import AbsentError, NotAllowedError, OpsError
from ..existing.cluster import ClusterFinder
from ..existing.find import New, find_existing
from ..findings import Finding, attempt
from ..pulumi.stack import Cluster
from .issuer import issuers

_CLASSES = "secretproviderclasses.secrets-store.csi.x-k8s.io"
_KEY_VAULT_SECRETS = "azurekeyvaultsecrets.spv.no"


def cluster(settings: Settings, new: New) -> Iterator[Finding]:
    """Whether the cluster is reached, has what the stack neither makes nor installs, and nothing of what it makes.

    :param new: What the stack declares, and what it has of that.
    """
    kubernetes = settings.kubernetes
    if kubernetes.aks and not kubernetes.kubeconfig and not kubernetes.context:
        yield Finding.skipped("its kubeconfig comes from Azure, with the update", name="cluster")
        return
    place = Cluster(kubeconfig=kubernetes.kubeconfig, context=kubernetes.context)
    try:
        installed = Installed(place)
        finder = ClusterFinder(place)
        found = _namespaces(settings, installed)
    except OpsError as error:
        yield Finding.skipped(str(error), name="cluster")
        return
    yield Finding.ok("it answers", name="cluster")
    yield found
    yield from find_existing(finder, new)
    yield from issuers(settings, place)
    if kubernetes.install == "existing":
        yield from _existing(settings, installed)
    else:
        yield attempt("driver", lambda: _alone(settings, installed))


def _namespaces(settings: Settings, installed: Installed) -> Finding:
    wanted = {workload.namespace for workload in settings.workloads} & set(settings.kubernetes.existing_namespaces)
    try:
        missing = sorted(wanted.difference(installed.namespaces()))
    except NotAllowedError as error:
        return Finding.skipped(str(error), name="namespaces")
    if missing:
        return Finding.failed(
            f"kubernetes.existingNamespaces has {', '.join(missing)}, which the cluster has not",
            "make them, or leave them out of existingNamespaces: the stack then makes them",
            name="namespaces",
        )
    return Finding.ok(", ".join(sorted(wanted)) or "the stack makes each of them", name="namespaces")


def _alone(settings: Settings, installed: Installed) -> Finding:
    try:
        installed.audiences()
    except AbsentError:
        return Finding.ok("none is installed yet")
    faults = Installation(settings).conflicts()
    return (
        Finding.failed(str(faults[0]), "")
        if faults
        else Finding.ok("the one that is installed is this stack's, or the add-on's")
    )


def _existing(settings: Settings, installed: Installed) -> Iterator[Finding]:
    """What somebody else must have installed."""
    kinds = {workload.delivery.kind for workload in settings.workloads}
    if kinds & {"csi", "kubernetes-secret"}:
        yield attempt("custom resources", lambda: _served(installed, _CLASSES))
        yield attempt("driver", lambda: inspect_driver(installed, installed.daemon_sets()))
        vault = isinstance(settings.backend, VaultSettings)
        provider = "vault" if vault else "azure"
        yield attempt("provider", lambda: inspect_provider(provider, installed.daemon_sets()))
        yield attempt("audience", lambda: _audience(settings, installed, provider))
    if "akv2k8s" in kinds:
        yield attempt("custom resources", lambda: _served(installed, _KEY_VAULT_SECRETS))
    for kind in sorted(kinds & set(DOMAINS)):
        yield attempt("webhook", lambda kind=kind: _webhook(installed, DOMAINS[kind]))


def _served(installed: Installed, crd: str) -> Finding:
    if installed.serves(crd):
        return Finding.ok(crd)
    return Finding.failed(f"the cluster has no custom resource definition {crd}", INSTALL)


def _audience(settings: Settings, installed: Installed, provider: str) -> Finding:
    backend = settings.backend
    wanted = backend.audience if isinstance(backend, VaultSettings) else AUDIENCES.get(backend.identity.mode)
    if not wanted:
        return Finding.ok("no token of a service account is used")
    namespaces = {workload.namespace for workload in settings.workloads}
    return inspect_audience(installed, installed.daemon_sets(), provider, wanted, namespaces)


def _webhook(installed: Installed, domain: str) -> Finding:
    found = installed.webhooks(domain)
    if not found:
        return Finding.failed(f"the cluster has no webhook {domain}", INSTALL)
    service = found[0].service
    if service and not installed.answers(*service):
        return Finding.failed(
            f"no pod behind Service {service[0]}/{service[1]} is ready, which the webhook {found[0].name} calls",
            f"kubectl get pods -n {service[0]}, and their events and logs",
        )
    return Finding.ok(f"{found[0].name} answers")
