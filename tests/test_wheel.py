"""The wheel holds the whole library, under its own name, and declares what it needs."""

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import components

ROOT = Path(__file__).parents[1]

IMPORTS = """
import importlib.util, json, sys, strongroom
found = {name: getattr(strongroom, name).__module__ for name in strongroom.__all__}
strange = [name for name in ("components", "stacks", "ops", "sandbox") if importlib.util.find_spec(name)]
print(json.dumps({"at": strongroom.__file__, "found": found, "strange": strange}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the wheel puts into a directory of packages; built elsewhere, for a build leaves its traces."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "components", source / "components", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(source), str(source)], check=True)
    (wheel,) = source.glob("strongroom-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_every_public_name_is_there_without_the_repository(installed: Path, tmp_path: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(installed)!r})\n{IMPORTS}"
    ran = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert Path(told["at"]).is_relative_to(installed)
    assert set(told["found"]) == set(components.__all__)
    assert all(module.startswith("strongroom.") for module in told["found"].values())
    assert told["strange"] == []


def test_every_module_and_the_marker_of_types_are_in_it(installed: Path) -> None:
    of_a_directory = {Path("PulumiPlugin.yaml"), Path("requirements.txt")}
    assert files(installed / "strongroom") == files(ROOT / "components") - of_a_directory
    assert Path("py.typed") in files(installed / "strongroom")


def test_what_it_imports_is_what_it_requires(installed: Path) -> None:
    (metadata,) = installed.glob("*.dist-info")
    required = {canonicalize_name(Requirement(line).name) for line in PathDistribution(metadata).requires or ()}
    used: set[str] = set()
    for module in imported(installed / "strongroom"):
        name = {"yaml": "pyyaml"}.get(module) or canonicalize_name(module)
        (owner,) = sorted((own for own in required if name.startswith(own)), key=len)[-1:] or [module]
        used.add(owner)

    assert used == required


def files(package: Path) -> set[Path]:
    """What `package` is made of."""
    return {file.relative_to(package) for file in package.rglob("*.*") if "__pycache__" not in file.parts}


def imported(package: Path) -> set[str]:
    """The modules of others that `package` imports."""
    names: set[str] = set()
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module or "")
    return {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
