"""The store that settings name, opened in one way by gates and commands."""

from pathlib import Path

from mailgate.config import Settings
from mailgate.store import Store, StoreMissingError

SPOOL = "var/spool"
"""Beside the settings: what a gate keeps there while a store that is no file is away."""


async def open_store(config: Path, settings: Settings, *, make: bool = False) -> Store:
    """The store of the settings at ``config``. Only a gate makes one. Raises StoreError."""
    url = settings.store.get_secret_value()
    try:
        return await Store.open(url, spool=spool_of(config, settings), make=make)
    except StoreMissingError as error:
        raise StoreMissingError(f"{error}, which {config} names; `mailgate run` makes it") from error


def spool_of(config: Path, settings: Settings) -> Path | None:
    """The folder that keeps what the store does not take; None for the one beside an SQLite file."""
    is_file = settings.store.get_secret_value().startswith("sqlite")
    return settings.spool or (None if is_file else config.absolute().parent / SPOOL)
