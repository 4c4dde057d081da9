"""Tests that several processes share."""

from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_OPTIONS = ("-p", "tests.support.processes", "--processes", "3", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin is found."""
    monkeypatch.setenv("PYTHONPATH", str(_ROOT))


def run(pytester: pytest.Pytester, **files: str) -> pytest.RunResult:
    """Run the files in three processes."""
    pytester.makepyfile(**files)
    return pytester.runpytest_subprocess(*_OPTIONS)


def test_each_test_runs_once_and_what_failed_anywhere_is_shown(pytester: pytest.Pytester) -> None:
    text = """
        import os
        import pytest

        @pytest.fixture(scope="module")
        def opened(tmp_path_factory):
            yield tmp_path_factory.mktemp("opened")

        @pytest.mark.parametrize("number", range(90))
        def test_one(number, opened, tmp_path):
            print(f"in {os.getpid()}")
            with open(os.environ["RAN"], "a") as ran:
                ran.write(f"{os.getpid()} {__name__} {number}\\n")
            assert number != 41
    """
    ran = pytester.path / "ran"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAN", str(ran))
        result = run(
            pytester,
            test_a=text,
            test_b=text,
            test_c="import pytest\n@pytest.fixture\ndef bad(): 1 / 0\n"
            "def test_error(bad): pass\ndef test_skipped(): pytest.skip('why')",
        )

    result.assert_outcomes(passed=178, failed=2, errors=1, skipped=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines_random(["FAILED test_a.py::test_one*41*", "FAILED test_b.py::test_one*41*"])
    lines = [line.split(" ") for line in ran.read_text().splitlines()]
    assert len({(module, number) for _, module, number in lines}) == len(lines) == 180
    assert len({process for process, _, _ in lines}) > 1


def test_a_process_that_dies_fails_the_run_and_is_named(pytester: pytest.Pytester) -> None:
    dies = """
        import os
        import time
        import pytest

        first = os.getpid()

        @pytest.mark.parametrize("number", range(9))
        def test_one(number):
            time.sleep(0.02)
            if os.getpid() != first:
                os._exit(3)
    """
    result = run(pytester, test_a=dies, test_b=dies, test_c=dies)

    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*a process died; it ran test_?.py::test_one*"])
