"""The checks of `make check`."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

FORBIDDEN = {
    "components/seeds.py": "ops.errors",
    "stacks/settings/seeds.py": "sandbox.errors",
    "policy/rules/durations.py": "components.seeds",
    "ops/timestamps.py": "sandbox.errors",
    "sandbox/errors.py": "stacks.settings.seeds",
    "scripts/progress.py": "ops.errors",
    "components/azure/types.py": "components.vault.kv_paths",
    "components/kubernetes/api.py": "components.azure.types",
}
"""An import that each rule forbids, by the module that is given it."""


def test_every_import_rule_refuses_what_it_forbids(tmp_path: Path) -> None:
    modules = shutil.ignore_patterns("__pycache__", ".*", "modules", "checksums.txt", "*.json", "*.html")
    for package in PROJECT["root_packages"]:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=modules)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, module in FORBIDDEN.items():
        with (tmp_path / file).open("a") as source:
            source.write(f"\nimport {module}\n")

    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(lint, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"0 kept, {len(PROJECT['contracts'])} broken" in done.stdout, done.stdout
    for file, module in FORBIDDEN.items():
        assert f"{file.removesuffix('.py').replace('/', '.')} -> {module} (l." in done.stdout
