"""The guard of the environment, on tests that change it."""

import os
from pathlib import Path

import pytest

CANARY = "canary-41bb"
CHANGE = f"os.environ['LEFT'] = '{CANARY}'"
USED = "def test_that_uses_it(it): pass\ndef test_that_does_not(): assert 'LEFT' not in os.environ"


def fixture(scope: str, *lines: str, after: str = "pass") -> str:
    body = "".join(f"    {line}\n" for line in (*lines, "yield", after))
    return f"@pytest.fixture(scope={scope!r})\ndef it():\n{body}{USED}"


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture
def outcome(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> "Outcome":
    monkeypatch.setenv("GIVEN", CANARY)
    return Outcome(pytester)


class Outcome:
    """Runs tests under the guard."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester

    def of(self, text: str) -> tuple[dict[str, int], str]:
        """The outcomes of the tests in `text`, and what was printed."""
        self._pytester.makepyfile(f"import os\nimport pytest\n{text}")
        before = environment()
        ran = self._pytester.runpytest_inprocess(
            "-p", "tests.support.environment", "-p", "no:hypothesispytest", "-p", "no:unraisableexception"
        )
        assert environment() == before
        said = ran.stdout.str()
        # A failure shows the lines of the test; what the guard says shows no value.
        assert not any(CANARY in line for line in said.splitlines() if "environment variables" in line)
        return ran.parseoutcomes(), said


@pytest.mark.parametrize(
    ("change", "name"), [(CHANGE, "LEFT"), ("del os.environ['GIVEN']", "GIVEN"), ("os.environ['GIVEN'] = '2'", "GIVEN")]
)
def test_a_test_that_leaves_a_variable_changed_fails_and_the_next_one_does_not(
    outcome: Outcome, change: str, name: str
) -> None:
    reported, said = outcome.of(f"def test_a(): {change}\ndef test_b(): pass")

    assert reported == {"passed": 2, "errors": 1}
    assert f"::test_a or one of its fixtures left environment variables changed: {name}. " in said


def test_a_test_may_change_its_own_environment(outcome: Outcome) -> None:
    reported, _ = outcome.of("def test_a(monkeypatch): monkeypatch.setenv('LEFT', '1'); monkeypatch.delenv('GIVEN')")

    assert reported == {"passed": 1}


def test_a_fixture_of_one_test_may_change_what_it_restores(outcome: Outcome) -> None:
    reported, _ = outcome.of(fixture("function", CHANGE, after="del os.environ['LEFT']"))

    assert reported == {"passed": 2}


def test_a_fixture_of_one_test_that_restores_nothing_fails_it(outcome: Outcome) -> None:
    reported, said = outcome.of(fixture("function", CHANGE))

    assert reported == {"passed": 2, "errors": 1}
    assert "::test_that_uses_it or one of its fixtures left environment variables changed: LEFT. " in said


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
@pytest.mark.parametrize("after", ["pass", "os.environ.pop('LEFT', None)"])
def test_a_fixture_of_several_tests_fails_even_where_it_restores_all(outcome: Outcome, scope: str, after: str) -> None:
    reported, said = outcome.of(fixture(scope, CHANGE, after=after))

    assert reported == {"passed": 1, "errors": 1}
    assert f"The fixture `it` ({scope} scope, first used by " in said
    assert "changes environment variables for every test of that scope: LEFT. " in said


def test_a_fixture_of_several_tests_is_held_to_it_in_its_teardown_too(outcome: Outcome) -> None:
    reported, said = outcome.of(fixture("module", after=CHANGE))

    assert reported == {"passed": 2, "errors": 1}
    assert "left environment variables changed: LEFT. " in said


def test_an_import_that_changes_it_is_reported_by_the_first_test(outcome: Outcome) -> None:
    reported, said = outcome.of(f"{CHANGE}\ndef test_a(): pass\ndef test_b(): pass")

    assert reported == {"passed": 1, "errors": 1}
    assert "An import or a plugin changed environment variables before " in said


def test_the_error_of_a_teardown_is_shown_beside(outcome: Outcome) -> None:
    reported, said = outcome.of(fixture("function", CHANGE, after="raise ValueError('of the teardown')"))

    assert reported == {"passed": 2, "errors": 1}
    assert "of the teardown" in said
    assert "left environment variables changed: LEFT. " in said


def test_all_tests_here_are_guarded(request: pytest.FixtureRequest) -> None:
    guard = request.config.pluginmanager.get_plugin("tests.support.environment")

    assert guard is not None
    assert Path(guard.__file__) == Path(__file__).with_name("environment.py")
