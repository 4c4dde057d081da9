"""A Vault that is initialised and open, as a resource."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import pulumi
import requests
from hvac.exceptions import VaultError
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from ...args import Args, Input
from ...cross_checks import Location, cross_check
from ...dynamic_providers import StableProvider
from ...field_types import SECRET, ListOf
from ...urls import check_key_address
from ...validators import require_unique
from ..audit import AnyAuditDevice, check_device_kinds, describe_devices
from ..client import VaultNode, create_client
from ..options import BootstrapOptions, check_pgp_keys
from .admin_policy import build_admin_rules
from .key_store import BootstrapState, KeyStore, build_key_store
from .runner import BootstrapConfig, BootstrapResult, bootstrap, is_up_to_date

_KEY_STORE = "custody"
"""The input with the key store, as the states of every version name it."""

_COMPARED = ("nodes", _KEY_STORE, "shareCount", "threshold", "adminRules", "audit", "tokenTtl")
"""The inputs whose change is a change; the timeout is not."""


class VaultBootstrapArgs(BootstrapOptions, Args):
    """The arguments of a `VaultBootstrap`."""

    nodes: Annotated[ListOf[VaultNode], require_unique("address", what="the address")]
    """Every server of the Vault, as this machine reaches it; the first is initialised."""

    key_store: KeyStore
    """The place where the shares are kept: `FileKeyStore` or `AzureKeyStore`."""

    ca_certificate: Input[str] | None = None
    """PEM of the CA of nodes that name none, where it is known only once something exists."""

    policy: str | None = None
    """Rules of the admin's policy, in HCL; if omitted, those that write the engine `secret` and the auth method
    `kubernetes`."""

    audit: Annotated[ListOf[AnyAuditDevice], require_unique("path", what="the path")] = ()
    """Audit devices, which need root's rights and are enabled here for that reason."""

    servers: Sequence[pulumi.Resource] = ()
    """What must exist before the servers can answer."""

    @cross_check
    def _check_bootstrap(self) -> Iterator[tuple[str | Location, str]]:
        if not self.nodes:
            yield "nodes", "This setting is required: name every server of the Vault"
        for number, node in enumerate(self.nodes):
            if issue := check_key_address(node.address):
                yield ("nodes", number, "address"), f"{node.address!r} {issue}"
        yield from check_pgp_keys(self, len(self.key_store.pgp_keys))
        if issue := check_device_kinds([device.kind for device in self.audit]):
            yield "audit", f"The devices {issue}"

    def to_config(self) -> BootstrapConfig:
        """Return it as the process that bootstraps takes it."""
        return BootstrapConfig(
            shares=self.shares,
            threshold=self.threshold,
            admin_rules=self.policy or build_admin_rules(),
            audit=describe_devices(self.audit),
            token_ttl=self.token_ttl,
            timeout=self.timeout,
        )


class VaultBootstrap(pulumi.ComponentResource):
    """A Vault that is initialised once in its store's life, unsealed, joined to one raft cluster, and has an admin.

    The shares are kept by `key_store` before anything else is done with them. The initial root token is revoked at the
    end. Each `pulumi up` opens what is sealed since, joins a node that lost its data, and replaces a token of which
    half the life is over; it may be killed at any moment and run again. With a seal of its own a node is waited for.

    Shares that the key store can't read, because they are encrypted for their holders, need those: the error says so.
    A token is then made with the token in `VAULT_TOKEN`. (Vault docs: "/sys/init", "/sys/generate-root",
    "Integrated storage")
    """

    address: pulumi.Output[str]
    """URL of a node that is open, as this machine reaches it; for the provider."""

    token: Annotated[pulumi.Output[str], SECRET]
    """A short-lived token with the policy `strongroom-admin`; secret."""

    shares: Annotated[pulumi.Output[list[str]], SECRET]
    """The encrypted shares, or readable ones with the key store's `gives_shares`; secret."""

    def __init__(self, name: str, args: VaultBootstrapArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the bootstrap, which runs when the resource is created or updated.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:VaultBootstrap", name, None, opts)
        made = _Bootstrap(
            name,
            [
                node.to_inputs() | ({} if node.ca_certificate else {"ca_certificate": args.ca_certificate})
                for node in args.nodes
            ],
            args.key_store,
            args.to_config(),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.servers)),
        )
        self.address = made.address
        self.token = pulumi.Output.secret(made.token)
        self.shares = pulumi.Output.secret(made.shares)
        self.register_outputs({"address": self.address, "token": self.token, "shares": self.shares})


