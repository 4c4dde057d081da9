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
from ...redact import told
from ..client import VaultNode, client, passing
from ..options import insecure, shares_fault
from . import initialise
from .admin_policy import ADMIN_POLICY, admin_rules
from .audit import apply_devices
from .key_store import KeyStore, Record
from .root_token import made_by_shares, revoke_forgotten

_POLL = 0.3
_JOINING = 15.0
"""Seconds that a node may take to join with the shares that it was given, before it is given them again."""

_LONGEST_PAUSE = 5.0

_VOTING = 60.0
"""Seconds that autopilot may take to give new peers their votes; by its defaults it takes ten."""


class BootstrapError(PlainError):
    """Vault can't be opened: which node, why, and what a human must do."""


def _nobody(step: str) -> None:
    del step


@dataclass(frozen=True)
class Plan:
    """What bootstrap is to do."""

    shares: int = 5
    """How many shares the unseal key, or the recovery key, is split into."""

    threshold: int = 3
    """How many of them open the store."""

    admin_rules: str = admin_rules()
    """The policy of the token that is given back, in HCL."""

    audit: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """The type and the options of each audit device, by path. They are bootstrap's own: whoever may enable one reads
    every token by a listener of their own."""

    token_ttl: int = 3600
    """That token's life in seconds; it is replaced once half of it is over."""

    timeout: float = 300
    """How long servers may take to answer, join and open, in seconds."""

    @property
    def policy(self) -> str:
        """The policy as it is written. It bears a digest of the audit devices, so that it says whether they are made
        where the key store keeps no record."""
        if not self.audit:
            return self.admin_rules
        digest = hashlib.sha256(json.dumps(self.audit, sort_keys=True).encode()).hexdigest()
        return f"{self.admin_rules}\n# audit devices: {digest}"


@dataclass(frozen=True)
class Access:
    """What bootstrap gives back."""

    address: str
    """Of a node that is open."""

    token: str
    """A short-lived token with the admin policy."""

    shares: tuple[str, ...]
    """What the key store says may be given: encrypted shares, or readable ones where it was told to."""

    passed_over: tuple[str, ...]
    """Addresses of nodes that could not be reached, in a Vault that is open without them."""


def faults(nodes: Sequence[VaultNode], key_store: KeyStore, plan: Plan) -> list[str]:
    """What is wrong with what was asked, each as a sentence; known before any server is."""
    found = [f"nodes: {node.address!r} {fault}" for node in nodes if (fault := insecure(node.address))]
    if not nodes:
        found.append("nodes: there are none: name every server of the Vault")
    if len({node.address for node in nodes}) != len(nodes):
        found.append("nodes: an address is there twice: name each server once")
    if told := shares_fault(plan.shares, plan.threshold):
        found.append(f"threshold: {told}")
    if key_store.pgp_keys and len(key_store.pgp_keys) != plan.shares:
        found.append(f"shares: {plan.shares}, but there are {len(key_store.pgp_keys)} PGP keys: name one key a share")
    return found


def bootstrap(
    nodes: Sequence[VaultNode],
    key_store: KeyStore,
    plan: Plan,
    *,
    before: str | None = None,
    operator: str | None = None,
    passed: Callable[[str], None] = _nobody,
) -> Access:
    """Initialise once, open every node, join them to one cluster, and make a token; whatever is done, is left.

    :param nodes: Every server of one Vault; the first is initialised, where none is.
    :param key_store: Who keeps the shares.
    :param plan: What to do.
    :param before: The token that was given back last, where the key store may have forgotten it.
    :param operator: A token of whoever runs this, for a store whose shares can't be read here.
    :param passed: Told of each step that is done.
    :raises BootstrapError: A human must do something first.
    :raises Key storeError: What is kept can't be read or written.
    :raises CancelledError: The user cancelled the update.
    """
    if wrong := faults(nodes, key_store, plan):
        raise BootstrapError("; ".join(wrong))
    listen()
    with key_store.alone(plan.timeout) as inherited:
        return _Run(nodes, key_store, plan, passed).all(inherited, before, operator)


def settled(nodes: Sequence[VaultNode], key_store: KeyStore, plan: Plan, given: Access) -> bool:
    """Whether `bootstrap` would change nothing. Nodes that can't be reached don't count in a Vault that is open."""
    states = [_asked(node) for node in nodes]
    here = {node.address for node, state in zip(nodes, states, strict=True) if state}
    if given.address not in here or any(state and not state.open for state in states):
        return False
    record = key_store.load()
    if record and not record.finished:
        return False
    return any(
        node.address == given.address
        and _good(node, given.token, plan)
        and _is_applied(node, given.token, record or Record(), plan)
        for node in nodes
    )


