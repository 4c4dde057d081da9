"""The engine's request to stop, as what waits in a dynamic resource hears it."""

import threading
from typing import Any

from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer

from .plain_error import PlainError

_HOST = "DynamicResourceProviderServicer"

_requested = threading.Event()


class CancelledError(PlainError):
    """The engine was asked to stop, by the first Ctrl-C."""


def sleep(seconds: float) -> None:
    """Wait so long, in a dynamic resource.

    :raises CancelledError: The engine is asked to stop meanwhile.
    """
    _listen()
    if _requested.wait(seconds):
        raise CancelledError("Stopped, as was asked. What was done until now is kept: run the same again to go on")


def _listen() -> None:
    """Have the process that serves dynamic resources take note of the engine's request.

    At the first Ctrl-C the engine asks each provider to cancel what it does, and waits for it. The SDK's host responds
    and tells nobody, so that a resource would wait on. gRPC holds the bound method, whose code alone can be another.
    (Pulumi Python SDK: `pulumi/dynamic/__main__.py`; provider protocol: `Cancel`)
    """
    for host in ResourceProviderServicer.__subclasses__():
        cancel: Any = vars(host).get("Cancel")
        if host.__name__ == _HOST and cancel and cancel.__code__ is not _take_note.__code__:
            cancel.__defaults__ = (_requested, cancel(None, None, None))
            cancel.__code__ = _take_note.__code__


def _take_note(self: object, request: object, context: object, requested: threading.Event, response: object) -> object:
    del self, request, context
    requested.set()
    return response
