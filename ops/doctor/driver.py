"""Links: the driver, the store's provider, and the audience of the tokens that they use."""

from collections.abc import Mapping
from typing import Any

from components.kubernetes.csi_volume import DRIVER

from ..errors import AbsentError, NotAllowedError
from ..findings import Finding, broken, ok, untried, warned
from ..installed import DaemonSet
from ..stack import VaultStore
from ..stores import DeniedError
from ..vault_operator import VaultOperator
from .case import Case

_INSTALL = (
    "install it: kubernetes.install 'helm' has the stack install driver and providers, 'addon' AKS; with 'existing' "
    "whoever owns the cluster does"
)


def driver(case: Case) -> Finding:
    """Whether the driver is there, once, and ready.

    (Secrets Store CSI Driver docs: "Troubleshooting")
    """
    try:
        case.installed.audiences()
    except AbsentError:
        return broken(f"the cluster has no CSIDriver {DRIVER}", _INSTALL)
    except NotAllowedError as error:
        return untried(str(error))
    found = [each for each in case.daemon_sets if each.drives]
    if not found:
        return broken("the cluster has a CSIDriver object, and no DaemonSet of the driver", _INSTALL)
    if len(found) > 1:
        return broken(
            f"two drivers are installed, which break each other: {' and '.join(map(str, found))}",
            "keep one: take the add-on away (az aks disable-addons -a azure-keyvault-secrets-provider), or the Helm "
            "release (helm uninstall), and set kubernetes.install accordingly",
        )
    return _ready(found[0])


def provider(case: Case) -> Finding:
    """Whether the store's provider is there, ready, and has its socket where the driver looks."""
    found = [each for each in case.daemon_sets if each.provides(case.provider)]
    if not found:
        return broken(
            f"the cluster has no provider {case.provider!r} for the driver",
            f"install it: with kubernetes.install 'helm' add {case.provider!r} to kubernetes.providers; the AKS add-on "
            "brings 'azure' alone",
        )
    looked = frozenset[str]().union(*(each.socket_directories for each in case.daemon_sets if each.drives))
    apart = [each for each in found if looked and not looked & set(each.directories)]
    if len(apart) == len(found):
        return broken(
            f"{apart[0]} has its socket in {', '.join(apart[0].directories) or 'no directory of the node'}, and the "
            f"driver looks in {', '.join(sorted(looked))}",
            "have both charts use the same directory: providersDir, by default /var/run/secrets-store-csi-providers",
        )
    return _ready(next(each for each in found if each not in apart))


def _ready(found: DaemonSet) -> Finding:
    seen = f"{found} is ready on {found.ready} of {found.wanted} nodes"
    look = f"kubectl describe daemonset -n {found.path.replace('/', ' ')}, and its pods' events and logs"
    if found.wanted == 0:
        return broken(f"{found} is to run on no node", "correct its node selector and its tolerations")
    if found.ready == 0:
        return broken(seen, look)
    if found.ready < found.wanted:
        return warned(f"{seen}: pods on the others wait", look)
    return ok(seen)


def audience(case: Case) -> Finding:
    """Whether driver, class and role agree on the audience of the workload's tokens.

    (Kubernetes CSI docs: "Token Requests"; Vault docs: "Kubernetes auth method")
    """
    wanted = case.delivered.audience
    if not wanted:
        return ok("no token of the service account is used")
    if isinstance(case.stack.backend, VaultStore):
        disagreement = _of_class(case, wanted) or _of_role(case, case.stack.backend, wanted)
        if disagreement:
            return broken(disagreement, f"one setting drives both, backend.audience: {case.again}")
    if case.workload.delivery == "agent-injector":
        return ok(wanted)
    requested = case.installed.audiences()
    if wanted in requested:
        return ok(wanted)
    seen = f"the driver requests tokens of {_listed(requested)}, and {wanted} is needed"
    fix = (
        "add it to the CSIDriver's tokenRequests: with kubernetes.install 'helm' pulumi up does, beside what "
        "kubernetes.audiences names; else set tokenRequests of the driver's chart"
    )
    return _by_provider(case, seen, fix) if case.provider == "vault" else broken(seen, fix)


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
    except (AbsentError, NotAllowedError):
        # Whoever may not read it still sees what Vault says to the workload.
        refused = isinstance(case.admission, DeniedError) and "audience" in str(case.admission)
        return f"role {role} wants another audience than {wanted}: {case.admission}" if refused else None
    named = told.get("audience") or told.get("bound_audiences") or ()
    audiences = [named] if isinstance(named, str) else list(named)
    if not audiences or wanted in audiences:
        return None
    return f"role {role} wants tokens of {', '.join(audiences)}, and class and driver use {wanted}"


def _by_provider(case: Case, seen: str, fix: str) -> Finding:
    """Vault's provider makes a token itself where the driver hands it none. (Source of the Vault CSI provider)"""
    user = next(each.user for each in case.daemon_sets if each.provides("vault"))
    if case.installed.may_create(user, "serviceaccounts/token", case.workload.namespace):
        return warned(f"{seen}; Vault's provider makes one itself, as {user}", fix)
    return broken(f"{seen}; nor may Vault's provider make one itself, as {user}", fix)


def _listed(audiences: frozenset[str]) -> str:
    return ", ".join(sorted(audiences)) or "no audience"