@dataclass(frozen=True)
class _State:
    """How a server is."""

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
        self, nodes: Sequence[VaultNode], key_store: KeyStore, plan: Plan, passed: Callable[[str], None]
    ) -> None:
        self._nodes = nodes
        self._key_store = key_store
        self._plan = plan
        self._passed = passed
        self._end = time.monotonic() + plan.timeout

    def all(self, inherited: Sequence[int], before: str | None, operator: str | None) -> Access:
        states = self._reached()
        if not any(state.initialised for state in states.values()):
            self._initialise(self._nodes[0], states[self._nodes[0]], inherited)
        kept = self._key_store.load()
        record = kept or Record()
        members = [node for node in states if self._state(node).initialised]
        # All that are of the cluster before anything else: one peer of three elects nobody.
        for node in members:
            self._open(node, kept)
        first = members[0]
        cluster = self._active(first)
        for node in states:
            if node not in members:
                self._join(node, first)
                self._open(node, kept)
        for node in states:
            if self._active(node) != cluster:
                raise BootstrapError(
                    f"{node.address} belongs to another cluster than {first.address}: one of them was initialised "
                    "by itself; if it holds nothing, delete its volume, and run this again"
                )
        return Access(
            address=first.address,
            token=self._token(first, before, operator),
            shares=record.shares if self._key_store.gives_shares else (),
            passed_over=tuple(node.address for node in self._nodes if node not in states),
        )

    def _reached(self) -> dict[VaultNode, _State]:
        """The nodes that answer: all of them, or as many as a Vault that was open once is open with."""
        finished = (self._key_store.load() or Record()).finished
        while True:
            states = {node: state for node in self._nodes if (state := _asked(node))}
            silent = [node.address for node in self._nodes if node not in states]
            if not silent or (finished and any(state.open for state in states.values())):
                return states
            if time.monotonic() > self._end:
                # A node may come back sealed while its leader is gone for good: open what is there.
                if finished and any(state.initialised for state in states.values()):
                    return states
                raise BootstrapError(
                    f"{' and '.join(silent)} can't be reached after {self._plan.timeout:.0f} s: see that the server "
                    "runs, that this machine reaches it, and that its certificate is of the CA and the name given here"
                )
            pause(_POLL, f"{' and '.join(silent)} can be reached")

    def _initialise(self, node: VaultNode, state: _State, inherited: Sequence[int]) -> None:
        record = self._key_store.load()
        if record and record.shares:
            raise BootstrapError(
                f"{node.address} is not initialised, but {self._key_store.place} holds the keys of a store: this is "
                "another Vault, or its data is lost. Restore its snapshot, or, for a new store, move the keys away; "
                "Strongroom never initialises over keys"
            )
        self._key_store.save(Record())
        self._passed("asked")
        started = initialise.begin(
            node,
            self._key_store,
            shares=self._plan.shares,
            threshold=self._plan.threshold,
            recovery=state.recovery,
            inherited=inherited,
        )
        self._passed("initialising")
        if failure := initialise.outcome(started):
            raise BootstrapError(f"{node.address} can't be initialised: {failure}")
        self._passed("kept")

    def _open(self, node: VaultNode, kept: Record | None) -> None:
        """Unseal `node`, or wait until it, or somebody else, does."""
        if not self._state(node).sealed:
            return
        while (state := self._state(node)).sealed:
            if not state.recovery and not (kept and kept.shares):
                raise BootstrapError(self._keyless(node, kept))
            if time.monotonic() > self._end:
                raise BootstrapError(self._still_sealed(node, state))
            if not state.recovery and kept and not self._key_store.pgp_keys:
                self._submit(node, state, kept)
            pause(_POLL, f"{node.address} is unsealed")
        self._passed(f"opened {self._number(node)}")

    def _submit(self, node: VaultNode, state: _State, record: Record) -> None:
        vault = client(node)
        try:
            if state.progress:
                vault.adapter.put("/v1/sys/unseal", json={"reset": True})
            for share in record.shares[: record.threshold]:
                vault.adapter.put("/v1/sys/unseal", json={"key": share})
        except VaultError as error:
            if time.monotonic() > self._end or "invalid key" in str(error):
                raise BootstrapError(
                    f"{node.address} does not open with the keys in {self._key_store.place}: "
                    f"{told(error, *record.shares)}. "
                    "They are another store's, or it was given new ones: put the right ones there"
                ) from None
        except requests.RequestException:
            return
        joined = time.monotonic() + _JOINING
        while time.monotonic() < joined and self._state(node).sealed:
            pause(_POLL, f"{node.address} is unsealed")

    def _join(self, node: VaultNode, first: VaultNode) -> None:
        """See that `node` is of the raft cluster of `first`, by its own retry_join or by being told."""
        while not (state := self._state(node)).initialised:
            if state.storage != "raft":
                raise BootstrapError(
                    f"{node.address} is not initialised, {first.address} is, and storage {state.storage!r} joins no "
                    "peers: give the servers the same storage"
                )
            failure = "it did not join"
            try:
                client(node, timeout=30).sys.join_raft_cluster(
                    first.join_address or first.address, leader_ca_cert=first.ca_certificate
                )
            except (VaultError, requests.RequestException) as error:
                failure = told(error)
            else:
                self._passed(f"joined {self._number(node)}")
            if self._state(node).initialised:
                return
            if time.monotonic() > self._end:
                raise BootstrapError(
                    f"{node.address} can't join {first.join_address or first.address}: {failure}. "
                    "See that the nodes reach each other there, and trust the CA"
                )
            pause(_POLL, f"{node.address} joins {first.address}")

    def _active(self, node: VaultNode) -> str | None:
        """Wait until `node` serves, by itself or by its leader; its cluster's id."""
        while True:
            try:
                leader: dict[str, Any] = client(node).sys.read_leader_status()
                state = _asked(node)
                if state and state.open and (leader["leader_address"] or not leader["ha_enabled"]):
                    return state.cluster
            except (VaultError, requests.RequestException):
                pass
            if time.monotonic() > self._end:
                raise BootstrapError(
                    f"{node.address} is open but has no leader after {self._plan.timeout:.0f} s: more than half of "
                    "the raft peers must run and be unsealed; see its log"
                )
            pause(_POLL, f"{node.address} has a leader")

    def _token(self, node: VaultNode, before: str | None, operator: str | None) -> str:
        """A good token, as soon as `node` gives one: it may be busy, or go away meanwhile."""
        seconds = _POLL
        while True:
            record = self._key_store.load() or Record()
            try:
                return self._made(node, record, before, operator)
            except (VaultError, requests.RequestException) as error:
                if not passing(error) or time.monotonic() + seconds > self._end:
                    said = told(error, *record.shares, record.root_token, record.admin_token, operator)
                    raise BootstrapError(f"{node.address} is open, but no token can be made: {said}") from None
            pause(seconds, f"{node.address} makes a token")
            seconds = min(seconds * 2, _LONGEST_PAUSE)

    def _made(self, node: VaultNode, record: Record, before: str | None, operator: str | None) -> str:
        digest = _digest(self._plan)
        known = [token for token in (record.admin_token, before) if token and _good(node, token, self._plan)]
        root_is_over = record.root_since is None and not (record.root_token and _alive(node, record.root_token))
        if known and root_is_over and _is_applied(node, known[0], record, self._plan):
            if record.shares and not record.finished:
                self._key_store.save(replace(record, root_token=None, finished=True))
            return known[0]
        root, record = self._root(node, record, operator)
        vault = client(node, root)
        apply_devices(vault, self._plan.audit)
        # After the devices: its digest says that they are made.
        vault.sys.create_or_update_policy(ADMIN_POLICY, self._plan.policy)
        self._passed("policy")
        self._all_vote(vault)
        token = known[0] if known else ""
        if not token:
            made = vault.auth.token.create_orphan(
                policies=[ADMIN_POLICY],
                ttl=f"{self._plan.token_ttl}s",
                explicit_max_ttl=f"{self._plan.token_ttl}s",
                renewable=False,
                display_name="strongroom",
            )
            token = str(made["auth"]["client_token"])
            self._passed("token")
        record = replace(record, admin_token=token, admin_digest=digest)
        if record.shares:
            self._key_store.save(record)
        self._passed("token kept")
        if record.root_since is not None:
            revoke_forgotten(vault, record.root_since)
        if root == record.root_token:
            vault.auth.token.revoke_self()
        self._passed("revoked")
        if record.shares:
            self._key_store.save(replace(record, root_token=None, root_since=None, finished=True))
        self._passed("finished")
        return token

    def _all_vote(self, vault: Any) -> None:
        """Wait until raft counts every peer: a new one has no vote for its first seconds, and can't replace a leader.

        Vault Enterprise has peers that never vote, which is why this ends. (Vault docs: "Autopilot")
        """
        end = min(self._end, time.monotonic() + _VOTING)
        while len(self._nodes) > 1 and time.monotonic() < end:
            try:
                said: dict[str, Any] = vault.sys.read_raft_config()
            except VaultError as error:
                if passing(error):
                    raise
                return  # another storage than raft
            servers: list[dict[str, Any]] = said["data"]["config"]["servers"]
            if all(server["voter"] for server in servers):
                return
            pause(_POLL, "all peers of the raft cluster vote")

    def _root(self, node: VaultNode, record: Record, operator: str | None) -> tuple[str, Record]:
        """A token that may make the admin's, and what is kept of it."""
        if record.root_token and _alive(node, record.root_token):
            return record.root_token, record
        if record.shares and not self._key_store.pgp_keys:
            since = record.root_since or int(time.time())
            record = replace(record, root_token=None, root_since=since)
            self._key_store.save(record)
            self._passed("root asked")
            try:
                root = made_by_shares(node, record.shares[: record.threshold])
            except VaultError as error:
                if passing(error):
                    raise
                if operator:
                    return operator, replace(record, root_since=None)
                raise BootstrapError(
                    f"{node.address} makes no root token by the shares in {self._key_store.place}: "
                    f"{told(error, *record.shares)}. "
                    "From Vault 2.0 on its configuration must say enable_unauthenticated_access = "
                    '["generate-root"], or give a token that may write policies in VAULT_TOKEN'
                ) from None
            self._passed("root made")
            record = replace(record, root_token=root)
            self._key_store.save(record)
            self._passed("root kept")
            return root, record
        if operator:
            return operator, replace(record, root_token=None)
        raise BootstrapError(
            f"{node.address} is open, the admin token is over, and {self._key_store.place} holds no share that can be "
            "read here: set VAULT_TOKEN to a token that may write policies and make orphan tokens (the shares' "
            "holders make one with `vault operator generate-root`), run this again, and revoke that token"
        )

    def _state(self, node: VaultNode) -> _State:
        while not (state := _asked(node)):
            if time.monotonic() > self._end:
                raise BootstrapError(f"{node.address} does not answer any more: see its log, and run this again")
            pause(_POLL, f"{node.address} answers")
        return state

    def _number(self, node: VaultNode) -> int:
        return self._nodes.index(node) + 1

    def _keyless(self, node: VaultNode, kept: Record | None) -> str:
        if kept:
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

    def _still_sealed(self, node: VaultNode, state: _State) -> str:
        if state.recovery:
            return (
                f"{node.address} does not unseal itself with its seal {state.seal!r} after "
                f"{self._plan.timeout:.0f} s: see its log, that the key exists, and that the server's identity may "
                "wrap and unwrap with it"
            )
        if self._key_store.pgp_keys:
            return (
                f"{node.address} waits for the holders of its shares: {self._plan.threshold} of {self._plan.shares} "
                f"must decrypt theirs, from {self._key_store.place}, and run `vault operator unseal` there; "
                "then run this again"
            )
        return f"{node.address} is still sealed after {self._plan.timeout:.0f} s: see its log"


