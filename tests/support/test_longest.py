"""The order of the tests on servers."""

import pytest

from .longest import _LONGEST, find_unit
from .sandboxed import ROOT


@pytest.mark.parametrize(
    ("nodeid", "unit"),
    [
        ("tests/integration/test_check.py::test_a[x::y/z]", "tests/integration/test_check.py"),
        ("tests/conformance/test_switch.py::test_a[local]", "tests/conformance"),
    ],
)
def test_files_that_share_a_deployment_go_together(nodeid: str, unit: str) -> None:
    assert find_unit(nodeid) == unit


def test_what_takes_longest_is_there() -> None:
    assert [unit for unit in _LONGEST if not (ROOT / unit).exists()] == []
