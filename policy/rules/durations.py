"""Durations, as people read and write them."""

_DAYS_FROM = 72 * 3600


def format_duration(seconds: float) -> str:
    """Format seconds in hours, minutes and seconds: `48h`, `4h 1s`, and from three days on `9000h (375 days)`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    parts = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (whole % 60, "s")) if count]
    days = f" ({whole / 86400:.3g} days)" if whole >= _DAYS_FROM else ""
    return (" ".join(parts) or "0s") + days
