"""`python -m tests.mutants`: try the mutants, and tell which test kills each. Exits with 1 where one lives."""

import argparse
import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .catalogue import MUTANTS
from .runner import Result, try_mutants


def main() -> int:
    """Try the mutants that are named, or all; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help="ids, or how they begin; all of them by default")
    parser.add_argument("--json", action="store_true", help="JSON for programs instead of a table")
    arguments = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not arguments.ids or mutant.id.startswith(tuple(arguments.ids))]
    if not chosen:
        parser.error(f"no mutant's id begins with {' or '.join(arguments.ids)}")
    results: list[Result] = []
    for result in try_mutants(chosen):
        results.append(result)
        print(f"{len(results)} of {len(chosen)}: {result.mutant} {result.outcome}", file=sys.stderr, flush=True)
    if arguments.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        show(results)
    return int(any(result.outcome != "killed" for result in results))


def show(results: list[Result]) -> None:
    """Print a table of `results`."""
    table = Table("Mutant", "Killed by", "Seconds")
    for result in results:
        table.add_row(
            result.mutant, result.killed_by or Text(result.outcome.upper(), "bold red"), f"{result.seconds:.1f}"
        )
    # Tests' ids have brackets.
    out = Console(markup=False, width=None if Console().is_terminal else 200)
    out.print(table)
    killed = sum(result.outcome == "killed" for result in results)
    out.print(f"{killed} of {len(results)} mutants killed")


if __name__ == "__main__":
    raise SystemExit(main())
