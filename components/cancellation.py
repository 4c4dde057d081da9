"""The first Ctrl-C, in the process that serves dynamic resources."""
# pyright: reportMissingTypeStubs=false
# gRPC ships no types.

import gc
import threading
from collections.abc import Callable
from typing import Any

import grpc

from .error_text import PlainError

_CANCEL = "/pulumirpc.ResourceProvider/Cancel"

_cancelled = threading.Event()
_listening = threading.Event()
_lock = threading.Lock()


class CancelledError(PlainError):
    """The user cancelled the update while a resource was waited for."""


class _Listener:
    """Notes that the engine cancels the update; stands where gRPC has a server's interceptors."""

    def execute(self, find_handler: Callable[[Any], Any], call: Any) -> Any:
        """Find the handler of a call, whatever it is."""
        if call.method == _CANCEL:
            _cancelled.set()
        return find_handler(call)


def listen() -> None:
    """Have the SDK's host note a cancellation; in a process that hosts no provider, do nothing.

    The engine starts a plugin in a process group of its own, which a terminal's SIGINT does not reach, and calls
    `Cancel` instead. The SDK's host answers that by an empty method, and only once one of its four threads is free:
    those that wait are none. gRPC takes interceptors when a server is made, and asks them before it looks for a thread.
    (pulumi/pulumi: `deployment_executor.go`, `child_unix.go`, `pulumi/dynamic/__main__.py`; gRPC: `_server.py`)

    :raises CancelledError: The update was cancelled before.
    """
    if _cancelled.is_set():
        raise CancelledError("cancelled before it began; the next `pulumi up` begins it")
    with _lock:
        if _listening.is_set():
            return
        _listening.set()
        for server in (each for each in gc.get_objects() if issubclass(type(each), grpc.Server)):
            state: Any = getattr(server, "_state", None)
            # Another release of gRPC may keep it elsewhere: then waiting ends as late as it did.
            if getattr(state, "interceptor_pipeline", "unknown") is None:
                state.interceptor_pipeline = _Listener()


def pause(seconds: float, until: str) -> None:
    """Sleep, unless the engine cancels the update.

    :param until: What is waited for, as it follows "until".
    :raises CancelledError: The update was cancelled.
    """
    if _cancelled.wait(seconds):
        raise CancelledError(f"cancelled while waiting until {until}; the next `pulumi up` goes on here")
