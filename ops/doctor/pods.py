"""Check of pods that others make: they have what they need."""

from ..errors import AbsentError
from ..findings import Finding
from ..verify.cluster_reader import ClusterReader
from ..verify.kubernetes_objects import find_unmet_needs
from .context import DiagnosisContext


def check_pods(context: DiagnosisContext) -> Finding:
    """Check that pods run as the workload's service account, with its secrets; that a patched object has its fields."""
    workload, attachment = context.workload, context.workload.attachment
    if attachment:
        title = f"{workload.controller} {workload.namespace}/{attachment.name}"
        again = f"pulumi up --stack {context.name} --replace '**:{workload.controller}Patch::{workload.path}'"
        try:
            unmet = find_unmet_needs(workload, ClusterReader(context.stack.kubernetes))
        except AbsentError:
            return Finding.failed(f"there is no {title}", f"have its owner make it, and then: {again}")
        if unmet:
            return Finding.failed(
                f"{title} lacks what its pods need: {'; '.join(map(str, unmet))}",
                f"have who wrote these fields leave them alone, and then: {again}",
            )
        return Finding.ok(f"{title} has what its pods need")
    pods = context.records.list_pods()
    if not pods:
        return Finding.skipped(
            f"no pod in {workload.namespace} runs as {workload.service_account} with these secrets: what pods need, "
            f"`strongroom snippet --stack {context.name} --workload {workload.path}` prints"
        )
    return Finding.ok(", ".join(sorted(pods)))
