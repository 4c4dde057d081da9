"""From servers that nobody has initialised to an open Vault, in steps that may be cut short anywhere."""
# pyright: reportUnknownMemberType=false
# hvac ships no types.

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import requests
from hvac.exceptions import Forbidden, VaultError

from ...cancellation import listen, pause
from ...error_text import PlainError
from ...redact import redact_error
from ..client import VaultNode, create_client, is_transient
from . import initialise
from .admin_policy import ADMIN_POLICY, build_admin_rules
from .audit import apply_devices
from .key_store import BootstrapState, KeyStore
from .root_token import generate_root_token, revoke_forgotten_tokens

_POLL = 0.3
_JOINING = 15.0
"""Seconds that a node may take to join with the shares that it was given, before it is given them again."""

_LONGEST_PAUSE = 5.0

_VOTING = 60.0
"""Seconds that autopilot may take to give new peers their votes; by its defaults it takes ten."""


class BootstrapError(PlainError):
    """Vault can't be opened: which node, why, and what a human must do."""


def _ignore_step(step: str) -> None:
    del step


@dataclass(frozen=True)
class BootstrapConfig:
    """What bootstrap does."""

    shares: int = 5
    """How many shares the unseal key, or the recovery key, is split into."""

    threshold: int = 3
    """How many of them open the store."""

    admin_rules: str = build_admin_rules()
    """The policy of the token that is given back, in HCL."""

    audit: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """The type and the options of each audit device, by path. They are bootstrap's own: who may enable one reads
    every token by a listener of their own."""

    token_ttl: int = 3600
    """That token's life in seconds; it is replaced once half of it is over."""

    timeout: float = 300
    """How long servers may take to answer, join and open, in seconds."""

    @property
    def policy(self) -> str:
        """The policy as it is written.

        It bears a digest of the audit devices, so that it tells whether they are made where the key store has no state.
        """
        if not self.audit:
            return self.admin_rules
        digest = hashlib.sha256(json.dumps(self.audit, sort_keys=True).encode()).hexdigest()
        return f"{self.admin_rules}\n# audit devices: {digest}"


@dataclass(frozen=True)
class BootstrapResult:
    """The open Vault that bootstrap returns."""

    address: str
    """Of a node that is open."""

    token: str
    """A short-lived token with the admin policy."""

    shares: tuple[str, ...]
    """The shares that the key store lets out: encrypted ones, or readable ones with `gives_shares`."""

    skipped_nodes: tuple[str, ...]
    """Addresses of nodes that could not be reached, in a Vault that is open without them."""


def bootstrap(
    nodes: Sequence[VaultNode],
    key_store: KeyStore,
    config: BootstrapConfig,
    *,
    before: str | None = None,
    operator: str | None = None,
    on_step: Callable[[str], None] = _ignore_step,
) -> BootstrapResult:
    """Initialise once, open every node, join them to one cluster, and make a token; whatever is done, is left.

    :param nodes: Every server of one Vault; the first is initialised, where none is.
    :param key_store: Who keeps the shares.
    :param config: What to do.
    :param before: The token that was given back last, where the key store may have forgotten it.
    :param operator: A token of the operator, for a store whose shares can't be read here.
    :param on_step: Called with the name of each step that is done.
    :raises BootstrapError: A human must do something first.
    :raises KeyStoreError: What is kept can't be read or written.
    :raises CancelledError: The user cancelled the update.
    """
    listen()
    with key_store.lock(config.timeout) as inherited:
        return _Run(nodes, key_store, config, on_step).run(inherited, before, operator)


def is_up_to_date(
    nodes: Sequence[VaultNode], key_store: KeyStore, config: BootstrapConfig, given: BootstrapResult
) -> bool:
    """Return whether `bootstrap` would change nothing.

    In a Vault that is open, nodes that can't be reached don't count.
    """
    statuses = [_query_node(node) for node in nodes]
    here = {node.address for node, status in zip(nodes, statuses, strict=True) if status}
    if given.address not in here or any(status and not status.open for status in statuses):
        return False
    state = key_store.load()
    if state and not state.finished:
        return False
    return any(
        node.address == given.address
        and _is_fresh(node, given.token, config)
        and _is_applied(node, given.token, state or BootstrapState(), config)
        for node in nodes
    )


