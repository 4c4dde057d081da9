"""Checks of the cluster before a deployment."""

from collections.abc import Iterator

from strongroom.components.azure.options import AUDIENCES
from strongroom.components.workload import Workload
from strongroom.stacks.provision.installation import Installation
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import VaultSettings

from ..cluster.installation import Installed
from ..doctor.driver import INSTALL, inspect_audience, inspect_driver, inspect_provider
from ..doctor.webhook import DOMAINS
from ..errors import AbsentError, NotAllowedError, OpsError
from ..existing.cluster import ClusterFinder
from ..existing.find import New, find_existing
from ..existing.patches import check_patches
from ..findings import Finding, attempt
from ..pulumi.stack import Cluster
from ..verify.cluster_reader import ClusterReader
from .issuer import check_issuers

_CLASSES = "secretproviderclasses.secrets-store.csi.x-k8s.io"
_KEY_VAULT_SECRETS = "azurekeyvaultsecrets.spv.no"


def check_cluster(settings: Settings, new: New) -> Iterator[Finding]:
    """Check that the cluster is reachable, has what the stack needs, and nothing in the place of what it creates.

    :param new: What the stack declares, and what it has deployed.
    """
    kubernetes = settings.kubernetes
    if kubernetes.aks and not kubernetes.kubeconfig and not kubernetes.context:
        yield Finding.skipped("its kubeconfig comes from Azure, with the update", name="cluster")
        return
    place = Cluster(kubeconfig=kubernetes.kubeconfig, context=kubernetes.context)
    try:
        installed = Installed(place)
        finder = ClusterFinder(place)
        found = _check_namespaces(settings, installed)
    except OpsError as error:
        yield Finding.skipped(str(error), name="cluster")
        return
    yield Finding.ok("it can be reached", name="cluster")
    yield found
    yield from _check_accounts(settings, finder.reader)
    yield from find_existing(finder, new)
    yield from check_patches(finder.reader, new.resources)
    yield from check_issuers(settings, place)
    if kubernetes.install == "existing":
        yield from _check_existing(settings, installed)
    else:
        yield attempt("driver", lambda: _check_conflicts(settings, installed))


def _check_namespaces(settings: Settings, installed: Installed) -> Finding:
    wanted = {workload.namespace for workload in settings.workloads} & set(settings.kubernetes.existing_namespaces)
    try:
        missing = sorted(wanted.difference(installed.read_namespaces()))
    except NotAllowedError as error:
        return Finding.skipped(str(error), name="namespaces")
    if missing:
        return Finding.failed(
            f"kubernetes.existingNamespaces has {', '.join(missing)}, which the cluster lacks",
            "create them, or remove them from existingNamespaces: then the stack creates them",
            name="namespaces",
        )
    return Finding.ok(", ".join(sorted(wanted)) or "the stack creates all of them", name="namespaces")


def _check_accounts(settings: Settings, reader: ClusterReader) -> Iterator[Finding]:
    """Check that each service account exists which no workload makes."""
    made = {_locate_account(each) for each in settings.workloads if each.creates_service_account}
    for namespace, name in sorted({*map(_locate_account, settings.workloads)} - made):
        what = f"service account {namespace}/{name}"
        try:
            reader.get_metadata(what, f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
        except AbsentError:
            yield Finding.failed(
                f"there is no {what}, and serviceAccount.create is false",
                f"create it: kubectl create serviceaccount {name} -n {namespace}; or leave create out",
                name="service accounts",
            )
        except OpsError as error:
            yield Finding.skipped(f"{what}: {error}", name="service accounts")


def _locate_account(workload: Workload) -> tuple[str, str]:
    return workload.namespace, workload.service_account_name


def _check_conflicts(settings: Settings, installed: Installed) -> Finding:
    try:
        installed.read_audiences()
    except AbsentError:
        return Finding.ok("none is installed yet")
    conflicts = Installation(settings).find_conflicts()
    return (
        Finding.failed(str(conflicts[0]), "")
        if conflicts
        else Finding.ok("the one that is installed is this stack's, or the add-on's")
    )


def _check_existing(settings: Settings, installed: Installed) -> Iterator[Finding]:
    """Check what the cluster's owner must have installed."""
    kinds = {workload.delivery.kind for workload in settings.workloads}
    if kinds & {"csi", "kubernetes-secret"}:
        yield attempt("custom resources", lambda: _check_crd(installed, _CLASSES))
        yield attempt("driver", lambda: inspect_driver(installed, installed.list_daemon_sets()))
        vault = isinstance(settings.backend, VaultSettings)
        provider = "vault" if vault else "azure"
        yield attempt("provider", lambda: inspect_provider(provider, installed.list_daemon_sets()))
        yield attempt("audience", lambda: _check_audience(settings, installed, provider))
    if "akv2k8s" in kinds:
        yield attempt("custom resources", lambda: _check_crd(installed, _KEY_VAULT_SECRETS))
    for kind in sorted(kinds & set(DOMAINS)):
        yield attempt("webhook", lambda kind=kind: _check_webhook(installed, DOMAINS[kind]))


def _check_crd(installed: Installed, crd: str) -> Finding:
    if installed.has_crd(crd):
        return Finding.ok(crd)
    return Finding.failed(f"the cluster has no custom resource definition {crd}", INSTALL)


def _check_audience(settings: Settings, installed: Installed, provider: str) -> Finding:
    backend = settings.backend
    wanted = backend.audience if isinstance(backend, VaultSettings) else AUDIENCES.get(backend.identity.mode)
    if not wanted:
        return Finding.ok("no token of a service account is used")
    namespaces = {workload.namespace for workload in settings.workloads}
    return inspect_audience(installed, installed.list_daemon_sets(), provider, wanted, namespaces)


def _check_webhook(installed: Installed, domain: str) -> Finding:
    found = installed.list_webhooks(domain)
    if not found:
        return Finding.failed(f"the cluster has no webhook {domain}", INSTALL)
    service = found[0].service
    if service and not installed.has_ready_pod(*service):
        return Finding.failed(
            f"no pod of Service {service[0]}/{service[1]} is ready, which the webhook {found[0].name} needs",
            f"kubectl get pods -n {service[0]}, and their events and logs",
        )
    return Finding.ok(f"{found[0].name} responds")