class Provider(StableProvider):
    """The dynamic provider of the resource."""

    stable_name = "vault-bootstrap"

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Bootstrap the Vault."""
        return CreateResult(props["nodes"][0]["address"], {**props, **_build_outputs(_run(props, None))})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Return whether bootstrap would change something."""
        if any(_olds.get(key) != _news[key] for key in _COMPARED):
            return DiffResult(changes=True)
        nodes, key_store, config = _read_inputs(_news)
        return DiffResult(changes=not is_up_to_date(nodes, key_store, config, _read_result(_olds)))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Bootstrap again, with a policy that still allows what the stack is about to delete."""
        # What the stack no longer declares is deleted after this, by this token: its rights end with the next run.
        rules = "\n".join(dict.fromkeys([_news["adminRules"], _olds["adminRules"]]))
        return UpdateResult({**_news, **_build_outputs(_run({**_news, "adminRules": rules}, _read_result(_olds)))})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Leave the store and its keys as they are; the token ends."""
        for node in _read_inputs(_props)[0]:
            try:
                create_client(node, _props["token"]).auth.token.revoke_self()  # pyright: ignore[reportUnknownMemberType]
            except (VaultError, requests.RequestException):
                continue  # it is over, or will be soon
            return


class _Bootstrap(Resource, module="strongroom", name="Bootstrap"):
    address: pulumi.Output[str]
    token: pulumi.Output[str]
    shares: pulumi.Output[list[str]]

    def __init__(
        self,
        name: str,
        nodes: Sequence[Mapping[str, Any]],
        key_store: KeyStore,
        config: BootstrapConfig,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__(
            Provider(),
            name,
            {
                "nodes": list(nodes),
                _KEY_STORE: key_store.to_inputs(),
                "shareCount": config.shares,
                "threshold": config.threshold,
                "adminRules": config.admin_rules,
                "audit": config.audit,
                "tokenTtl": config.token_ttl,
                "timeout": config.timeout,
                "address": None,
                "token": None,
                "shares": None,
                "passedOver": None,
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["token", "shares"])),
        )


def _run(props: Mapping[str, Any], previous: BootstrapResult | None) -> BootstrapResult:
    nodes, key_store, config = _read_inputs(props)
    if previous and previous.shares and key_store.load() is None:
        # Another machine ran this before.
        key_store.save(BootstrapState(shares=previous.shares, threshold=config.threshold, finished=True))
    return bootstrap(
        nodes, key_store, config, before=previous.token if previous else None, operator=os.environ.get("VAULT_TOKEN")
    )


def _read_inputs(props: Mapping[str, Any]) -> tuple[list[VaultNode], KeyStore, BootstrapConfig]:
    # The engine has no integers.
    config = BootstrapConfig(
        shares=int(props["shareCount"]),
        threshold=int(props["threshold"]),
        admin_rules=props["adminRules"],
        audit=props["audit"] or {},
        token_ttl=int(props["tokenTtl"]),
        timeout=float(props["timeout"]),
    )
    return [VaultNode.from_inputs(node) for node in props["nodes"]], build_key_store(props[_KEY_STORE]), config


def _read_result(olds: Mapping[str, Any]) -> BootstrapResult:
    return BootstrapResult(olds["address"], olds["token"], tuple(olds["shares"]), tuple(olds["passedOver"]))


def _build_outputs(result: BootstrapResult) -> dict[str, Any]:
    return {
        "address": result.address,
        "token": result.token,
        "shares": list(result.shares),
        "passedOver": list(result.skipped_nodes),
    }
