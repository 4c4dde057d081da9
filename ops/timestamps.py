"""Moments, as servers write them."""

from datetime import UTC, datetime


def parse_time(text: object) -> datetime | None:
    """Parse a moment as servers write it; `None` if it is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def format_time(moment: datetime) -> str:
    """Format a moment as servers do, e.g. `2026-01-01T00:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
