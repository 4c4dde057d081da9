"""A guard: no test and no fixture changes the environment of this process for others.

A proxy variable that one test leaves behind is heeded by every client, build and package manager of the tests after it,
and they fail far from the cause. A test hands an environment to the client that needs it, or changes its own by
`monkeypatch`.
"""

import os
from collections.abc import Generator, Mapping
from typing import Any

import pytest

_OF_PYTEST = (b"PYTEST_CURRENT_TEST", b"PYTEST_VERSION", b"PYTEST_XDIST_")
"""What pytest and its workers set themselves; the last is a prefix."""

_AT_START = pytest.StashKey[dict[bytes, bytes]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Note the environment that every test is to begin in."""
    session.config.stash[_AT_START] = _environment()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Fail a test that begins in another environment, and begin it in the right one."""
    names = _restore(item.config.stash[_AT_START])
    try:
        return (yield)
    finally:
        if names:
            pytest.fail(
                f"An import or a plugin changed environment variables before {item.nodeid} began: {names}. "
                "Change them in a test, by `monkeypatch`, or not at all.",
                pytrace=False,
            )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Fail a test that has left the environment changed, its fixtures' teardown included."""
    try:
        return (yield)
    finally:
        if names := _restore(item.config.stash[_AT_START]):
            pytest.fail(
                f"{item.nodeid} or one of its fixtures left environment variables changed: {names}. "
                "Change them by `monkeypatch`, which undoes it, or pass an environment to what needs it.",
                pytrace=False,
            )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Fail a fixture that changes the environment of more than one test, even if it undoes that in the end."""
    if fixturedef.scope == "function":
        return (yield)
    before = _environment()
    try:
        return (yield)
    finally:
        if names := _restore(before):
            pytest.fail(
                f"The fixture `{fixturedef.argname}` ({fixturedef.scope} scope, first used by {request.node.nodeid}) "
                f"changes environment variables for every test of that scope: {names}. "
                "Pass an environment to what needs it, or change it by `monkeypatch` in a fixture of function scope.",
                pytrace=False,
            )


def _environment() -> dict[bytes, bytes]:
    """Read the environment in bytes: it is read twice for each test, and decoding takes most of the time."""
    return {name: value for name, value in os.environb.items() if not name.startswith(_OF_PYTEST)}


def _restore(wanted: Mapping[bytes, bytes]) -> str:
    """Make the environment `wanted` again, and list the names, never the values, of what differed."""
    found = _environment()
    differing = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    for name in differing:
        if name in wanted:
            os.environb[name] = wanted[name]
        else:
            del os.environb[name]
    return ", ".join(map(os.fsdecode, differing))
