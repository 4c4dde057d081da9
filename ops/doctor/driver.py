"""Checks of the driver, the store's provider, and the audience of the tokens that they use."""

from collections.abc import Collection, Mapping
from typing import Any

from strongroom.components.kubernetes.csi_volume import DRIVER
from strongroom.components.rotation import LONGEST_POLL

from ..cluster.installation import DaemonSet, Installed
from ..errors import AbsentError, NotAllowedError, OpsError
from ..findings import Finding
from ..pulumi.stack import VaultStore
from ..store.base import DeniedError
from ..store.vault_operator import VaultOperator
from .context import DiagnosisContext

INSTALL = (
    "install it: kubernetes.install 'helm' has the stack install driver and providers, 'addon' AKS; with 'existing' "
    "the cluster's owner does"
)


NO_KUBELET = "no kubelet here: the cluster has no node, so that no driver runs and no volume is mounted"


def check_driver(context: DiagnosisContext) -> Finding:
    """Check that the driver is installed, once, and ready."""
    if not context.has_kubelet:
        return Finding.skipped(NO_KUBELET)
    found = inspect_driver(context.installed, context.daemon_sets)
    return found if found.state == "failed" else _check_registration(context) or found


def _check_registration(context: DiagnosisContext) -> Finding | None:
    """Check that kubelet knows the driver on each node of the workload's pods."""
    try:
        nodes = context.records.read_nodes()
        unregistered = sorted(each for each in nodes if not context.installed.has_registered(each, DRIVER))
    except NotAllowedError:
        return None
    if not unregistered:
        return None
    return Finding.failed(
        f"{DRIVER} has not registered with kubelet on {', '.join(unregistered)}, where its pods are (CSINode)",
        "read the log of the driver's pod on that node (container node-driver-registrar), and delete the pod",
    )


def check_provider(context: DiagnosisContext) -> Finding:
    """Check that the store's provider is installed, ready, and has its socket where the driver looks."""
    if not context.has_kubelet:
        return Finding.skipped(NO_KUBELET)
    return inspect_provider(context.provider, context.daemon_sets)


def inspect_driver(installed: Installed, daemon_sets: Collection[DaemonSet]) -> Finding:
    """Check that a cluster has the driver, once, and ready.

    (Secrets Store CSI Driver docs: "Troubleshooting")
    """
    try:
        installed.read_audiences()
    except AbsentError:
        return Finding.failed(f"the cluster has no CSIDriver {DRIVER}", INSTALL)
    found = [each for each in daemon_sets if each.drives]
    if not found:
        return Finding.failed("the cluster has a CSIDriver object, but no DaemonSet of the driver", INSTALL)
    if len(found) > 1:
        return Finding.failed(
            f"two drivers are installed, which break each other: {' and '.join(map(str, found))}",
            "keep one: disable the add-on (az aks disable-addons -a azure-keyvault-secrets-provider), or remove the "
            "Helm release (helm uninstall), and set kubernetes.install accordingly",
        )
    return _check_poll_interval(found[0]) or _check_ready(found[0])


def _check_poll_interval(found: DaemonSet) -> Finding | None:
    """Warn of a driver with which a pod may start without its secrets (Seen on a node with driver 1.6)."""
    interval = found.poll_interval
    if found.ready == 0 or interval is None or interval.total_seconds() <= LONGEST_POLL:
        return None
    return Finding.warning(
        f"{found} has the rotationPollInterval {found.find_option('rotation-poll-interval')}: if a provider does not "
        "respond within kubelet's 2 minutes, a pod becomes ready with an empty directory",
        "set it to 2m or less (kubernetes.rotationPollInterval; rotationPollInterval of the driver's chart)",
    )


def inspect_provider(name: str, daemon_sets: Collection[DaemonSet]) -> Finding:
    """Check that a cluster has the provider `name`, ready, with its socket where the driver looks."""
    found = [each for each in daemon_sets if each.provides(name)]
    if not found:
        return Finding.failed(
            f"the cluster has no provider {name!r} for the driver",
            f"install it: with kubernetes.install 'helm' add {name!r} to kubernetes.providers; the AKS add-on installs "
            "'azure' alone",
        )
    looked = frozenset[str]().union(*(each.socket_directories for each in daemon_sets if each.drives))
    usable = [each for each in found if not looked or looked & set(each.directories)]
    if not usable:
        return Finding.failed(
            f"{found[0]} has its socket in {', '.join(found[0].directories) or 'no directory of the node'}, and the "
            f"driver looks in {', '.join(sorted(looked))}",
            "have both charts use the same directory: providersDir, by default /var/run/secrets-store-csi-providers",
        )
    return _check_ready(usable[0])


