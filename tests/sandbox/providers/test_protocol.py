"""What the engine hears over the wire: marks, refusals, and each connection's own configuration."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.providers.protocol import Properties, Provider, ProviderError, Servicer, UnreadyError
from sandbox.providers.values import Secret, decode, encode

URN = "urn:pulumi:stack::project::strongroom:index:Thing$test:index:Thing::thing"
CANARY = "canary-8f1b2c"


class Thing(Provider):
    package = "random"  # GetPluginInfo looks for this package's version

    def __init__(self, configuration: Properties) -> None:
        self._greeting = configuration.get("greeting")

    @classmethod
    def secret(cls, kind: str) -> tuple[str, ...]:
        return ("token",)

    @classmethod
    def immutable(cls, kind: str, before: Properties | None = None) -> tuple[str, ...]:
        return ()

    def create(self, kind: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        match inputs.get("fail"):
            case "refused":
                raise ProviderError(f"the server says: {inputs['password']} is too short")
            case "crashed":
                raise ValueError(inputs["password"])
            case "unready":
                raise UnreadyError("still waiting", "id", {**inputs, "token": "t"})
            case _:
                return "id", {**inputs, "greeting": self._greeting, "token": "t"}

    def read(self, kind: str, id_: str, inputs: Properties, outputs: Properties) -> None:
        return None

    def update(self, kind: str, id_: str, before: Properties, inputs: Properties, timeout: float) -> Properties:
        return inputs

    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        return None


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(Thing), server)
    number = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield number
    server.stop(None)


@contextmanager
def connected(port: int, **configuration: Any) -> Iterator[Any]:
    # Channels to one address share a connection unless reported not to.
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
        stub.Configure(provider_pb2.ConfigureRequest(args=encode(configuration)))
        yield stub


def create(stub: Any, **inputs: Any) -> Any:
    return stub.Create(provider_pb2.CreateRequest(urn=URN, properties=encode(inputs)))


def test_each_connection_has_its_own_configuration(port: int) -> None:
    with connected(port, greeting="one") as one, connected(port, greeting="two") as two:
        assert decode(create(one).properties)["greeting"] == "one"
        assert decode(create(two).properties)["greeting"] == "two"
        assert decode(create(one).properties)["greeting"] == "one"


def test_secret_inputs_and_what_is_always_secret_come_back_secret(port: int) -> None:
    with connected(port) as stub:
        outputs = decode(create(stub, nested={"list": [1, Secret("x")]}).properties)

    assert outputs["nested"] == {"list": [1, Secret("x")]}
    assert outputs["token"] == Secret("t")


@pytest.mark.parametrize("fail", ["refused", "crashed"])
def test_no_error_holds_a_secret(port: int, fail: str) -> None:
    with connected(port) as stub, pytest.raises(grpc.RpcError) as raised:
        create(stub, fail=fail, password=Secret(CANARY))

    assert CANARY not in str(raised.value)
    reported = raised.value.details()  # pyright: ignore[reportAttributeAccessIssue]
    expected = {"refused": "the server says: [secret] is too short", "crashed": "failed with ValueError at test_"}
    assert expected[fail] in reported


def test_what_is_there_and_not_ready_is_reported_with_its_id(port: int) -> None:
    with connected(port) as stub, pytest.raises(grpc.RpcError) as raised:
        create(stub, fail="unready", password=Secret(CANARY))

    error: Any = raised.value
    assert error.details() == "still waiting"
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert b"pulumirpc.ErrorResourceInitFailed" in details


def test_a_function_that_is_not_there_is_named(port: int) -> None:
    with connected(port) as stub, pytest.raises(grpc.RpcError) as raised:
        stub.Invoke(provider_pb2.InvokeRequest(tok="random:index:nothing"))

    error: Any = raised.value
    assert "random:index:nothing is not in the sandbox's" in error.details()


def test_an_asset_is_refused_clearly(port: int) -> None:
    asset = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "x"}
    with connected(port) as stub, pytest.raises(grpc.RpcError, match="assets, archives and resource references"):
        create(stub, asset=asset)
