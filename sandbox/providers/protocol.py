"""Pulumi's provider protocol, for providers written as a few Python methods."""

import os
import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from .diff import diff
from .values import UnsupportedValueError, decode, encode, mark_lists, marked, merged, plain, redacted, secret_like

Properties = dict[str, Any]
Answer = TypeVar("Answer")


class ProviderError(Exception):
    """A resource can't be had: what, why, what to do."""


class UnreadyError(ProviderError):
    """A resource is there, and didn't become what it should be: the engine keeps it, and tries again."""

    def __init__(self, reason: str, id_: str, outputs: Properties) -> None:
        """
        :param reason: What it waited for.
        :param id_: The id of what is there.
        :param outputs: Its outputs, as they are.
        """
        super().__init__(reason)
        self.id = id_
        self.outputs = outputs


class Provider(ABC):
    """One configured provider: what an explicit or default provider resource stands for.

    Inputs and outputs are plain data; secret marks are kept by the protocol's side.
    """

    package: str
    """The name of the package, e.g. `kubernetes`."""

    whole_lists = False
    """Whether a list is secret as a whole if anything in it is."""

    @abstractmethod
    def __init__(self, configuration: Properties) -> None:
        """:raises ProviderError: The configuration can't be used."""

    @classmethod
    def secret(cls, kind: str) -> Collection[str]:
        """Top-level inputs and outputs that are secret whatever the program says."""
        return ()

    @classmethod
    def check(cls, kind: str, inputs: Properties, before: Properties, unique: str, name: str) -> Properties:
        """Return `inputs` with defaults.

        :param before: The inputs of the last update.
        :param unique: A few random characters, the same in a preview and its update.
        :param name: The resource's name in the program.
        :raises ProviderError: The inputs can't be right, or are not supported.
        """
        return inputs

    @classmethod
    def same(cls, kind: str, before: Properties, after: Properties, outputs: Properties) -> Properties:
        """Return `after` with what only looks different put as `before` has it.

        :param outputs: The outputs of the last update.
        """
        return after

    def compared(
        self, kind: str, before: Properties, after: Properties, outputs: Properties
    ) -> tuple[Properties, Properties]:
        """Return `before` and `after` with what only looks different put alike.

        :param outputs: The outputs of the last update.
        """
        return before, self.same(kind, before, after, outputs)

    @classmethod
    @abstractmethod
    def immutable(cls, kind: str, before: Properties | None = None) -> Collection[str]:
        """Paths of inputs whose change replaces the resource, as `diff` takes them.

        :param before: The inputs of the last update.
        """

    def replacing(self, kind: str, before: Properties, after: Properties) -> Collection[str]:
        """Return `immutable`, with what this configuration adds.

        :param before: The inputs of the last update.
        :param after: The inputs of this one.
        """
        return self.immutable(kind, before)

    @classmethod
    def same_name(cls, kind: str, after: Properties, before: Properties | None = None) -> bool:
        """Return whether a replacement with the inputs `after` would have the name of what it replaces."""
        return True

    def computed(self, kind: str, before: Properties | None, inputs: Properties) -> Properties:
        """Return the outputs that are not known before the resource is made or changed, in a preview.

        :param before: The inputs of the last update; `None` for a resource that doesn't exist yet.
        """
        return {}

    def preview_update(
        self, kind: str, id_: str, before: Properties, inputs: Properties, outputs: Properties
    ) -> Properties:
        """Return the outputs that an update would give, as far as a preview can tell.

        :param outputs: The last outputs.
        """
        return merged(merged(outputs, inputs), self.computed(kind, before, inputs))

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
        """Change it; its outputs.

        :param before: The inputs of the last update, and the provider's own notes among its outputs: `__…`.
        """

    @abstractmethod
    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        """Remove it; it may be gone already.

        :param inputs: The inputs of the last update, and the provider's own notes among its outputs: `__…`.
        """

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Call the function `token`.

        :raises ProviderError: There is no such function here, or it fails.
        """
        raise ProviderError(f"the function {token} is not in the sandbox's fake {self.package} provider")

    def cancel(self) -> None:  # noqa: B027 - most providers wait for nothing
        """Stop waiting: the user interrupted."""


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
        provider = self._configured.get(context.peer())
        if provider is not None:
            provider.cancel()
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=version(f"pulumi-{self._provider.package}"))

    def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return diff(decode(request.old_inputs), decode(request.news), (), same_name=False)

    def Configure(self, request: Any, context: Any) -> Any:
        provider = self._answer(context, "", (request.args,), lambda: self._provider(plain(decode(request.args))))
        with self._lock:
            self._configured[context.peer()] = provider
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        kind, name = _kind(request.urn), request.urn.rpartition("::")[2]
        unique = request.randomSeed.hex()[:8] or os.urandom(4).hex()

        def check() -> Any:
            news, olds = decode(request.news), decode(request.olds)
            checked = self._provider.check(kind, plain(news), plain(olds), unique, name)
            return provider_pb2.CheckResponse(inputs=self._marked(kind, checked, news))

        return self._answer(context, kind, (request.news, request.olds), check)

    def Diff(self, request: Any, context: Any) -> Any:
        kind = _kind(request.urn)

        def compare() -> Any:
            provider = self._at(context)
            before, after = plain(decode(request.old_inputs)), plain(decode(request.news))
            before, after = provider.compared(kind, before, after, plain(decode(request.olds)))
            return diff(
                before,
                after,
                provider.replacing(kind, before, after),
                same_name=provider.same_name(kind, after, before),
                ignored=request.ignoreChanges,
            )

        return self._answer(context, kind, (request.news, request.old_inputs), compare)

    def Create(self, request: Any, context: Any) -> Any:
        kind = _kind(request.urn)

        def create() -> Any:
            provider, inputs = self._at(context), decode(request.properties)
            if request.preview:
                outputs = merged(plain(inputs), provider.computed(kind, None, plain(inputs)))
                return provider_pb2.CreateResponse(properties=self._marked(kind, outputs, inputs))
            id_, outputs = provider.create(kind, plain(inputs), request.timeout)
            return provider_pb2.CreateResponse(id=id_, properties=self._marked(kind, outputs, inputs))

        return self._answer(context, kind, (request.properties,), create)

    def Read(self, request: Any, context: Any) -> Any:
        kind = _kind(request.urn)

        def read() -> Any:
            inputs, last = decode(request.inputs), decode(request.properties)
            found = self._at(context).read(kind, request.id, plain(inputs), plain(last))
            if found is None:
                return provider_pb2.ReadResponse()
            outputs, now = found
            return provider_pb2.ReadResponse(
                id=request.id,
                properties=self._marked(kind, outputs, inputs, last),
                inputs=self._marked(kind, now, inputs),
            )

        return self._answer(context, kind, (request.inputs, request.properties), read)

    def Update(self, request: Any, context: Any) -> Any:
        kind = _kind(request.urn)

        def update() -> Any:
            provider, last = self._at(context), decode(request.olds)
            before, inputs = _with_notes(decode(request.old_inputs), last), decode(request.news)
            if request.preview:
                outputs = provider.preview_update(kind, request.id, plain(before), plain(inputs), plain(last))
            else:
                outputs = provider.update(kind, request.id, plain(before), plain(inputs), request.timeout)
            return provider_pb2.UpdateResponse(properties=self._marked(kind, outputs, inputs, last))

        return self._answer(context, kind, (request.news, request.old_inputs, request.olds), update)

    def Delete(self, request: Any, context: Any) -> Any:
        kind = _kind(request.urn)

        def delete() -> Any:
            inputs = _with_notes(decode(request.old_inputs), decode(request.properties))
            self._at(context).delete(kind, request.id, plain(inputs), request.timeout)
            return empty_pb2.Empty()

        return self._answer(context, kind, (request.old_inputs, request.properties), delete)

    def Invoke(self, request: Any, context: Any) -> Any:
        def invoke() -> Any:
            found = self._at(context).invoke(request.tok, plain(decode(request.args)))
            return provider_pb2.InvokeResponse(**{"return": encode(found)})  # pyright: ignore[reportArgumentType] - a keyword

        return self._answer(context, "", (request.args,), invoke)

    def Call(self, request: Any, context: Any) -> NoReturn:
        self._unsupported(context, f"the method {request.tok}")

    def Construct(self, request: Any, context: Any) -> NoReturn:
        self._unsupported(context, f"the component {request.type}")

    def _at(self, context: Any) -> Provider:
        peer = context.peer()
        if peer not in self._configured and len(self._configured) == 1:
            return next(iter(self._configured.values()))  # the engine's connection was made anew
        try:
            return self._configured[peer]
        except KeyError:
            raise ProviderError(
                f"the sandbox's fake {self._provider.package} provider has no configuration for this connection"
            ) from None

    def _marked(self, kind: str, properties: Properties, *patterns: Properties) -> struct_pb2.Struct:
        for pattern in patterns:
            properties = secret_like(properties, pattern)
        if self._provider.whole_lists:
            properties = mark_lists(properties)
        return encode(marked(properties, self._provider.secret(kind)))

    def _unsupported(self, context: Any, what: str) -> NoReturn:
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            f"{what} is not in the sandbox's fake {self._provider.package} provider: it needs the official provider",
        )
        raise AssertionError  # abort raises; this tells the type checker

    def _answer(
        self,
        context: Any,
        kind: str,
        given: Collection[struct_pb2.Struct],
        call: Callable[[], Answer],
    ) -> Answer:
        """Return what `call` returns; what it raises becomes the engine's error, without the secrets in `given`."""
        try:
            return call()
        except ProviderError as error:
            failed = error
        except UnsupportedValueError as error:
            return context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:
            # Its message may hold anything, so only its place is reported.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(frame.filename).name}:{frame.lineno}"
            failed = ProviderError(
                f"the sandbox's fake {self._provider.package} provider failed with {type(error).__name__} at {place}"
            )
        secrets = [marked(decode(struct), self._provider.secret(kind)) for struct in given]
        reason = redacted(str(failed), *secrets)
        if isinstance(failed, UnreadyError):
            detail = any_pb2.Any()
            detail.Pack(
                provider_pb2.ErrorResourceInitFailed(
                    id=failed.id, properties=self._marked(kind, failed.outputs, *secrets), reasons=[reason]
                ),
                type_url_prefix="type.googleapis.com/",
            )
            status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, reason)
        raise AssertionError  # abort raises; this tells the type checker


def _with_notes(inputs: Properties, outputs: Properties) -> Properties:
    return {**{key: value for key, value in outputs.items() if key.startswith("__")}, **inputs}


def _kind(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]
