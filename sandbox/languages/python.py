"""Python's language host."""

import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pulumi.automation._server import LanguageServer

from .host import Host


class PythonHost(Host):
    """Runs Python by the interpreter that runs the sandbox."""

    def plugin(self, kind: str, directory: Path, arguments: Sequence[str]) -> list[str]:
        """A policy pack is run by the SDK, and gets its directory last; a component runs by itself."""
        if kind == "analyzer":
            return [sys.executable, "-u", "-m", "pulumi.policy", *arguments, str(directory)]
        return [sys.executable, "-u", str(directory), *arguments]

    def Run(self, request: Any, context: Any) -> Any:
        """Run a program to its end, as the Automation API runs one."""
        directory = Path(request.info.program_directory)
        os.chdir(directory)
        sys.path.insert(0, str(directory))
        request.args.insert(0, self.engine)

        def program() -> None:
            runpy.run_path(str(directory / request.info.entry_point), run_name="__main__")

        return LanguageServer(program).Run(request, context)
