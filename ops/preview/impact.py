"""What is lost, and until when, where a resource is replaced or removed."""

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.policy.rules import azure, vault
from strongroom.policy.rules.pods import PODS


@dataclass(frozen=True)
class Loss:
    """What goes with a resource of a kind."""

    replaced: str
    """What its replacement costs."""

    removed: str
    """What its removal costs."""

    final: bool = False
    """Whether something is gone that nothing in the stack brings back."""


_PODS = Loss(
    "its pods end before new ones start: requests fail until those are ready",
    "its pods end",
)
_ROLE = Loss("logins by it fail for a moment, and must be made again", "nobody can log in by it any more")

LOSSES: Mapping[str, Loss] = {
    azure.VAULT: Loss(
        "everything in it goes with it: it can be recovered until its retention ends, and keeps its name until then",
        "everything in it goes with it: it can be recovered until its retention ends, and keeps its name until then",
        final=True,
    ),
    "azure-native:keyvault:Key": Loss(
        "a new key takes its place: what the old one encrypted can't be read with the new one",
        "what it encrypted can't be read any more",
        final=True,
    ),
    "azure-native:keyvault:Secret": Loss("it gets a new version", "pods that mount it don't start any more"),
    azure.ASSIGNMENT: Loss(
        "it is missing until the new one takes effect, which takes up to ten minutes",
        "access ends within ten minutes",
    ),
    azure.FEDERATED: Loss(
        "its service account can't log in until the new one takes effect, which takes minutes",
        "its service account can't log in any more",
    ),
    "azure-native:managedidentity:UserAssignedIdentity": Loss(
        "a new identity takes its place: its access is given anew, and its pods restart",
        "whatever used it can't log in any more",
    ),
    "azure-native:containerservice:ManagedCluster": Loss(
        "everything that runs on it goes with it", "everything that runs on it goes with it", final=True
    ),
    azure.DIAGNOSTICS: Loss("reads are not logged for a moment", "reads are not logged any more"),
    "vault:index/mount:Mount": Loss(
        "every secret below it is destroyed, with all versions",
        "every secret below it is destroyed, with all versions",
        final=True,
    ),
    "vault:kv/secretV2:SecretV2": Loss(
        "its versions are destroyed, and version 1 is written anew",
        "its versions are destroyed",
        final=True,
    ),
    "vault:index/authBackend:AuthBackend": Loss(
        "its roles go with it and its tokens end: nobody can log in until the roles are made anew",
        "its roles go with it and its tokens end",
    ),
    vault.KUBERNETES_ROLE: _ROLE,
    vault.JWT_ROLE: _ROLE,
    vault.APP_ROLE: _ROLE,
    vault.POLICY: Loss("tokens lose what it opens, for a moment", "tokens lose what it opens"),
    vault.AUDIT: Loss("requests are not logged for a moment", "requests are not logged any more"),
    vault.RELEASE: Loss(
        "what it installed is removed and installed again: with the CSI driver or a provider, no pod can mount secrets "
        "in between",
        "what it installed is removed",
    ),
    "random:index/randomPassword:RandomPassword": Loss(
        "another value is generated, and every user of the old one must get it",
        "its value is forgotten",
        final=True,
    ),
    "kubernetes:core:Namespace": Loss(
        "everything in it goes with it, its volumes and what others made in it too",
        "everything in it goes with it, its volumes and what others made in it too",
        final=True,
    ),
    "kubernetes:core:ServiceAccount": Loss("its tokens end", "its tokens end"),
    **dict.fromkeys(PODS, _PODS),
}
"""By kind; a kind that isn't here is made anew, or removed, and nothing else is lost."""
