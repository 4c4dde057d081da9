"""How many examples property tests try."""

from hypothesis import HealthCheck, settings

SOAK = "soak"
settings.register_profile(SOAK, max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def bounded(examples: int) -> settings:
    """A test's settings: as many `examples`, the same each time, or with `--hypothesis-profile=soak` thousands, others
    each time."""
    if settings.get_current_profile_name() == SOAK:
        return settings()
    return settings(
        max_examples=examples, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
