"""Lint, format, types, imports and links: all of them run, also when one finds something."""

import subprocess
import sys
from pathlib import Path

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("pyright",),
    ("lint-imports", "--no-cache", "--no-logo"),
    ("python", "-m", "scripts.links"),
)
"""The checks, by the programs that stand beside this Python."""


def main() -> None:
    """Run the checks, and exit with 1 unless all pass."""
    failed = False
    programs = Path(sys.executable).parent
    for program, *arguments in CHECKS:
        print(f"{program} {' '.join(arguments)}".rstrip(), flush=True)
        failed |= subprocess.run([str(programs / program), *arguments], check=False).returncode != 0
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
