"""The order of the tests on servers: what takes longest begins first, or it runs alone in the end."""

from typing import Any

import pytest

_TOGETHER = ("tests/conformance",)
"""Folders whose files share deployments: each worker that had one of the files would make them anew."""

_LONGEST = (
    "tests/integration/test_secrecy.py",
    "tests/integration/test_local_azure.py",
    "tests/integration/node/test_pods.py",
    "tests/conformance",
    "tests/integration/test_faults.py",
    "tests/integration/test_examples.py",
    "tests/integration/test_render.py",
    "tests/integration/test_provider_lives.py",
    "tests/integration/test_providers.py",
    "tests/integration/test_preview.py",
    "tests/integration/test_local_stack.py",
    "tests/integration/test_bootstrap.py",
    "tests/integration/test_vault_server.py",
    "tests/integration/test_next_steps.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest units first."""
    ranks = {name: rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(find_unit(item.nodeid), len(ranks)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Have one worker run all tests of a unit."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - the other tests do without

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return find_unit(nodeid)

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def find_unit(nodeid: str) -> str:
    """Find what a test is run with: all of its file, or of its folder."""
    file = nodeid.partition("::")[0]
    folder = file.rpartition("/")[0]
    return folder if folder in _TOGETHER else file
