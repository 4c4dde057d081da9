"""Pulumi's provider protocol, for providers written as a few Python methods."""

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from importlib.metadata import version
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from .diff import diff
from .values import Secret, decode, encode, plain, secret_like

Properties = dict[str, Any]
Answer = TypeVar("Answer")


class ProviderError(Exception):
    """A resource can't be had: what, why, what to do. Never with a secret's value."""


class Provider(ABC):
    """One configured provider: what an explicit or default provider resource stands for.

    Inputs and outputs are plain data; secret marks are kept by the protocol's side.
    """

    package: str
    """The name of the package, e.g. `kubernetes`."""

    always_secret: Collection[str] = ()
    """Top-level outputs that are secret whatever the inputs say."""

    @abstractmethod
    def __init__(self, configuration: Properties) -> None:
        """:raises ProviderError: The configuration can't be used."""

    @classmethod
    def check(cls, kind: str, inputs: Properties, before: Properties, unique: str, name: str) -> Properties:
        """`inputs` with defaults.

        :param before: The inputs of the last update.
        :param unique: A few random characters, the same in a preview and its update.
        :param name: The resource's name in the program.
        """
        return inputs

    @classmethod
    @abstractmethod
    def immutable(cls, kind: str) -> Collection[str]:
        """Paths of inputs whose change replaces the resource; `*` for all."""

    @classmethod
    def same_name(cls, kind: str, inputs: Properties) -> bool:
        """Whether a replacement would have the name of what it replaces."""
        return True

    def unknown(self, kind: str, inputs: Properties) -> Properties:
        """The outputs of a resource that doesn't exist yet, in a preview."""
        return inputs

    @abstractmethod
    def create(self, kind: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Make it; its id and outputs."""

    @abstractmethod
    def read(
        self, kind: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Its outputs, and inputs that say what it is now; `None` where it is gone.

        :param outputs: Its last outputs; empty for one that is imported.
        """

    @abstractmethod
    def update(self, kind: str, id_: str, before: Properties, inputs: Properties, timeout: float) -> Properties:
        """Change it; its outputs."""

    @abstractmethod
    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        """Remove it; it may be gone already."""


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one provider package.

    The engine opens a connection for each provider resource, and configures each in its own way: what was configured is
    kept by connection.
    """

    def __init__(self, provider: type[Provider]) -> None:
        """
        :param provider: Made anew for each configuration.
        """
        self._provider = provider
        self._configured: dict[str, Provider] = {}
        self._lock = threading.Lock()

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=version(f"pulumi-{self._provider.package}"))

    def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return diff(decode(request.olds), decode(request.news), (), same_name=False)

    def Configure(self, request: Any, context: Any) -> Any:
        provider = self._guarded(context, lambda: self._provider(plain(decode(request.args))))
        with self._lock:
            self._configured[context.peer()] = provider
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        news, olds = decode(request.news), decode(request.olds)
        unique = request.randomSeed.hex()[:8] or os.urandom(4).hex()
        name = request.urn.rpartition("::")[2]
        checked = self._guarded(
            context, lambda: self._provider.check(_kind(request.urn), plain(news), plain(olds), unique, name)
        )
        return provider_pb2.CheckResponse(inputs=encode(secret_like(checked, news)))

    def Diff(self, request: Any, context: Any) -> Any:
        kind, news = _kind(request.urn), decode(request.news)
        return diff(
            decode(request.old_inputs),
            news,
            self._provider.immutable(kind),
            same_name=self._provider.same_name(kind, plain(news)),
        )

    def Create(self, request: Any, context: Any) -> Any:
        provider, kind, inputs = self._at(context), _kind(request.urn), decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=self._outputs(provider.unknown(kind, plain(inputs)), inputs))
        id_, outputs = self._guarded(context, lambda: provider.create(kind, plain(inputs), request.timeout))
        return provider_pb2.CreateResponse(id=id_, properties=self._outputs(outputs, inputs))

    def Read(self, request: Any, context: Any) -> Any:
        provider, kind, inputs = self._at(context), _kind(request.urn), decode(request.inputs)
        last = plain(decode(request.properties))
        found = self._guarded(context, lambda: provider.read(kind, request.id, plain(inputs), last))
        if found is None:
            return provider_pb2.ReadResponse()
        outputs, now = found
        return provider_pb2.ReadResponse(
            id=request.id, properties=self._outputs(outputs, inputs), inputs=encode(secret_like(now, inputs))
        )

    def Update(self, request: Any, context: Any) -> Any:
        provider, kind = self._at(context), _kind(request.urn)
        before, inputs = decode(request.old_inputs), decode(request.news)
        if request.preview:
            outputs = {**plain(decode(request.olds)), **plain(inputs)}
        else:
            outputs = self._guarded(
                context, lambda: provider.update(kind, request.id, plain(before), plain(inputs), request.timeout)
            )
        return provider_pb2.UpdateResponse(properties=self._outputs(outputs, inputs))

    def Delete(self, request: Any, context: Any) -> Any:
        provider, inputs = self._at(context), plain(decode(request.old_inputs))
        self._guarded(context, lambda: provider.delete(_kind(request.urn), request.id, inputs, request.timeout))
        return empty_pb2.Empty()

    def _at(self, context: Any) -> Provider:
        peer = context.peer()
        if peer not in self._configured and len(self._configured) == 1:
            return next(iter(self._configured.values()))  # the engine's connection was made anew
        return self._configured[peer]

    def _outputs(self, outputs: Properties, inputs: Properties) -> Any:
        marked = secret_like(outputs, inputs)
        return encode(
            {
                key: Secret(value) if key in self._provider.always_secret and not isinstance(value, Secret) else value
                for key, value in marked.items()
            }
        )

    def _guarded(self, context: Any, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
            raise  # abort raises; this tells the type checker


def _kind(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]
