"""Runs one operation on a stack of the sandbox, in a process that can be killed."""

import sys
from pathlib import Path

from sandbox.engine import Engine, Operation
from sandbox.errors import SandboxError
from sandbox.progress import Reporter
from sandbox.running import Sandbox


def main(root: Path, operation: Operation, stack: str) -> None:
    """Run `operation` on `stack`, with the project at `root`, on the sandbox that the environment names."""
    reporter = Reporter()
    try:
        Engine(Sandbox(reporter), reporter, root).run(operation, stack)
    except SandboxError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])  # pyright: ignore[reportArgumentType]
