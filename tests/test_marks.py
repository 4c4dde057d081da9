"""Which tests run is decided by their marks."""

import pytest

from tests import conftest


@pytest.mark.parametrize("mark", ["integration", "soak"])
def test_a_test_among_those_on_servers_has_a_mark(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    # That plugin collects garbage, which takes a second in a process that has run other tests.
    pytester.makeini("[pytest]\naddopts = -p no:unraisableexception")
    marked, unmarked = pytester.getitems(
        f"import pytest\n@pytest.mark.{mark}\ndef test_marked(): pass\ndef test_unmarked(): pass"
    )
    monkeypatch.setattr(conftest, "_ON_SERVERS", {marked.path.parent})
    config = pytester.parseconfig("-m", "soak")

    conftest.pytest_collection_modifyitems(config, [marked])
    with pytest.raises(pytest.UsageError, match="::test_unmarked has neither the mark `integration` nor `soak`"):
        conftest.pytest_collection_modifyitems(config, [marked, unmarked])
