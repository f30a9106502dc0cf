"""How long to wait before a question is asked again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST = 1.0
"""Seconds before the second time."""
MOST = 300.0
"""Seconds that are ever waited for one answer, whatever the server asks for."""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that ``Retry-After`` asks for (RFC 9110, section 10.2.3: a number or a date); None without one."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said[:9]), MOST)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return min(max((until - now).total_seconds(), 0.0), MOST)


def backoff(attempt: int, chance: float) -> float:
    """Seconds before the attempt after ``attempt`` (from 0): doubled each time, of which half is left to chance."""
    return min(FIRST * 2.0**attempt, MOST) * (0.5 + chance / 2)