@dataclass(frozen=True)
class _NodeStatus:
    """The state of one server."""

    initialised: bool
    sealed: bool
    seal: str
    recovery: bool
    storage: str
    progress: int
    cluster: str | None

    @property
    def open(self) -> bool:
        return self.initialised and not self.sealed


class _Run:
    def __init__(
        self, nodes: Sequence[VaultNode], key_store: KeyStore, config: BootstrapConfig, on_step: Callable[[str], None]
    ) -> None:
        self._nodes = nodes
        self._key_store = key_store
        self._config = config
        self._on_step = on_step
        self._end = time.monotonic() + config.timeout

    def run(self, inherited: Sequence[int], before: str | None, operator: str | None) -> BootstrapResult:
        statuses = self._list_reachable()
        if not any(status.initialised for status in statuses.values()):
            self._initialise(self._nodes[0], statuses[self._nodes[0]], inherited)
        saved = self._key_store.load()
        state = saved or BootstrapState()
        members = [node for node in statuses if self._read_status(node).initialised]
        # All that are of the cluster before anything else: one peer of three elects nobody.
        for node in members:
            self._open(node, saved)
        first = members[0]
        cluster = self._wait_until_active(first)
        for node in statuses:
            if node not in members:
                self._join(node, first)
                self._open(node, saved)
        for node in statuses:
            if self._wait_until_active(node) != cluster:
                raise BootstrapError(
                    f"{node.address} belongs to another cluster than {first.address}: one of them was initialised "
                    "by itself; if it holds nothing, delete its volume, and run this again"
                )
        return BootstrapResult(
            address=first.address,
            token=self._get_token(first, before, operator),
            shares=state.shares if self._key_store.gives_shares else (),
            skipped_nodes=tuple(node.address for node in self._nodes if node not in statuses),
        )

    def _list_reachable(self) -> dict[VaultNode, _NodeStatus]:
        """Wait for the nodes that answer: all of them, or as many as a Vault that was open once is open with."""
        finished = (self._key_store.load() or BootstrapState()).finished
        while True:
            statuses = {node: status for node in self._nodes if (status := _query_node(node))}
            silent = [node.address for node in self._nodes if node not in statuses]
            if not silent or (finished and any(status.open for status in statuses.values())):
                return statuses
            if time.monotonic() > self._end:
                # A node may come back sealed while its leader is gone for good: open what is there.
                if finished and any(status.initialised for status in statuses.values()):
                    return statuses
                raise BootstrapError(
                    f"{' and '.join(silent)} can't be reached after {self._config.timeout:.0f} s: see that the server "
                    "runs, that this machine reaches it, and that its certificate is of the CA and the name given here"
                )
            pause(_POLL, f"{' and '.join(silent)} can be reached")

    def _initialise(self, node: VaultNode, status: _NodeStatus, inherited: Sequence[int]) -> None:
        state = self._key_store.load()
        if state and state.shares:
            raise BootstrapError(
                f"{node.address} is not initialised, but {self._key_store.place} holds the keys of a store: this is "
                "another Vault, or its data is lost. Restore its snapshot, or, for a new store, move the keys away; "
                "Strongroom never initialises over keys"
            )
        self._key_store.save(BootstrapState())
        self._on_step("asked")
        started = initialise.start_initialisation(
            node,
            self._key_store,
            shares=self._config.shares,
            threshold=self._config.threshold,
            recovery=status.recovery,
            inherited=inherited,
        )
        self._on_step("initialising")
        if failure := initialise.wait_for_error(started):
            raise BootstrapError(f"{node.address} can't be initialised: {failure}")
        self._on_step("kept")

    def _open(self, node: VaultNode, saved: BootstrapState | None) -> None:
        """Unseal `node`, or wait until it, or somebody else, does."""
        if not self._read_status(node).sealed:
            return
        while (status := self._read_status(node)).sealed:
            if not status.recovery and not (saved and saved.shares):
                raise BootstrapError(self._describe_keyless(node, saved))
            if time.monotonic() > self._end:
                raise BootstrapError(self._describe_sealed(node, status))
            if not status.recovery and saved and not self._key_store.pgp_keys:
                self._submit(node, status, saved)
            pause(_POLL, f"{node.address} is unsealed")
        self._on_step(f"opened {self._format_number(node)}")

    def _submit(self, node: VaultNode, status: _NodeStatus, state: BootstrapState) -> None:
        vault = create_client(node)
        try:
            if status.progress:
                vault.adapter.put("/v1/sys/unseal", json={"reset": True})
            for share in state.shares[: state.threshold]:
                vault.adapter.put("/v1/sys/unseal", json={"key": share})
        except VaultError as error:
            if time.monotonic() > self._end or "invalid key" in str(error):
                raise BootstrapError(
                    f"{node.address} does not open with the keys in {self._key_store.place}: "
                    f"{redact_error(error, *state.shares)}. "
                    "They are another store's, or it was given new ones: put the right ones there"
                ) from None
        except requests.RequestException:
            return
        joined = time.monotonic() + _JOINING
        while time.monotonic() < joined and self._read_status(node).sealed:
            pause(_POLL, f"{node.address} is unsealed")

    def _join(self, node: VaultNode, first: VaultNode) -> None:
        """Wait until `node` is of the raft cluster of `first`, by its own retry_join or by a request to join."""
        while not (status := self._read_status(node)).initialised:
            if status.storage != "raft":
                raise BootstrapError(
                    f"{node.address} is not initialised, {first.address} is, and storage {status.storage!r} joins no "
                    "peers: give the servers the same storage"
                )
            failure = "it did not join"
            try:
                create_client(node, timeout=30).sys.join_raft_cluster(
                    first.join_address or first.address, leader_ca_cert=first.ca_certificate
                )
            except (VaultError, requests.RequestException) as error:
                failure = redact_error(error)
            else:
                self._on_step(f"joined {self._format_number(node)}")
            if self._read_status(node).initialised:
                return
            if time.monotonic() > self._end:
                raise BootstrapError(
                    f"{node.address} can't join {first.join_address or first.address}: {failure}. "
                    "See that the nodes reach each other there, and trust the CA"
                )
            pause(_POLL, f"{node.address} joins {first.address}")

    def _wait_until_active(self, node: VaultNode) -> str | None:
        """Wait until `node` serves, by itself or by its leader, and return its cluster's id."""
        while True:
            try:
                leader: dict[str, Any] = create_client(node).sys.read_leader_status()
                status = _query_node(node)
                if status and status.open and (leader["leader_address"] or not leader["ha_enabled"]):
                    return status.cluster
            except (VaultError, requests.RequestException):
                pass
            if time.monotonic() > self._end:
                raise BootstrapError(
                    f"{node.address} is open but has no leader after {self._config.timeout:.0f} s: more than half of "
                    "the raft peers must run and be unsealed; see its log"
                )
            pause(_POLL, f"{node.address} has a leader")

    def _get_token(self, node: VaultNode, before: str | None, operator: str | None) -> str:
        """Return a good token, as soon as `node` gives one: it may be busy, or go away meanwhile."""
        seconds = _POLL
        while True:
            state = self._key_store.load() or BootstrapState()
            try:
                return self._make_token(node, state, before, operator)
            except (VaultError, requests.RequestException) as error:
                if not is_transient(error) or time.monotonic() + seconds > self._end:
                    reason = redact_error(error, *state.shares, state.root_token, state.admin_token, operator)
                    raise BootstrapError(f"{node.address} is open, but no token can be made: {reason}") from None
            pause(seconds, f"{node.address} makes a token")
            seconds = min(seconds * 2, _LONGEST_PAUSE)

    def _make_token(self, node: VaultNode, state: BootstrapState, before: str | None, operator: str | None) -> str:
        digest = _compute_digest(self._config)
        valid = [token for token in (state.admin_token, before) if token and _is_fresh(node, token, self._config)]
        root_is_over = state.root_since is None and not (state.root_token and _is_valid(node, state.root_token))
        if valid and root_is_over and _is_applied(node, valid[0], state, self._config):
            if state.shares and not state.finished:
                self._key_store.save(replace(state, root_token=None, finished=True))
            return valid[0]
        root, state = self._get_root_token(node, state, operator)
        vault = create_client(node, root)
        apply_devices(vault, self._config.audit)
        # After the devices: its digest says that they are made.
        vault.sys.create_or_update_policy(ADMIN_POLICY, self._config.policy)
        self._on_step("policy")
        self._wait_for_votes(vault)
        token = valid[0] if valid else ""
        if not token:
            made = vault.auth.token.create_orphan(
                policies=[ADMIN_POLICY],
                ttl=f"{self._config.token_ttl}s",
                explicit_max_ttl=f"{self._config.token_ttl}s",
                renewable=False,
                display_name="strongroom",
            )
            token = str(made["auth"]["client_token"])
            self._on_step("token")
        state = replace(state, admin_token=token, admin_digest=digest)
        if state.shares:
            self._key_store.save(state)
        self._on_step("token kept")
        if state.root_since is not None:
            revoke_forgotten_tokens(vault, state.root_since)
        if root == state.root_token:
            vault.auth.token.revoke_self()
        self._on_step("revoked")
        if state.shares:
            self._key_store.save(replace(state, root_token=None, root_since=None, finished=True))
        self._on_step("finished")
        return token

    def _wait_for_votes(self, vault: Any) -> None:
        """Wait until raft counts every peer: a new one has no vote for its first seconds, and can't replace a leader.

        Vault Enterprise has peers that never vote, which is why this ends. (Vault docs: "Autopilot")
        """
        end = min(self._end, time.monotonic() + _VOTING)
        while len(self._nodes) > 1 and time.monotonic() < end:
            try:
                response: dict[str, Any] = vault.sys.read_raft_config()
            except VaultError as error:
                if is_transient(error):
                    raise
                return  # another storage than raft
            servers: list[dict[str, Any]] = response["data"]["config"]["servers"]
            if all(server["voter"] for server in servers):
                return
            pause(_POLL, "all peers of the raft cluster vote")

    def _get_root_token(
        self, node: VaultNode, state: BootstrapState, operator: str | None
    ) -> tuple[str, BootstrapState]:
        """Return a token that may make the admin's, and the state that is kept of it."""
        if state.root_token and _is_valid(node, state.root_token):
            return state.root_token, state
        if state.shares and not self._key_store.pgp_keys:
            since = state.root_since or int(time.time())
            state = replace(state, root_token=None, root_since=since)
            self._key_store.save(state)
            self._on_step("root asked")
            try:
                root = generate_root_token(node, state.shares[: state.threshold])
            except VaultError as error:
                if is_transient(error):
                    raise
                if operator:
                    return operator, replace(state, root_since=None)
                raise BootstrapError(
                    f"{node.address} makes no root token by the shares in {self._key_store.place}: "
                    f"{redact_error(error, *state.shares)}. "
                    "From Vault 2.0 on its configuration must say enable_unauthenticated_access = "
                    '["generate-root"], or give a token that may write policies in VAULT_TOKEN'
                ) from None
            self._on_step("root made")
            state = replace(state, root_token=root)
            self._key_store.save(state)
            self._on_step("root kept")
            return root, state
        if operator:
            return operator, replace(state, root_token=None)
        raise BootstrapError(
            f"{node.address} is open, the admin token is over, and {self._key_store.place} holds no share that can be "
            "read here: set VAULT_TOKEN to a token that may write policies and make orphan tokens (the shares' "
            "holders make one with `vault operator generate-root`), run this again, and revoke that token"
        )

    def _read_status(self, node: VaultNode) -> _NodeStatus:
        while not (status := _query_node(node)):
            if time.monotonic() > self._end:
                raise BootstrapError(f"{node.address} does not answer any more: see its log, and run this again")
            pause(_POLL, f"{node.address} answers")
        return status

    def _format_number(self, node: VaultNode) -> int:
        return self._nodes.index(node) + 1

    def _describe_keyless(self, node: VaultNode, saved: BootstrapState | None) -> str:
        if saved:
            return (
                f"{node.address} was initialised, but the machine stopped before its keys were kept in "
                f"{self._key_store.place}: nobody can open it, and it holds nothing yet. Delete the data of every node "
                "(its volume), restart them, and run this again; if somebody else initialised it and has its keys, "
                "let them unseal it"
            )
        return (
            f"{node.address} is initialised and sealed, and {self._key_store.place} holds no keys: Strongroom never "
            "initialises twice. Put the keys back from their copy; or let their holders run `vault operator unseal` "
            "on each node, and run this again. If all keys are lost, so is what the store holds: delete the data of "
            "every node, and run this again"
        )

    def _describe_sealed(self, node: VaultNode, status: _NodeStatus) -> str:
        if status.recovery:
            return (
                f"{node.address} does not unseal itself with its seal {status.seal!r} after "
                f"{self._config.timeout:.0f} s: see its log, that the key exists, and that the server's identity may "
                "wrap and unwrap with it"
            )
        if self._key_store.pgp_keys:
            return (
                f"{node.address} waits for the holders of its shares: {self._config.threshold} of "
                f"{self._config.shares} must decrypt theirs, from {self._key_store.place}, and run "
                "`vault operator unseal` there; "
                "then run this again"
            )
        return f"{node.address} is still sealed after {self._config.timeout:.0f} s: see its log"


