"""A program in Python, run for the engine: in the host's process, or by another interpreter, which runs this file."""

import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any


def run_program(request: Any) -> Any:
    """Run a program to its end, as the Automation API runs one; return the response to the engine.

    :param request: The engine's `RunRequest`, with the engine's address first among its arguments.
    """
    # Another interpreter loads them once its path is clean.
    from pulumi.automation._server import LanguageServer  # noqa: PLC0415

    directory = Path(request.info.program_directory)
    os.chdir(directory)
    sys.path.insert(0, str(directory))

    def program() -> None:
        runpy.run_path(str(directory / request.info.entry_point), run_name="__main__")

    served: Any = LanguageServer(program)
    return served.Run(request, None)


def main(asked: Path, answered: Path) -> None:
    """Run the program of the request in a file, and write the response into another."""
    from pulumi.runtime.proto import language_pb2  # noqa: PLC0415

    request = language_pb2.RunRequest.FromString(asked.read_bytes())
    answered.write_bytes(run_program(request).SerializeToString())


if __name__ == "__main__":
    del sys.path[0]  # this directory, whose modules are the host's
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the engine ends a program so, and no traceback belongs to it
    main(*map(Path, sys.argv[1:]))
