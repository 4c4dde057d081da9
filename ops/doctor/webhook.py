"""Checks of deliveries without the driver: the webhook that changes pods, and the pods' annotations."""

from ..errors import NotAllowedError, OpsError
from ..findings import Finding
from .context import DiagnosisContext

DOMAINS = {"agent-injector": "vault.hashicorp.com", "akv2k8s": "admission.spv.no"}
"""Suffixes of the webhooks' names. (Vault docs: "Agent Sidecar Injector"; akv2k8s docs: "The Env Injector")"""


def check_webhook(context: DiagnosisContext) -> Finding:
    """Check that the injector is installed, selects the workload's pods, and responds."""
    workload = context.workload
    found = context.installed.webhooks(DOMAINS[workload.delivery])
    if not found:
        return Finding.failed(
            f"the cluster has no webhook {DOMAINS[workload.delivery]}: its pods start without their secrets",
            "install it: kubernetes.install 'helm' has the stack install it; with 'existing' the cluster's owner does",
        )
    labels = context.template.labels
    namespace = context.installed.namespaces().get(workload.namespace, {})
    matching = [
        each
        for each in found
        if each.labels.items() <= labels.items() and each.namespace_labels.items() <= namespace.items()
    ]
    if not matching:
        wanted = {**found[0].labels, **found[0].namespace_labels}
        return Finding.failed(
            f"the webhook {found[0].name} selects pods and namespaces with "
            f"{', '.join(f'{key}={value}' for key, value in wanted.items())}, which {workload.path} lacks",
            context.revert,
        )
    service = matching[0].service
    if service and not context.installed.answers(*service):
        return Finding.failed(
            f"no pod of Service {service[0]}/{service[1]} is ready, which the webhook {matching[0].name} needs",
            f"kubectl get pods -n {service[0]}, and their events and logs",
        )
    return Finding.ok(f"{matching[0].name} responds")


def check_expected_files(context: DiagnosisContext) -> Finding:
    """Check that the pods' annotations, or the AzureKeyVaultSecrets of their variables, have the declared files."""
    try:
        found = context.delivery
    except NotAllowedError:
        raise
    except OpsError as error:
        return Finding.failed(str(error), f"they were edited by hand: {context.revert}")
    files = frozenset(each.file for each in context.expected_files)
    if files == found.declared:
        return Finding.ok(f"files: {', '.join(sorted(files))}")
    missing = ", ".join(sorted(found.declared - files)) or "none"
    surplus = ", ".join(sorted(files - found.declared)) or "none"
    return Finding.failed(f"missing: {missing}; surplus: {surplus}", f"they were edited by hand: {context.revert}")
