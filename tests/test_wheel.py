"""The wheel holds the whole library, under its own name, and declares what it needs."""

import ast
import importlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.lock import names as locked

ROOT = Path(__file__).parents[1]

OF_THE_REPOSITORY = {"components", "ops", "policy", "sandbox", "scripts", "stacks"}
"""Its folders, which no wheel has by these names."""


NAMES = {"google": "protobuf", "grpc": "grpcio", "jwt": "pyjwt", "yaml": "pyyaml"}
"""Packages by the names of their modules, where those differ."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the wheel puts into a directory of packages; built elsewhere, for a build leaves its traces."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("strongroom", "components", "ops", "policy", "stacks"):
        ignored = shutil.ignore_patterns("__pycache__", ".venv")
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
    # What pip calls, in half of pip's time.
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, check=True)
    (wheel,) = source.glob("strongroom-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.fixture
def strongroom(installed: Path) -> Iterator[Any]:
    """The library as it is installed: what imports a package of the repository fails.

    It is loaded here, where the SDKs are loaded already: those alone would take another process seconds.
    """
    gone = {*OF_THE_REPOSITORY, "strongroom"}
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in gone}
    for name in kept:
        del sys.modules[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(installed), *sys.path])
        patch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
        try:
            yield importlib.import_module("strongroom")
        finally:
            for name in [name for name in sys.modules if name.partition(".")[0] == "strongroom"]:
                del sys.modules[name]
            sys.modules.update(kept)


class Refusing(MetaPathFinder):
    """Finds nothing of the repository."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        """Refuse a package of the repository, and leave others to others."""
        if fullname.partition(".")[0] in OF_THE_REPOSITORY:
            raise ModuleNotFoundError(f"{fullname} is in no wheel", name=fullname)


def test_every_public_name_is_there_without_the_repository(installed: Path, strongroom: Any) -> None:
    found = {name: getattr(strongroom, name).__module__ for name in strongroom.__all__}

    assert Path(strongroom.__file__).is_relative_to(installed)
    assert set(found) == set(strongroom.__all__)
    assert all(module.split(".")[0] == "strongroom" for module in found.values())
    assert not any(name.partition(".")[0] in OF_THE_REPOSITORY for name in sys.modules)


def test_every_module_and_the_marker_of_types_are_in_it(installed: Path) -> None:
    not_installed = {"PulumiPlugin.yaml", "requirements.txt", "requirements-azure.txt"}
    found = {file for file in files(ROOT / "strongroom") if file.name not in not_installed}
    assert files(installed / "strongroom") == {
        file for file in found if file.parts[0] != "stacks" or file.suffix == ".py"
    }
    assert Path("py.typed") in files(installed / "strongroom")


def test_what_it_imports_is_what_it_requires(installed: Path) -> None:
    (metadata,) = installed.glob("*.dist-info")
    required = {canonicalize_name(Requirement(line).name) for line in PathDistribution(metadata).requires or ()}
    used: set[str] = set()
    for module in imported(installed / "strongroom"):
        name = NAMES.get(module.partition(".")[0]) or canonicalize_name(module)
        (owner,) = sorted((own for own in required if name.startswith(own)), key=len)[-1:] or [module]
        used.add(owner)

    assert used == required


@pytest.mark.parametrize("place", ["wheel", "plugin"])
def test_who_uses_vault_alone_needs_nothing_of_azure(installed: Path, place: str) -> None:
    """Pulumi's own Python host downloads the plugin of every provider package that it finds installed."""
    (metadata,) = installed.glob("*.dist-info")
    required = [Requirement(line) for line in PathDistribution(metadata).requires or ()]
    base = {each.name for each in required if each.marker is None or each.marker.evaluate({"extra": ""})}
    if place == "plugin":
        base = set(locked(ROOT / "components" / "requirements.txt"))

    assert {"pulumi-vault", "pulumi-kubernetes", "hvac"} <= base
    assert not {name for name in base if "azure" in name}
    with_azure = set(locked(ROOT / "components" / "requirements-azure.txt"))
    assert with_azure > set(locked(ROOT / "components" / "requirements.txt"))
    assert {"pulumi-azure-native", "azure-identity"} <= with_azure


def files(package: Path) -> set[Path]:
    """What `package` is made of."""
    found = (Path(folder) / name for folder, _, names in os.walk(package, followlinks=True) for name in names)
    return {file.relative_to(package) for file in found if not {"__pycache__", ".venv"} & {*file.parts}}


def imported(package: Path) -> set[str]:
    """The modules of others that `package` imports."""
    names: set[str] = set()
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module or "")
    return {name for name in names if name.partition(".")[0] not in {*sys.stdlib_module_names, "strongroom", "rules"}}
