"""Importing Strongroom in a new process."""

import os
import sys

from sandbox.running import ROOT

from .figures import Figure
from .measure import Usage, measured

_ROUNDS = 10


def importing() -> Figure:
    """`import strongroom` against `import pulumi`, each in a process that has imported nothing yet."""

    def imported(module: str) -> Usage:
        return measured([sys.executable, "-c", f"import {module}"], os.environ, ROOT)

    pairs = [(imported("strongroom"), imported("pulumi")) for _ in range(_ROUNDS)]
    return Figure(
        "c", "import strongroom", "import pulumi", [ours for ours, _ in pairs], [theirs for _, theirs in pairs]
    )
