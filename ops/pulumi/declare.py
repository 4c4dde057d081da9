"""What settings declare, found out without an engine."""
# pyright: reportUnknownMemberType=false, reportPrivateUsage=false, reportMissingTypeStubs=false
# Pulumi types its mocks sparsely, and has no public place to take registrations from.

import asyncio
import functools
import gc
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import Any, cast

import pulumi
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi import resource as registering
from pulumi.dynamic import dynamic
from pulumi.output import _OutputData
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.resource import prepare_resource
from pulumi.runtime.settings import set_root_resource

from strongroom.policy.rules import Declared
from strongroom.stacks.provision.program import provision_stepwise
from strongroom.stacks.settings.root import Settings

from ..preview.events import mark_unknown
from .state import hide_secrets

PROJECT = "strongroom"
_AT_ONCE = 50
"""Workloads whose registrations are under way together."""


def declare(stack: str, settings: Settings) -> dict[str, Declared]:
    """Return what `settings` declare, by URN, without an engine.

    :raises InvalidSettingsError: A file or a chart that they name can't be used.
    """
    with _collecting_rarely():
        return _Program(stack).declare(settings)


@contextmanager
def _collecting_rarely() -> Generator[None]:
    """Turn off garbage collection: it took two fifths of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Program(mocks.MockMonitor):
    """An engine that only notes what a program declares."""

    def __init__(self, stack: str) -> None:
        super().__init__(_Echo())
        self._stack = stack
        self._declared: dict[str, Declared] = {}
        self._pending: set[asyncio.Task[None]] = set()

    def declare(self, settings: Settings) -> dict[str, Declared]:
        """Return what `settings` declare, by URN."""

        async def run() -> None:
            for number, _ in enumerate(provision_stepwise(settings), 1):
                if number % _AT_ONCE == 0:
                    await self._settle()
                    gc.collect(0)
            await self._settle()

        with self._registering():
            set_root_resource(cast("pulumi.Resource", None))
            mocks.set_mocks(self.mocks, project=PROJECT, stack=self._stack, preview=True, monitor=self)
            mocks.test(run)()
        return self._declared

    def Invoke(self, request: Any) -> Any:  # noqa: ARG002, N802 - the protocol's name
        # Nobody can be asked.
        return resource_pb2.ResourceInvokeResponse(unknown=True)

    @contextmanager
    def _registering(self) -> Generator[None]:
        """Take registrations from the SDK before it makes a request, a response and a stack trace of each.

        That is three quarters of a registration's time and memory, and nothing here reads it. Nor does anything read
        aliases, of which a resource of Azure's has a dozen.
        """
        taken: dict[str, Callable[..., Any]] = {
            "register_resource": self._register,
            "register_resource_outputs": _ignore,
            "collapse_alias_to_urn": _ignore,
        }
        kept = {name: getattr(registering, name) for name in taken}
        serialize = cast("Callable[[Any], str]", dynamic.serialize_provider)
        dynamic.serialize_provider = _cache_by_type(serialize)
        try:
            for name, ours in taken.items():
                setattr(registering, name, ours)
            yield
        finally:
            for name, theirs in kept.items():
                setattr(registering, name, theirs)
            dynamic.serialize_provider = serialize

    async def _settle(self) -> None:
        """Wait until all that was registered is noted.

        :raises Exception: What stopped a registration.
        """
        while self._pending:
            for task in await _wait_for_all(self._pending):
                task.result()

    def _register(  # noqa: PLR0917 - as the SDK calls it
        self,
        res: pulumi.Resource,
        ty: str,
        name: str,
        custom: bool,
        remote: bool,
        new_dependency: Callable[[str], pulumi.Resource],
        props: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
        typ: type | None = None,
        package_ref: Awaitable[str | None] | None = None,
    ) -> None:
        """Note a resource, and give it the outputs that its inputs say, and no id yet."""
        del new_dependency, package_ref
        parent = (opts and opts.parent) or pulumi.runtime.get_root_resource()
        urn = self.make_urn(parent.__dict__[_URN] if parent else "", ty, name)
        res.__dict__[_URN] = urn
        noted = _Noted()
        if opts and opts.aliases:
            opts = copy(opts)
            opts.aliases = None
        task = asyncio.ensure_future(self._note(noted, urn, (res, ty, custom, remote, props, opts, typ)))
        self._pending.add(task)
        noted.task = task
        res.__dict__["urn"] = _Later(lambda: _resolve_output(res, urn))
        if custom:
            res.__dict__["id"] = _Later(lambda: _resolve_output(res, None))
        for key in props:
            if key != "urn" and not (key == "id" and custom):
                res.__dict__[key] = _Later(functools.partial(_echo_inputs, res, noted, key, typ is not None))

    async def _note(self, noted: "_Noted", urn: str, registered: tuple[Any, ...]) -> None:
        prepared = await prepare_resource(*registered)
        noted.inputs = prepared.serialized_props.SerializeToString()
        inputs = mark_unknown(hide_secrets(json_format.MessageToDict(prepared.serialized_props)))
        self._declared[urn] = Declared(registered[1], urn, inputs, list(prepared.dependencies))


_URN = "__urn_offline"
"""The attribute of a resource that says its URN at once."""


def _ignore(*_: object) -> None:
    """Do nothing."""


class _Noted:
    """A registration, and the inputs that it ended with."""

    task: asyncio.Task[None]
    inputs: bytes = b""


class _Later(pulumi.Output[Any]):
    """An output that is found out once somebody wants it, which of most nobody does."""

    def __init__(self, find: Callable[[], Awaitable[_OutputData[Any]]]) -> None:
        """
        :param find: What finds it out.
        """
        self._find = find
        self._found: asyncio.Future[_OutputData[Any]] | None = None

    @property
    def _data(self) -> asyncio.Future[_OutputData[Any]]:  # pyright: ignore[reportIncompatibleVariableOverride]
        if self._found is None:
            self._found = asyncio.ensure_future(self._find())
        return self._found


async def _resolve_output(res: pulumi.Resource, value: str | None) -> _OutputData[Any]:
    return _OutputData({res}, value, value is not None, False)


async def _echo_inputs(res: pulumi.Resource, noted: _Noted, key: str, typed: bool) -> _OutputData[Any]:
    """Return what the SDK makes of a response that repeats the inputs, as its `rpc.resolve_outputs`."""
    await noted.task
    resolved: list[Any] = [None, False, False]

    def resolve(value: Any, is_known: bool, is_secret: bool, *_: object) -> None:
        resolved[:] = value, is_known, is_secret

    inputs = Struct.FromString(noted.inputs)
    rpc.resolve_outputs(res, inputs, inputs, {}, {key: resolve}, True, typed, True)
    return _OutputData({res}, *resolved)


async def _wait_for_all(pending: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
    pending -= done
    return done


def _cache_by_type(serialize: Callable[[Any], str]) -> Callable[[Any], str]:
    """Serialize a dynamic provider once: those of one class are alike."""
    found: dict[type, str] = {}

    def cached(provider: Any) -> str:
        if type(provider) not in found:
            found[type(provider)] = serialize(provider)
        return found[type(provider)]

    return cached


class _Echo(mocks.Mocks):
    """What is read has the outputs that its inputs say, and no id yet."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        return None, dict(cast("dict[Any, Any]", args.inputs))

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError(args.token)
