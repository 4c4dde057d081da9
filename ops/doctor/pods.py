"""Check of pods that others make: they have what they need."""

from ..findings import Finding
from .context import DiagnosisContext


def check_pods(context: DiagnosisContext) -> Finding:
    """Check that pods run as the workload's service account, with its secrets."""
    workload = context.workload
    pods = context.records.list_pods()
    if not pods:
        return Finding.skipped(
            f"no pod in {workload.namespace} runs as {workload.service_account} with these secrets: what pods need, "
            f"`strongroom snippet --stack {context.name} --workload {workload.path}` prints"
        )
    return Finding.ok(", ".join(sorted(pods)))
