"""The only wiring: the parts of a gate are made and run here, and here is its clock, which others are given."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

utc_now = partial(datetime.now, UTC)


@lru_cache(maxsize=64)
def moment_of(reading: float) -> datetime:
    """The time at which ``time.monotonic`` read this; the same however often it is asked for, also if the clock is set."""
    return utc_now() - timedelta(seconds=time.monotonic() - reading)
