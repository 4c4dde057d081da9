"""Links of deliveries without the driver: who changes pods as they are created, and what the pods promise."""

from ..errors import NotAllowedError, OpsError
from ..findings import Finding
from .case import Case

DOMAINS = {"agent-injector": "vault.hashicorp.com", "akv2k8s": "admission.spv.no"}
"""How the webhooks' names end. (Vault docs: "Agent Sidecar Injector"; akv2k8s docs: "The Env Injector")"""


def webhook(case: Case) -> Finding:
    """Whether the injector is there, looks at the workload's pods, and answers."""
    workload = case.workload
    found = case.installed.webhooks(DOMAINS[workload.delivery])
    if not found:
        return Finding.failed(
            f"the cluster has no webhook {DOMAINS[workload.delivery]}: its pods start without their secrets",
            "install it: kubernetes.install 'helm' has the stack do so; with 'existing' the cluster's owner does",
        )
    labels = case.template.labels
    namespace = case.installed.namespaces().get(workload.namespace, {})
    looking = [
        each
        for each in found
        if each.labels.items() <= labels.items() and each.namespace_labels.items() <= namespace.items()
    ]
    if not looking:
        wanted = {**found[0].labels, **found[0].namespace_labels}
        return Finding.failed(
            f"the webhook {found[0].name} looks at pods and namespaces with "
            f"{', '.join(f'{key}={value}' for key, value in wanted.items())}, which {workload.path} lacks",
            case.again,
        )
    service = looking[0].service
    if service and not case.installed.answers(*service):
        return Finding.failed(
            f"no pod behind Service {service[0]}/{service[1]} is ready, which the webhook {looking[0].name} calls",
            f"kubectl get pods -n {service[0]}, and their events and logs",
        )
    return Finding.ok(f"{looking[0].name} answers")


def promises(case: Case) -> Finding:
    """Whether the pods' annotations, or the AzureKeyVaultSecrets of their variables, promise what is declared."""
    try:
        found = case.delivered
    except NotAllowedError:
        raise
    except OpsError as error:
        return Finding.failed(str(error), f"they were edited by hand: {case.again}")
    promised = frozenset(promise.file for promise in case.promises)
    if promised == found.declared:
        return Finding.ok(f"promised: {', '.join(sorted(promised))}")
    missing = ", ".join(sorted(found.declared - promised)) or "none"
    surplus = ", ".join(sorted(promised - found.declared)) or "none"
    return Finding.failed(f"missing: {missing}; surplus: {surplus}", f"they were edited by hand: {case.again}")
