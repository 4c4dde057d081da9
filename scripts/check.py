"""Lint, format and types: all of them run, also when one finds something."""

import subprocess
import sys

CHECKS = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("pyright",))


def main() -> None:
    """Run the checks, and exit with 1 unless all pass."""
    failed = False
    for module, *arguments in CHECKS:
        print(f"{module} {' '.join(arguments)}".rstrip(), flush=True)
        failed |= subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode != 0
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
