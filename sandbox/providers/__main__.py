"""Serve stand-ins: `python -m sandbox.providers NAME...` prints their ports and runs until its input ends."""

import json
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from ..ports import HOST
from .azure_native import AzureNativeProvider
from .kubernetes import KubernetesProvider
from .protocol import Provider, Servicer
from .random import RandomProvider
from .vault import VaultProvider

_THREADS = 32

PROVIDERS: dict[str, type[Provider]] = {
    provider.package: provider for provider in (AzureNativeProvider, KubernetesProvider, RandomProvider, VaultProvider)
}


def main(names: list[str]) -> None:
    """Serve the stand-ins `names`."""
    unknown = [name for name in names if name not in PROVIDERS]
    if unknown or not names:
        sys.exit(f"no stand-in for {', '.join(unknown) or 'nothing'}: there are {', '.join(PROVIDERS)}")
    servers: dict[str, grpc.Server] = {}
    ports: dict[str, int] = {}
    for name in names:
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        servers[name] = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(PROVIDERS[name]), servers[name])
        ports[name] = servers[name].add_insecure_port(f"{HOST}:0")
        servers[name].start()
    print(json.dumps(ports), flush=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    ended.wait()
    for server in servers.values():
        server.stop(grace=1)


if __name__ == "__main__":
    main(sys.argv[1:])
