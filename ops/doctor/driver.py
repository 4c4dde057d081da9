"""Links: the driver, the store's provider, and the audience of the tokens that they use."""

from collections.abc import Collection, Mapping
from typing import Any

from strongroom.components.durations import parse_seconds
from strongroom.components.kubernetes.csi_volume import DRIVER

from ..cluster.installation import DaemonSet, Installed
from ..errors import AbsentError, OpsError
from ..findings import Finding
from ..pulumi.stack import VaultStore
from ..store.base import DeniedError
from ..store.vault_operator import VaultOperator
from .case import Case

_KUBELET_WAITS = 120
"""Seconds that kubelet waits for a mount before it calls again."""

INSTALL = (
    "install it: kubernetes.install 'helm' has the stack install driver and providers, 'addon' AKS; with 'existing' "
    "the cluster's owner does"
)


NO_KUBELET = "no kubelet here: the cluster has no node, so that no driver runs and no volume is mounted"


def driver(case: Case) -> Finding:
    """Whether the driver is there, once, and ready."""
    if not case.has_kubelet:
        return Finding.skipped(NO_KUBELET)
    return driver_of(case.installed, case.daemon_sets)


def provider(case: Case) -> Finding:
    """Whether the store's provider is there, ready, and has its socket where the driver looks."""
    if not case.has_kubelet:
        return Finding.skipped(NO_KUBELET)
    return provider_of(case.provider, case.daemon_sets)


def driver_of(installed: Installed, daemon_sets: Collection[DaemonSet]) -> Finding:
    """Whether a cluster has the driver, once, and ready.

    (Secrets Store CSI Driver docs: "Troubleshooting")
    """
    try:
        installed.audiences()
    except AbsentError:
        return Finding.failed(f"the cluster has no CSIDriver {DRIVER}", INSTALL)
    found = [each for each in daemon_sets if each.drives]
    if not found:
        return Finding.failed("the cluster has a CSIDriver object, and no DaemonSet of the driver", INSTALL)
    if len(found) > 1:
        return Finding.failed(
            f"two drivers are installed, which break each other: {' and '.join(map(str, found))}",
            "keep one: take the add-on away (az aks disable-addons -a azure-keyvault-secrets-provider), or the Helm "
            "release (helm uninstall), and set kubernetes.install accordingly",
        )
    return _polls_too_seldom(found[0]) or _ready(found[0])


def _polls_too_seldom(found: DaemonSet) -> Finding | None:
    """Warn of a driver with which a pod may start without its secrets. (Seen on a node with driver 1.6)"""
    interval = parse_seconds(found.option("rotation-poll-interval"))
    if found.ready == 0 or interval is None or interval <= _KUBELET_WAITS:
        return None
    return Finding.warning(
        f"{found} has the rotationPollInterval {found.option('rotation-poll-interval')}: where a provider does not "
        "answer within kubelet's 2 minutes, a pod becomes ready with an empty directory",
        "set it to 2m or less (kubernetes.rotationPollInterval; rotationPollInterval of the driver's chart)",
    )


def provider_of(name: str, daemon_sets: Collection[DaemonSet]) -> Finding:
    """Whether a cluster has the provider `name`, ready, with its socket where the driver looks."""
    found = [each for each in daemon_sets if each.provides(name)]
    if not found:
        return Finding.failed(
            f"the cluster has no provider {name!r} for the driver",
            f"install it: with kubernetes.install 'helm' add {name!r} to kubernetes.providers; the AKS add-on brings "
            "'azure' alone",
        )
    looked = frozenset[str]().union(*(each.socket_directories for each in daemon_sets if each.drives))
    reached = [each for each in found if not looked or looked & set(each.directories)]
    if not reached:
        return Finding.failed(
            f"{found[0]} has its socket in {', '.join(found[0].directories) or 'no directory of the node'}, and the "
            f"driver looks in {', '.join(sorted(looked))}",
            "have both charts use the same directory: providersDir, by default /var/run/secrets-store-csi-providers",
        )
    return _ready(reached[0])


