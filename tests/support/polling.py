"""A bounded wait for what servers and controllers do in their own time."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def poll_until(ask: Callable[[], Answer], seconds: float = 20, *, ignored: tuple[type[Exception], ...] = ()) -> Answer:
    """Return the first answer of `ask` that is true.

    :param ask: Asked again and again, at short intervals.
    :param seconds: After how many the wait is over.
    :param ignored: Errors of `ask` that count as no answer.
    :raises AssertionError: No answer was true in time; it shows the last one, or has the last error as its cause.
    """
    end = time.monotonic() + seconds
    while True:
        answer: Answer | None = None
        cause: Exception | None = None
        try:
            if answer := ask():
                return answer
        except ignored as error:
            cause = error
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s; the last answer was {answer!r}") from cause
        time.sleep(0.05)
