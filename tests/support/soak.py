"""How many examples property tests try, and which; and which cases of a long series `make test` runs."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

SOAK = "soak"
settings.register_profile(SOAK, max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# What a change breaks has to fail where it is made: examples are the same each time, and `make soak` tries others.
settings.register_profile(
    "same", max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")


def bounded(examples: int) -> settings:
    """A test's settings: as many `examples`, or with `--hypothesis-profile=soak` thousands."""
    return settings() if settings.get_current_profile_name() == SOAK else settings(max_examples=examples)


def sampled(cases: Sequence[Any], count: int) -> list[Any]:
    """Mark all but `count` of a test's `cases` for `make soak`: the same each time, drawn from the whole series."""
    kept = set(random.Random(len(cases)).sample(range(len(cases)), count))  # noqa: S311 - to be repeated
    return [
        case
        if number in kept
        else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.soak)
        for number, case in enumerate(cases)
    ]
