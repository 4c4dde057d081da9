"""The impact of replacing or removing a resource."""

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.policy.rules.kinds import azure, kubernetes, vault
from strongroom.policy.rules.pods import PODS


@dataclass(frozen=True)
class Impact:
    """The impact of replacing or removing a resource of a kind."""

    on_replacement: str
    """Impact of a replacement."""

    on_removal: str
    """Impact of a removal."""

    final: bool = False
    """Whether something is lost that the stack can't restore."""


_PODS = Impact(
    "its pods end before new ones start: requests fail until those are ready",
    "its pods end",
)
_ROLE = Impact("logins by it fail for a moment, and must be repeated", "nobody can log in by it any more")
_DATABASE_ROLE = Impact(
    "credentials can't be read for a moment; users that live stay until their leases end",
    "credentials can't be read any more; users that live stay until their leases end",
)
_AUTHORITY = Impact(
    "its key is another one: who trusts the old one must trust the new one, and each workload needs a new certificate",
    "nothing can be issued by it any more",
    final=True,
)

IMPACTS: Mapping[str, Impact] = {
    azure.VAULT: Impact(
        "everything in it goes with it: it can be recovered until its retention ends, and keeps its name until then",
        "everything in it goes with it: it can be recovered until its retention ends, and keeps its name until then",
        final=True,
    ),
    azure.KEY: Impact(
        "a new key takes its place: what the old one encrypted can't be read with the new one",
        "what it encrypted can't be read any more",
        final=True,
    ),
    azure.SECRET: Impact("it gets a new version", "pods that mount it don't start any more"),
    azure.ASSIGNMENT: Impact(
        "it is missing until the new one takes effect, which takes up to ten minutes",
        "access ends within ten minutes",
    ),
    azure.FEDERATED: Impact(
        "its service account can't log in until the new one takes effect, which takes minutes",
        "its service account can't log in any more",
    ),
    azure.IDENTITY: Impact(
        "a new identity takes its place: its access is granted again, and its pods restart",
        "workloads that use it can't log in any more",
    ),
    azure.CLUSTER: Impact(
        "everything that runs on it goes with it", "everything that runs on it goes with it", final=True
    ),
    azure.DIAGNOSTICS: Impact("reads are not logged for a moment", "reads are not logged any more"),
    vault.MOUNT: Impact(
        "every secret below it is destroyed, with all versions",
        "every secret below it is destroyed, with all versions",
        final=True,
    ),
    vault.OBJECT: Impact(
        "its versions are destroyed, and version 1 is written again",
        "its versions are destroyed",
        final=True,
    ),
    vault.AUTH_METHOD: Impact(
        "its roles go with it and its tokens end: nobody can log in until the roles are created again",
        "its roles go with it and its tokens end",
    ),
    **dict.fromkeys(vault.ROLES, _ROLE),
    **dict.fromkeys((vault.DATABASE_ROLE, vault.DATABASE_STATIC_ROLE), _DATABASE_ROLE),
    **dict.fromkeys((vault.PKI_ROOT, vault.PKI_REQUEST), _AUTHORITY),
    vault.PKI_ROLE: Impact(
        "no certificate is issued for a moment; those that were stay valid until they end",
        "no certificate is issued any more; those that were stay valid until they end",
    ),
    vault.DATABASE: Impact(
        "no user is made or dropped until the new one is there, which needs the password that is valid now, and Vault "
        "changed the one in the configuration",
        "no user is made any more, and those that live can't be dropped",
        final=True,
    ),
    vault.POLICY: Impact("tokens lose what it opens, for a moment", "tokens lose what it opens"),
    vault.AUDIT: Impact("requests are not logged for a moment", "requests are not logged any more"),
    kubernetes.RELEASE: Impact(
        "what it installed is removed and installed again: with the CSI driver or a provider, no pod can mount secrets "
        "in between",
        "what it installed is removed",
    ),
    "random:index/randomPassword:RandomPassword": Impact(
        "another value is generated, and every user of the old one must get it",
        "its value is forgotten",
        final=True,
    ),
    kubernetes.NAMESPACE: Impact(
        "everything in it goes with it, including its volumes and what others created in it",
        "everything in it goes with it, including its volumes and what others created in it",
        final=True,
    ),
    kubernetes.SERVICE_ACCOUNT: Impact("its tokens end", "its tokens end"),
    **dict.fromkeys(PODS, _PODS),
}
"""By kind; a kind that isn't listed is created again, or removed, without other impact."""
