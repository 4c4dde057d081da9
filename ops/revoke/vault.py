"""Revocation in Vault: the workload's policy, its role, and its tokens with their leases."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ..errors import AbsentError, NotAllowedError, OpsError
from ..pulumi.stack import DeployedWorkload, VaultStore
from ..store.vault_operator import VaultOperator
from ..timestamps import format_time, parse_time
from .step import Change, Remainder, Step

_THREADS = 8


class VaultRevocation:
    """What opens Vault to a workload."""

    def __init__(self, store: VaultStore, workload: DeployedWorkload) -> None:
        """Keep the names of its role and policy.

        :param store: The Vault.
        :param workload: The workload.
        """
        self._operator = VaultOperator(store)
        self._auth = f"auth/{store.auth_path}"
        self._role = workload.identity["role"]
        self._policy = workload.identity["policy"]
        self._ends: datetime | None = None

    def list_steps(self) -> Sequence[Step]:
        """List the steps: without the policy no token reads, without the role there are no new ones."""
        policy, role = f"sys/policies/acl/{self._policy}", f"{self._auth}/role/{self._role}"
        return [
            Step("policy", "deleted", lambda: self._find(policy), _advise(policy, "read and delete")),
            Step("role", "deleted", lambda: self._find_role(role), _advise(role, "read and delete")),
            Step(
                "tokens",
                "revoked, with their leases",
                self._find_tokens,
                "Give VAULT_TOKEN a policy with list and sudo on auth/token/accessors, update on "
                "auth/token/lookup-accessor and auth/token/revoke-accessor, and run again",
            ),
        ]

    def list_tokens(self, failed: Collection[str]) -> Sequence[Remainder]:
        """List the tokens that remain.

        :param failed: The steps that failed.
        """
        if "tokens" not in failed:
            return []
        rights = "its rights" if "policy" in failed else "no right but to make a lease longer"
        until = format_time(self._ends) if self._ends else "their longest life is over"
        return [Remainder(f"tokens of the role, with {rights}", until)]

    def _find(self, path: str) -> Sequence[Change]:
        try:
            self._operator.read(path)
        except AbsentError:
            return []
        except NotAllowedError:
            pass  # Who may not read it may delete it.
        return [Change(path, lambda: self._operator.delete(path))]

    def _find_role(self, path: str) -> Sequence[Change]:
        try:
            longest: object = self._operator.read(path).get("token_max_ttl")
        except OpsError:
            longest = None
        if isinstance(longest, int) and longest:
            self._ends = datetime.now(UTC) + timedelta(seconds=longest)
        return self._find(path)

    def _find_tokens(self) -> Sequence[Change]:
        """Find the tokens of the role, by their accessors: no API lists them by role, and a prefix has all roles'.

        (Vault docs: "Token auth method (API)", "List accessors")
        """
        with ThreadPoolExecutor(_THREADS) as pool:
            found = [*pool.map(self._look_up, self._operator.list_names("auth/token/accessors"))]
        own = [token for token in found if self._is_own(token)]
        self._ends = max((end for token in own if (end := parse_time(token.get("expire_time")))), default=None)
        return [
            Change(f"token {token['accessor']}", partial(self._operator.revoke, str(token["accessor"])))
            for token in own
        ]

    def _look_up(self, accessor: str) -> Mapping[str, Any]:
        try:
            return self._operator.query("auth/token/lookup-accessor", accessor=accessor)
        except AbsentError:
            return {}

    def _is_own(self, token: Mapping[str, Any]) -> bool:
        meta: Mapping[str, Any] = token.get("meta") or {}
        return token.get("path") == f"{self._auth}/login" and meta.get("role") == self._role


def _advise(path: str, rights: str) -> str:
    return f"Give VAULT_TOKEN a policy with {rights} on {path}, and run again"