def _asked(node: VaultNode) -> _State | None:
    try:
        said: dict[str, Any] = client(node, timeout=5).sys.read_seal_status()
    except (VaultError, requests.RequestException):
        return None
    return _State(
        initialised=bool(said["initialized"]),
        sealed=bool(said["sealed"]),
        seal=str(said["type"]),
        recovery=said["type"] != "shamir",
        storage=str(said.get("storage_type", "")),
        progress=int(said.get("progress", 0)),
        cluster=said.get("cluster_id"),
    )


def _alive(node: VaultNode, token: str) -> bool:
    try:
        client(node, token).auth.token.lookup_self()
    except Forbidden:
        return False
    return True


def _good(node: VaultNode, token: str, plan: Plan) -> bool:
    """Whether `token` is the admin's, and has half of its life left."""
    try:
        found: dict[str, Any] = client(node, token).auth.token.lookup_self()["data"]
    except (VaultError, requests.RequestException):
        return False
    return ADMIN_POLICY in found["policies"] and int(found["ttl"]) * 2 >= plan.token_ttl


def _is_applied(node: VaultNode, token: str, record: Record, plan: Plan) -> bool:
    """Return whether the admin's policy and the audit devices are those of `plan`, by the record or by Vault itself."""
    if record.admin_digest:
        return record.admin_digest == _digest(plan)
    try:
        found: dict[str, Any] = client(node, token).sys.read_acl_policy(ADMIN_POLICY)
    except (VaultError, requests.RequestException):
        return False
    return found["data"]["policy"] == plan.policy


def _digest(plan: Plan) -> str:
    return hashlib.sha256(plan.policy.encode()).hexdigest()
