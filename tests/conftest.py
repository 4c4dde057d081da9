"""What every test may use."""

import gc
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.recording import Declare

pytest_plugins = [
    "pytester",
    "tests.support.environment",
    "tests.support.longest",
    "tests.support.processes",
    "tests.support.sandboxed",
]


def pytest_configure(config: pytest.Config) -> None:
    """Collect garbage seldom: with 700 objects, Python's default, that was a sixth of the unit tests' time."""
    gc.set_threshold(50_000)
    # What hands tests out to workers runs none, and they wait for it: it loads no Hypothesis but to check a profile.
    if not config.getoption("numprocesses", None) or config.getoption("--hypothesis-profile"):
        import_module("tests.support.soak")


def pytest_collection_finish() -> None:
    """Never look for garbage among the modules."""
    gc.freeze()


_MARK = "pytest.mark.integration"
_ON_SERVERS = {Path(__file__).with_name(folder) for folder in ("conformance", "integration", "mutations")}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip what has no test to run: each worker would import it."""
    match config.option.markexpr:
        case "not integration" if collection_path in _ON_SERVERS:
            return True
        case "integration" if collection_path.match("test_*.py") and not _ON_SERVERS & {*collection_path.parents}:
            return _MARK not in collection_path.read_text() or None
        case _:
            return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes an hour, unless it is asked for by its mark."""
    for item in items:
        if _ON_SERVERS & {*item.path.parents} and not {"integration", "soak"} & {
            mark.name for mark in item.iter_markers()
        }:
            raise pytest.UsageError(
                f"{item.nodeid} has neither the mark `integration` nor `soak`, and `make unit` skips its folder. "
                "Mark it, or move it to another folder."
            )
    if "soak" not in config.option.markexpr:
        omitted = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=omitted)
        items[:] = [item for item in items if item not in omitted]


@pytest.fixture(name="declare")
def declare_on_recorder() -> "Declare":
    """Run a program to its end on a recording engine, and give back what it declared."""
    from tests.support.recording import declare  # noqa: PLC0415 - the process that hands tests out has no use for Pulumi

    return declare
