"""The only wiring: the parts of a gate are made and run here. What gates and commands alike begin with: the clock, which others are given,
and the store of the settings."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sqlalchemy.engine import URL

from mailgate.config import Settings
from mailgate.store import Store, StoreMissingError
from mailgate.store.store import spool_beside


def utc_now() -> datetime:
    return datetime.now(UTC)


@lru_cache(maxsize=64)
def moment_of(reading: float) -> datetime:
    """The time at which ``time.monotonic`` read this; the same however often it is asked for, also if the clock is set."""
    return utc_now() - timedelta(seconds=time.monotonic() - reading)


SPOOL = "var/spool"
"""The spool beside the settings, for a store that is no file."""


async def open_store(config: Path, settings: Settings, *, make: bool = False) -> Store:
    """Open the store of the settings at ``config``; only a gate lets it ``make`` a missing one. Raises StoreError."""
    url = settings.store.get_secret_value()
    try:
        return await Store.open(url, spool=spool_of(config, settings), make=make)
    except StoreMissingError as error:
        raise StoreMissingError(f"{error}, which {config} names; `mailgate run` makes it") from error


def spool_of(config: Path, settings: Settings) -> Path | None:
    """The folder of the spool; None for the one beside an SQLite file."""
    is_file = settings.store.get_secret_value().startswith("sqlite")
    return settings.spool or (None if is_file else config.absolute().parent / SPOOL)


def spool_folder(config: Path, settings: Settings, url: URL) -> Path:
    """The folder of the spool, wherever it is."""
    return spool_of(config, settings) or spool_beside(url)
