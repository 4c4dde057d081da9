"""What waits in a dynamic resource stops when the engine asks for it, in the process that the SDK serves it by."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.dynamic import CreateResult, ResourceProvider
from pulumi.dynamic.dynamic import PROVIDER_KEY, serialize_provider
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from components import cancellation
from components.azure import gate
from tests.polling import poll_until

ROOT = Path(__file__).parents[2]


class Waiting(ResourceProvider):
    """Waits for longer than a test does."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        Path(props["begun"]).touch()
        cancellation.sleep(60)
        return CreateResult("done", {})


def test_the_first_request_to_stop_ends_what_waits(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    properties = Struct()
    properties.update({PROVIDER_KEY: serialize_provider(Waiting()), "begun": str(begun)})
    request = provider_pb2.CreateRequest(properties=properties)
    with (
        subprocess.Popen(
            [sys.executable, "-m", "pulumi.dynamic"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process,
        ThreadPoolExecutor(1) as pool,
    ):
        assert process.stdout
        try:
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                provider: Any = ResourceProviderStub(channel)
                made = pool.submit(provider.Create, request, timeout=30)
                poll_until(begun.exists)
                provider.Cancel(Empty(), timeout=10)
                with pytest.raises(grpc.RpcError) as stopped:
                    made.result(10)
        finally:
            process.kill()

    error: Any = stopped.value
    assert error.details().splitlines() == [
        "Stopped, as was asked. What was done until now is kept: run the same again to go on"
    ]


def test_a_gate_that_waits_is_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    requested = threading.Event()
    requested.set()
    monkeypatch.setattr(cancellation, "_requested", requested)

    def attempt(props: object) -> None:
        raise gate._NotYetError("no role yet")

    monkeypatch.setattr(gate, "_attempt", attempt)
    with pytest.raises(cancellation.CancelledError):
        gate.wait({"namespace": "shop", "serviceAccount": "orders", "timeout": 300})
