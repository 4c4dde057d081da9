"""How many examples property tests try, and which."""

from hypothesis import HealthCheck, settings

SOAK = "soak"
settings.register_profile(SOAK, max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# What a change breaks has to fail where it is made: examples are the same each time, and `make soak` tries others.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")


def bounded(examples: int) -> settings:
    """A test's settings: as many `examples`, or with `--hypothesis-profile=soak` thousands."""
    return settings() if settings.get_current_profile_name() == SOAK else settings(max_examples=examples)
