"""Makes the tools that `python -m sandbox up` needs: `python3 -m sandbox.tools`, before any package is installed."""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..node.requirements import list_missing
from . import ToolError, Tools
from .catalogue import CHECKS, EXAMPLES, HELM, INJECTOR, NODE, OFFICIAL, TOOLS, Tool
from .download import OutOfReachError, published_checksum
from .environment import drop_emulator_proxy
from .progress import Lines


def main(arguments: list[str] | None = None) -> int:
    """Make them; an error that a user can mend is one text and exit code 1.

    :param arguments: The command line; if omitted, this process's.
    """
    parser = argparse.ArgumentParser(prog="python -m sandbox.tools", description=__doc__)
    parser.add_argument("--tests", action="store_true", help="make those too that tests need, and a node if it can run")
    parser.add_argument("--node", action="store_true", help="make those too that a node runs")
    parser.add_argument("--official", action="store_true", help="make the official provider plugins instead")
    parser.add_argument("--print-checksums", action="store_true", help="print what checksums.txt should have instead")
    given = parser.parse_args(arguments)
    catalogue = (*TOOLS, HELM, *EXAMPLES, *CHECKS) if given.tests or given.print_checksums else TOOLS
    if given.tests and _can_run_node():
        catalogue = (*catalogue, *NODE, INJECTOR)
    elif given.node:
        catalogue = (*catalogue, *NODE)
    catalogue = OFFICIAL if given.official else catalogue
    # As an error, so that what builds is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if given.print_checksums:
            return _print_checksums(catalogue)
        tools = Tools(Lines(), catalogue=catalogue)
        with tools.preparing():
            tools.prepare()
            tools.crds()
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _can_run_node() -> bool:
    with tempfile.TemporaryDirectory() as state:
        return not list_missing(Path(state))


def _print_checksums(catalogue: Sequence[Tool]) -> int:
    """Print the lines of all downloads for this machine's system and processor, to be compared with another source."""
    environment = drop_emulator_proxy(os.environ)
    missing = False
    for tool in catalogue:
        if tool.release is None:
            continue
        try:
            print(f"{published_checksum(tool.name, tool.release, environment)}  {tool.release.url}")
        except OutOfReachError as error:
            print(f"error: {error}", file=sys.stderr)
            missing = True
    return int(missing)


if __name__ == "__main__":
    raise SystemExit(main())
