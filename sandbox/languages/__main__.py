"""Serve a language host: `python -m sandbox.languages LANGUAGE [OPTION...] ENGINE` prints its port."""

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import language_pb2_grpc

from ..parent import end_with_parent
from ..ports import HOST
from ..scratch import use_scratch
from .host import Host
from .nodejs import NodejsHost
from .python import PythonHost

LANGUAGES: dict[str, type[Host]] = {"nodejs": NodejsHost, "python": PythonHost}


def main(language: str, arguments: list[str]) -> None:
    """Serve the host of `language` until the engine ends it, or ends.

    :param arguments: What the engine tells it: its own address comes last.
    """
    end_with_parent()
    use_scratch()
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(16), options=options)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LANGUAGES[language](arguments[-1]), server)
    port = server.add_insecure_port(f"{HOST}:0")
    server.start()
    print(port, flush=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    ended.wait()
    server.stop(grace=1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
