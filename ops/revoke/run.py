"""The revocation of a workload, from its store to its pods."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..cluster.client import ClusterClient
from ..cluster.delivery import read_delivery, request_login_token
from ..errors import OpsError
from ..findings import Finding
from ..pulumi.stack import DeployedStack, DeployedWorkload, VaultStore
from ..store.base import DeniedError, NotTriedError, build_reads
from ..store.open import open_store
from .mark import Mark
from .pods import PodRevocation
from .step import Remainder


@dataclass(frozen=True)
class Revocation:
    """What was revoked, and what remains."""

    workload: str
    steps: Sequence[Finding]
    remains: Sequence[Remainder]

    @property
    def failed(self) -> bool:
        """Whether a step failed."""
        return any(step.state == "failed" for step in self.steps)


def revoke(
    name: str, stack: DeployedStack, workload: DeployedWorkload, *, scale_to_zero: bool = False, dry_run: bool = False
) -> Revocation:
    """Revoke a workload's access to its store; each step is made, whatever becomes of the others.

    :param name: The stack's name.
    :param stack: The stack.
    :param workload: The workload.
    :param scale_to_zero: Stop its pods, too.
    :param dry_run: Only say what would be done.
    """
    backend = stack.backend
    # For Vault, no client of Azure is loaded, and the other way round.
    if isinstance(backend, VaultStore):
        from .vault import VaultRevocation  # noqa: PLC0415

        store = VaultRevocation(backend, workload)
    else:
        from ..pulumi.state import read_state  # noqa: PLC0415
        from .azure import AzureRevocation  # noqa: PLC0415

        store = AzureRevocation(stack, backend, workload, read_state(name))
    pods = PodRevocation(stack.kubernetes, workload)
    steps = [step.run(dry_run=dry_run) for step in store.list_steps()]
    tokens = store.list_tokens({step.name for step in steps if step.state == "failed"})
    if not dry_run:
        steps.append(_try_reads(stack, workload))
    steps.append(Mark(name, workload).build_step(lift=False).run(dry_run=dry_run))
    if scale_to_zero:
        steps.append(pods.build_step().run(dry_run=dry_run))
    running = pods.count_running(wait=scale_to_zero and not dry_run)
    if running == 0 or (scale_to_zero and dry_run):
        steps.append(pods.build_step_of_secrets().run(dry_run=dry_run))
    return Revocation(workload.path, steps, [*tokens, *_list_remains(stack, workload, running)])


def lift(name: str, workload: DeployedWorkload, *, dry_run: bool = False) -> Revocation:
    """Remove the mark of a revoked workload, so that an update opens it again.

    :param name: The stack's name.
    :param workload: The workload.
    :param dry_run: Only say what would be done.
    """
    return Revocation(workload.path, [Mark(name, workload).build_step(lift=True).run(dry_run=dry_run)], [])


def _try_reads(stack: DeployedStack, workload: DeployedWorkload) -> Finding:
    """Try to log in and read as the workload itself, with a new token of its service account."""
    name = "reads as the workload"
    try:
        reads = _build_reads(stack, workload)
        allowed: list[str] = []
        for place, read in reads.items():
            try:
                read()
                allowed.append(place)
            except DeniedError:
                continue
    except (NotTriedError, OpsError) as error:
        return Finding.skipped(f"not tried: {error}", name=name)
    if allowed:
        fix = "Azure may take 10 minutes: run again" if stack.backend.kind == "azure-key-vault" else "Run again"
        return Finding.failed(f"still allowed: {', '.join(allowed)}", fix, name=name)
    return Finding.ok(f"{len(reads)} refused", name=name)


def _build_reads(stack: DeployedStack, workload: DeployedWorkload) -> Mapping[str, Callable[[], None]]:
    cluster = ClusterClient(stack.kubernetes)
    delivery = read_delivery(cluster, stack, workload)
    token = request_login_token(cluster, workload, delivery.audience)
    return build_reads(open_store(stack, cluster), workload, delivery.provider_class, token)


def _list_remains(stack: DeployedStack, workload: DeployedWorkload, running: int | None) -> Iterator[Remainder]:
    """List what no store takes back: what was read before."""
    if running != 0:
        count = running or "any"
        yield Remainder(f"files and variables of running pods ({count})", "they end", "--scale-to-zero")
        if workload.delivery == "kubernetes-secret" or any(each.env for each in workload.objects):
            yield Remainder("its Kubernetes Secrets", "the pods end", "--scale-to-zero")
    for other in stack.workloads:
        if other.account == workload.account and other.path != workload.path and not other.revoked:
            yield Remainder(
                f"what {other.path} declares, which runs as the same account", "it is revoked", "revoke it, too"
            )
    for place in dict.fromkeys(f"{each.object}/{each.key}" if each.key else each.object for each in workload.objects):
        fix = 'write another one: see "Rotate" in docs/day-two.md'
        yield Remainder(f"the value of {place}, wherever it was copied", "it is replaced", fix)
    for each in workload.dynamic:
        role = each.path.rpartition("/")[2]
        if each.kind == "issue":
            fix = f"vault write {each.mount}/revoke serial_number=SERIAL"
            yield Remainder(f"certificates that {each.path} issued", "they end", fix)
        elif each.kind == "static-creds":
            fix = f"vault write -f {each.mount}/rotate-role/{role}"
            yield Remainder(f"the password of {each.path}, wherever it was copied", "Vault changes it", fix)
        elif each.kind == "path":
            fix = f"have its owner change it, or revoke what was made there: vault lease revoke -prefix {each.path}"
            yield Remainder(f"what was read at {each.path}, wherever it was copied", "it is changed, or ends", fix)
