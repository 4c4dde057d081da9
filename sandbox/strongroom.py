"""The command `strongroom` of a shell of the sandbox: it finds the files of stacks as they are now."""

import os
import runpy
from pathlib import Path

from .stacks import is_edited

_ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Copy the files of stacks anew if one was edited, and run the command."""
    if is_edited(_ROOT, Path(os.environ["STRONGROOM_WORKSPACE"])):
        # They take half a second to load.
        from .engine import Engine  # noqa: PLC0415
        from .progress import Reporter  # noqa: PLC0415
        from .running import Sandbox  # noqa: PLC0415

        reporter = Reporter()
        Engine(Sandbox(reporter), reporter).complete_files()
    runpy.run_module("strongroom", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
