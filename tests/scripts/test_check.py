"""The checks of `make check`."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

FORBIDDEN = {
    "strongroom/components/seeds.py": "strongroom.ops.errors",
    "strongroom/stacks/settings/seeds.py": "sandbox.errors",
    "strongroom/policy/rules/durations.py": "strongroom.components.seeds",
    "strongroom/ops/timestamps.py": "sandbox.errors",
    "sandbox/errors.py": "strongroom.stacks.settings.seeds",
    "scripts/progress.py": "strongroom.ops.errors",
    "strongroom/components/azure/types.py": "strongroom.components.vault.kv_paths",
    "strongroom/components/kubernetes/api.py": "strongroom.components.azure.types",
}
"""An import that each rule forbids, by the module that is given it."""


def test_every_import_rule_refuses_what_it_forbids(tmp_path: Path) -> None:
    modules = shutil.ignore_patterns("__pycache__", ".*", "modules", "checksums.txt", "*.json", "*.html")
    for package in (*PROJECT["root_packages"], "components", "ops", "policy", "stacks"):
        shutil.copytree(ROOT / package, tmp_path / package, symlinks=True, ignore=modules)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, module in FORBIDDEN.items():
        with (tmp_path / file).open("a") as source:
            source.write(f"\nimport {module}\n")

    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(lint, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"0 kept, {len(PROJECT['contracts'])} broken" in done.stdout, done.stdout
    for file, module in FORBIDDEN.items():
        importer = file.removesuffix(".py").replace("/", ".")
        assert f"{importer} -> {module} (l." in " ".join(done.stdout.split())
