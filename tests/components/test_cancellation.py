"""The engine's `Cancel`, at a server like the SDK's host whose threads all wait."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import ResourceProviderServicer, provider_pb2, provider_pb2_grpc

from strongroom.components import cancellation
from strongroom.components.cancellation import CancelledError, listen, pause


class Host(ResourceProviderServicer):
    """Waits in `Create`, and knows nothing of a cancellation, as the SDK's own."""

    def __init__(self) -> None:
        self.waits = threading.Event()

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        listen()
        self.waits.set()
        try:
            pause(30, "shop/orders can read its secrets")
        except CancelledError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        return empty_pb2.Empty()


@pytest.fixture(autouse=True)
def cancelled(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    event = threading.Event()
    monkeypatch.setattr(cancellation, "_cancelled", event)
    monkeypatch.setattr(cancellation, "_listening", threading.Event())
    return event


@pytest.fixture
def served() -> Iterator[tuple[Host, Any]]:
    server = grpc.server(ThreadPoolExecutor(1))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(host := Host(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield host, provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(0).wait()


def test_a_cancellation_ends_what_waits_though_no_thread_of_the_host_is_free(served: tuple[Host, Any]) -> None:
    host, engine = served
    created = engine.Create.future(provider_pb2.CreateRequest(), timeout=20)
    assert host.waits.wait(10)

    engine.Cancel(empty_pb2.Empty(), timeout=5)

    with pytest.raises(grpc.RpcError) as raised:
        created.result()
    assert raised.value.details() == (
        "cancelled while waiting until shop/orders can read its secrets; the next `pulumi up` goes on here"
    )


def test_a_pause_that_nobody_cancels_takes_its_time(cancelled: threading.Event) -> None:
    pause(0.001, "something happens")
    cancelled.set()
    with pytest.raises(CancelledError, match="until something happens"):
        pause(30, "something happens")


def test_a_release_of_grpc_that_keeps_its_interceptors_elsewhere_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Server(grpc.Server):
        __init__ = object.__init__  # type: ignore[assignment]
        _state: Any = object()

    monkeypatch.setattr(Server, "__abstractmethods__", frozenset())
    server = Server()  # pyright: ignore[reportAbstractUsage]
    listen()
    assert not hasattr(server._state, "interceptor_pipeline")


def test_what_has_not_begun_when_the_update_is_cancelled_does_not_begin(cancelled: threading.Event) -> None:
    cancelled.set()
    with pytest.raises(CancelledError, match="cancelled before it began"):
        listen()
