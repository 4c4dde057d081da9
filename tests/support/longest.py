"""The order of the test files on servers: those that take longest begin first, or the last one runs alone."""

import pytest

_LONGEST = (
    "test_local_azure.py",
    "test_pods.py",
    "test_secrecy.py",
    "test_faults.py",
    "test_examples.py",
    "test_render.py",
    "test_provider_lives.py",
    "test_behaviour.py",
    "test_providers.py",
    "test_isolation.py",
    "test_preview.py",
    "test_local_stack.py",
    "test_bootstrap.py",
    "test_benchmarks.py",
    "test_vault_server.py",
    "test_next_steps.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first."""
    ranks = {name: rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))
