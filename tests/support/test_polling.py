import pytest

from tests.support.polling import poll_until


def test_the_first_true_answer_is_returned() -> None:
    answers = iter([None, 0, "", "there", "later"])

    assert poll_until(lambda: next(answers)) == "there"


def test_an_error_counts_as_no_answer_where_it_is_expected_alone() -> None:
    attempts = iter([OSError("busy"), "there"])

    def ask() -> object:
        answer = next(attempts)
        if isinstance(answer, OSError):
            raise answer
        return answer

    with pytest.raises(OSError, match="busy"):
        poll_until(ask)
    attempts = iter([OSError("busy"), "there"])
    assert poll_until(ask, ignored=(OSError,)) == "there"


def test_a_wait_that_is_over_shows_the_last_answer_and_the_last_error() -> None:
    with pytest.raises(AssertionError, match=r"not within 0 s; the last answer was \[\]"):
        poll_until(list, 0)

    with pytest.raises(AssertionError) as raised:
        poll_until(lambda: 1 // 0, 0, ignored=(ZeroDivisionError,))
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
