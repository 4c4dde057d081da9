"""`make up` of a stack that is up already."""

import sys

from sandbox.engine import Engine
from sandbox.running import ROOT

from .figures import Figure
from .measure import Usage, measured
from .site import Site

_STACK = "local"


def warm(site: Site, rounds: int) -> list[Figure]:
    """`make up` of an unchanged stack, and its parts, against a bare `pulumi up` of it."""
    home = Engine(site.world, site.reporter).home
    python = [sys.executable, "-m"]
    commands = {
        "make up, nothing changed": ["make", "--old-file=.venv/.installed", "up", f"STACK={_STACK}"],
        "of which: servers looked after": [*python, "sandbox", "up"],
        "of which: the proof": [*python, "strongroom", "verify", "--stack", _STACK],
    }
    bare = [site.pulumi, "up", "--yes", "--skip-preview", "--stack", _STACK, "--cwd", str(home), "--non-interactive"]

    def run(command: list[str]) -> Usage:
        return measured(command, site.environment, ROOT, site.world.state / "warm.log")

    try:
        with site.reporter.step("make up"):
            run(commands["make up, nothing changed"])
        pairs: dict[str, list[tuple[Usage, Usage]]] = {what: [] for what in commands}
        with site.reporter.step("make up of an unchanged stack"):
            for _ in range(rounds):
                theirs = run(bare)
                for what, command in commands.items():
                    pairs[what].append((run(command), theirs))
    finally:
        run([*python, "sandbox", "destroy", "--stack", _STACK])
    return [
        Figure("e", what, "pulumi up, nothing changed", [ours for ours, _ in found], [theirs for _, theirs in found])
        for what, found in pairs.items()
    ]