def _query_node(node: VaultNode) -> _NodeStatus | None:
    try:
        response: dict[str, Any] = create_client(node, timeout=5).sys.read_seal_status()
    except (VaultError, requests.RequestException):
        return None
    return _NodeStatus(
        initialised=bool(response["initialized"]),
        sealed=bool(response["sealed"]),
        seal=str(response["type"]),
        recovery=response["type"] != "shamir",
        storage=str(response.get("storage_type", "")),
        progress=int(response.get("progress", 0)),
        cluster=response.get("cluster_id"),
    )


def _is_valid(node: VaultNode, token: str) -> bool:
    try:
        create_client(node, token).auth.token.lookup_self()
    except Forbidden:
        return False
    return True


def _is_fresh(node: VaultNode, token: str, config: BootstrapConfig) -> bool:
    """Return whether `token` is the admin's and has half of its life left."""
    try:
        found: dict[str, Any] = create_client(node, token).auth.token.lookup_self()["data"]
    except (VaultError, requests.RequestException):
        return False
    return ADMIN_POLICY in found["policies"] and int(found["ttl"]) * 2 >= config.token_ttl


def _is_applied(node: VaultNode, token: str, state: BootstrapState, config: BootstrapConfig) -> bool:
    """Return whether the admin's policy and the audit devices are those of `config`."""
    if state.admin_digest:
        return state.admin_digest == _compute_digest(config)
    try:
        found: dict[str, Any] = create_client(node, token).sys.read_acl_policy(ADMIN_POLICY)
    except (VaultError, requests.RequestException):
        return False
    return found["data"]["policy"] == config.policy


def _compute_digest(config: BootstrapConfig) -> str:
    return hashlib.sha256(config.policy.encode()).hexdigest()