def _check_ready(found: DaemonSet) -> Finding:
    seen = f"{found} is ready on {found.ready} of {found.wanted} nodes"
    look = f"kubectl describe daemonset -n {found.path.replace('/', ' ')}, and its pods' events and logs"
    if found.wanted == 0:
        return Finding.failed(f"{found} runs on no node", "correct its node selector and its tolerations")
    if found.ready == 0:
        return Finding.failed(seen, look)
    if found.ready < found.wanted:
        return Finding.warning(f"{seen}: pods on the other nodes wait", look)
    return Finding.ok(seen)


def check_audience(context: DiagnosisContext) -> Finding:
    """Check that driver, SecretProviderClass and role agree on the audience of the workload's tokens.

    (Kubernetes CSI docs: "Token Requests"; Vault docs: "Kubernetes auth method")
    """
    wanted = context.delivery.audience
    if not wanted:
        return Finding.ok("no token of the service account is used")
    if isinstance(context.stack.backend, VaultStore):
        disagreement = _compare_class(context, wanted) or _compare_role(context, context.stack.backend, wanted)
        if disagreement:
            return Finding.failed(disagreement, f"backend.audience sets both: {context.revert}")
    if context.workload.delivery == "agent-injector":
        return Finding.ok(wanted)
    if not context.has_kubelet:
        return Finding.skipped(NO_KUBELET)
    return inspect_audience(
        context.installed, context.daemon_sets, context.provider, wanted, {context.workload.namespace}
    )


def inspect_audience(
    installed: Installed, daemon_sets: Collection[DaemonSet], provider: str, wanted: str, namespaces: Collection[str]
) -> Finding:
    """Check that the driver has kubelet request tokens for the audience `wanted`.

    :param provider: The provider that gets them. Vault's creates a token itself if the driver passes none, if it may
        in all of `namespaces`. (Source of the Vault CSI provider)
    """
    audiences = installed.read_audiences()
    if wanted in audiences:
        return Finding.ok(wanted)
    seen = f"the driver requests tokens for {', '.join(sorted(audiences)) or 'no audience'}, and {wanted} is needed"
    fix = (
        "add it to the CSIDriver's tokenRequests: with kubernetes.install 'helm' pulumi up does, as for "
        "kubernetes.audiences; otherwise set tokenRequests of the driver's chart"
    )
    users = [each.user for each in daemon_sets if each.provides("vault")]
    if provider != "vault" or not users:
        return Finding.failed(seen, fix)
    user = users[0]
    if all(installed.may_create(user, "serviceaccounts/token", namespace) for namespace in namespaces):
        return Finding.warning(f"{seen}; Vault's provider creates one itself, as {user}", fix)
    return Finding.failed(f"{seen}; and Vault's provider may not create one itself, as {user}", fix)


def _compare_class(context: DiagnosisContext, wanted: str) -> str | None:
    named = context.delivery.provider_class.parameters.get("audience")
    # An injected agent has none: its token's volume has it.
    if named in {None, wanted}:
        return None
    return f"the SecretProviderClass requests tokens for {named}, and {wanted} is needed"


def _compare_role(context: DiagnosisContext, store: VaultStore, wanted: str) -> str | None:
    role = context.delivery.provider_class.parameters.get("roleName", "")
    try:
        settings: Mapping[str, Any] = VaultOperator(store).read(f"auth/{store.auth_path}/role/{role}")
    except OpsError:
        # A caller who may not read the role still has Vault's response to the workload.
        refused = isinstance(context.login, DeniedError) and "audience" in str(context.login)
        return f"role {role} requires another audience than {wanted}: {context.login}" if refused else None
    named = settings.get("audience") or settings.get("bound_audiences") or ()
    audiences = [named] if isinstance(named, str) else list(named)
    if not audiences or wanted in audiences:
        return None
    return f"role {role} requires the audience {', '.join(audiences)}, and SecretProviderClass and driver use {wanted}"
