"""Revocation in Azure: the credentials, roles and access policies of a workload's identity."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.azure import FEDERATED, IDENTITY
from strongroom.policy.rules.rule import at, listed

from ..errors import OpsError
from ..pulumi.stack import DeployedStack, DeployedWorkload, KeyVaultStore
from ..store.resource_manager import ResourceManager
from ..timestamps import format_time
from ..verify.azure_settings import find_vault_id
from ..verify.deployment import Deployment
from .step import Change, Remainder, Step

_LONGEST_TOKEN = timedelta(hours=24)
_ROLES_SPREAD = timedelta(minutes=10)
_VAULTS, _IDENTITIES, _ASSIGNMENTS = "2023-07-01", "2023-01-31", "2022-04-01"
"""API versions of the Resource Manager."""


class AzureRevocation:
    """What opens a key vault to a workload."""

    def __init__(
        self, stack: DeployedStack, store: KeyVaultStore, workload: DeployedWorkload, resources: Collection[Declared]
    ) -> None:
        """Find its identity in the stack's state.

        :param stack: The stack.
        :param store: The vault.
        :param workload: The workload.
        :param resources: The stack's state.
        """
        self._deployment = Deployment(stack, resources)
        self._store = store
        self._subject = f"system:serviceaccount:{workload.namespace}:{workload.service_account}"
        client = workload.identity.get("clientId")
        self._identities = [
            each for each in self._deployment.list_of_kind(IDENTITY) if each.outputs.get("clientId") == client
        ]
        others = [each for each in stack.workloads if each.path != workload.path and not each.revoked]
        sharing = [each for each in others if each.identity.get("clientId") == client]
        self._shared_with = [each.path for each in sharing]
        self._same_account = [each.path for each in sharing if each.account == workload.account]

    def list_steps(self) -> Sequence[Step]:
        """List the steps: without a credential there are no new tokens, without a role none opens the vault."""
        steps = [
            Step(
                "federated credentials",
                "deleted",
                self._find_credentials,
                "It takes the role Managed Identity Contributor at the identity; run again",
            )
        ]
        if self._shared_with:
            return steps
        return [
            *steps,
            Step(
                "role assignments",
                "deleted",
                self._find_assignments,
                "It takes Microsoft.Authorization/roleAssignments/delete at the vault, e.g. by the role User Access "
                "Administrator; run again",
            ),
            Step(
                "access policies",
                "removed",
                self._find_policies,
                "It takes Microsoft.KeyVault/vaults/accessPolicies/write, e.g. by the role Key Vault Contributor; "
                "run again",
            ),
        ]

    def list_tokens(self, failed: Collection[str]) -> Sequence[Remainder]:
        """List the tokens that remain: Microsoft Entra takes none back.

        (Microsoft Learn: "Managed identities best practice recommendations", on tokens that are cached for 24 hours;
        "Troubleshoot Azure RBAC", on changes that take up to 10 minutes)

        :param failed: The steps that failed.
        """
        until = format_time(datetime.now(UTC) + _LONGEST_TOKEN)
        if self._shared_with or failed:
            fix = f"revoke {', '.join(self._shared_with)}, too" if self._shared_with else "correct what failed"
            return [Remainder("tokens of the identity, with the roles that it keeps", until, fix)]
        soon = format_time(datetime.now(UTC) + _ROLES_SPREAD)
        return [
            Remainder("tokens of the identity, with its roles", soon),
            Remainder("tokens of the identity, with no role at the vault", until),
        ]

    @cached_property
    def _manager(self) -> ResourceManager:
        return ResourceManager(self._store)

    def _find_credentials(self) -> Sequence[Change]:
        if self._same_account:
            raise OpsError(
                f"{', '.join(self._same_account)} log in by the same identity and account: revoke these too, or give "
                "each an account of its own"
            )
        known = {str(each.outputs.get("id")) for each in self._identities}
        known |= {
            str(each.outputs.get("id")).rpartition("/federatedIdentityCredentials/")[0]
            for each in self._deployment.list_of_kind(FEDERATED)
            if each.at("subject") == self._subject
        }
        return [
            _delete(self._manager, each, _IDENTITIES)
            for identity in sorted(known)
            for each in self._manager.list(f"{identity}/federatedIdentityCredentials", _IDENTITIES)
            if not self._shared_with or at(each, "properties", "subject") == self._subject
        ]

    def _find_assignments(self) -> Sequence[Change]:
        path = f"{self._vault}/providers/Microsoft.Authorization/roleAssignments"
        return [
            _delete(self._manager, each, _ASSIGNMENTS)
            for each in self._manager.list(path, _ASSIGNMENTS)
            if at(each, "properties", "principalId") in self._principals
        ]

    def _find_policies(self) -> Sequence[Change]:
        found = listed(at(self._manager.get(self._vault, _VAULTS), "properties", "accessPolicies"))
        own = [each for each in found if at(each, "objectId") in self._principals]
        remove = partial(
            self._manager.put, f"{self._vault}/accessPolicies/remove", _VAULTS, {"properties": {"accessPolicies": own}}
        )
        return [Change(f"those of principal {at(own[0], 'objectId')}", remove)] if own else []

    @property
    def _principals(self) -> Collection[object]:
        found = {each.outputs.get("principalId") for each in self._identities} - {None}
        if not found:
            raise OpsError(
                f"in mode {self._store.identity_mode} the stack did not make the identity: remove its roles at the "
                "vault by hand, from all that use it"
            )
        return found

    @property
    def _vault(self) -> str:
        found = find_vault_id(self._deployment)
        if found is None:
            raise OpsError("the stack's state has no key vault, and no role at one")
        return found


def _delete(manager: ResourceManager, resource: Mapping[str, Any], version: str) -> Change:
    id_ = str(resource["id"])
    return Change(id_.rpartition("/")[2], lambda: manager.delete(id_, version))