def _ready(found: DaemonSet) -> Finding:
    seen = f"{found} is ready on {found.ready} of {found.wanted} nodes"
    look = f"kubectl describe daemonset -n {found.path.replace('/', ' ')}, and its pods' events and logs"
    if found.wanted == 0:
        return Finding.failed(f"{found} is to run on no node", "correct its node selector and its tolerations")
    if found.ready == 0:
        return Finding.failed(seen, look)
    if found.ready < found.wanted:
        return Finding.warning(f"{seen}: pods on the others wait", look)
    return Finding.ok(seen)


def audience(case: Case) -> Finding:
    """Whether driver, class and role agree on the audience of the workload's tokens.

    (Kubernetes CSI docs: "Token Requests"; Vault docs: "Kubernetes auth method")
    """
    wanted = case.delivered.audience
    if not wanted:
        return Finding.ok("no token of the service account is used")
    if isinstance(case.stack.backend, VaultStore):
        disagreement = _of_class(case, wanted) or _of_role(case, case.stack.backend, wanted)
        if disagreement:
            return Finding.failed(disagreement, f"one setting drives both, backend.audience: {case.again}")
    if case.workload.delivery == "agent-injector":
        return Finding.ok(wanted)
    if not case.has_kubelet:
        return Finding.skipped(NO_KUBELET)
    return requested(case.installed, case.daemon_sets, case.provider, wanted, {case.workload.namespace})


def requested(
    installed: Installed, daemon_sets: Collection[DaemonSet], provider: str, wanted: str, namespaces: Collection[str]
) -> Finding:
    """Whether the driver has kubelet request tokens for the audience `wanted`.

    :param provider: The provider that gets them. Vault's makes a token itself where the driver hands it none, if it may
        in all of `namespaces`. (Source of the Vault CSI provider)
    """
    audiences = installed.audiences()
    if wanted in audiences:
        return Finding.ok(wanted)
    seen = f"the driver requests tokens of {', '.join(sorted(audiences)) or 'no audience'}, and {wanted} is needed"
    fix = (
        "add it to the CSIDriver's tokenRequests: with kubernetes.install 'helm' pulumi up does, beside what "
        "kubernetes.audiences names; else set tokenRequests of the driver's chart"
    )
    users = [each.user for each in daemon_sets if each.provides("vault")]
    if provider != "vault" or not users:
        return Finding.failed(seen, fix)
    user = users[0]
    if all(installed.may_create(user, "serviceaccounts/token", namespace) for namespace in namespaces):
        return Finding.warning(f"{seen}; Vault's provider makes one itself, as {user}", fix)
    return Finding.failed(f"{seen}; nor may Vault's provider make one itself, as {user}", fix)


def _of_class(case: Case, wanted: str) -> str | None:
    named = case.delivered.provider_class.parameters.get("audience")
    # An injected agent says none: its token's volume does.
    if named in {None, wanted}:
        return None
    return f"the class asks for tokens of {named}, and {wanted} is needed"


def _of_role(case: Case, store: VaultStore, wanted: str) -> str | None:
    role = case.delivered.provider_class.parameters.get("roleName", "")
    try:
        told: Mapping[str, Any] = VaultOperator(store).read(f"auth/{store.auth_path}/role/{role}")
    except OpsError:
        # Whoever may not read it still sees what Vault says to the workload.
        refused = isinstance(case.admission, DeniedError) and "audience" in str(case.admission)
        return f"role {role} wants another audience than {wanted}: {case.admission}" if refused else None
    named = told.get("audience") or told.get("bound_audiences") or ()
    audiences = [named] if isinstance(named, str) else list(named)
    if not audiences or wanted in audiences:
        return None
    return f"role {role} wants tokens of {', '.join(audiences)}, and class and driver use {wanted}"
