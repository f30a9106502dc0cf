"""Opens the store of the settings, for gates and commands alike."""

from pathlib import Path

from sqlalchemy.engine import URL

from mailgate.config import Settings
from mailgate.store import Store, StoreMissingError
from mailgate.store.store import spool_beside

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
