"""Pulumi's language protocol: start a plugin that is written in a language."""

import os
import subprocess
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import LanguageRuntimeServicer, language_pb2, plugin_pb2


class Host(LanguageRuntimeServicer, ABC):
    """What all languages have in common. Nothing is installed: everything runs in the environment that is there."""

    def __init__(self, engine: str) -> None:
        """
        :param engine: The engine's address.
        """
        self.engine = engine

    @abstractmethod
    def plugin(self, kind: str, directory: Path, arguments: Sequence[str]) -> list[str]:
        """Return the command that runs a plugin.

        :param kind: `resource` or `analyzer`.
        :param directory: Where it is.
        :param arguments: What the engine tells it.
        """

    def Handshake(self, request: Any, context: Any) -> Any:
        self.engine = request.engine_address or self.engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        return language_pb2.GetRequiredPackagesResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        return language_pb2.GetProgramDependenciesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        yield from ()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a plugin until it ends, or the engine lets go of it."""
        directory = Path(request.info.program_directory)
        process = subprocess.Popen(
            self.plugin(request.kind, directory, request.args),
            cwd=directory if request.kind == "analyzer" else request.pwd,
            env={**os.environ, **dict(entry.partition("=")[::2] for entry in request.env)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(process.terminate)
        reported: SimpleQueue[Any] = SimpleQueue()
        streams = (
            (process.stdout, lambda line: language_pb2.RunPluginResponse(stdout=line)),
            (process.stderr, lambda line: language_pb2.RunPluginResponse(stderr=line)),
        )
        for stream, response_of in streams:
            threading.Thread(target=_forward, args=(stream, response_of, reported), daemon=True).start()
        for _ in streams:
            while (response := reported.get()) is not None:
                yield response
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def _forward(stream: IO[bytes], response_of: Callable[[bytes], Any], reported: "SimpleQueue[Any]") -> None:
    for line in stream:
        reported.put(response_of(line))
    reported.put(None)
