"""Serve fakes: `python -m sandbox.providers NAME...` prints their ports and runs until its input ends."""

import json
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from ..ports import HOST
from ..scratch import use_scratch
from .protocol import Provider, Servicer

_THREADS = 32

PROVIDERS = {
    "azure-native": "AzureNativeProvider",
    "kubernetes": "KubernetesProvider",
    "random": "RandomProvider",
    "vault": "VaultProvider",
}
"""Classes by the packages that they provide, each in a module of that name: what isn't served isn't loaded."""


def main(names: list[str]) -> None:
    """Serve the fakes `names`."""
    unknown = [name for name in names if name not in PROVIDERS]
    if unknown or not names:
        sys.exit(f"no fake provider for {', '.join(unknown) or 'nothing'}: there are {', '.join(PROVIDERS)}")
    use_scratch()
    servers: dict[str, grpc.Server] = {}
    ports: dict[str, int] = {}
    for name in names:
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        servers[name] = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(_find_provider(name)), servers[name])
        ports[name] = servers[name].add_insecure_port(f"{HOST}:0")
        servers[name].start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print(json.dumps(ports), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    ended.wait()
    for server in servers.values():
        server.stop(grace=1)


def _find_provider(name: str) -> type[Provider]:
    return getattr(import_module(f".{name.replace('-', '_')}", __package__), PROVIDERS[name])


if __name__ == "__main__":
    main(sys.argv[1:])
