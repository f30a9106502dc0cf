"""Empties SQLite's log (``-wal``), since it may hold pages with deleted data until then.

In the file itself SQLite overwrites deleted data (``PRAGMA secure_delete``) once the log is written back.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

_TRIES = 5
_BUSY_TIMEOUT_MS = 1000
"""How many milliseconds a try waits for readers of the log. Writers wait as long."""


def empty_log(path: Path) -> bool:
    """Write the log back and truncate it. Returns False if the log is still being read or the store cannot be reached.
    Blocks."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
            return any(_emptied(connection) for _ in range(_TRIES))
    except sqlite3.Error:
        return False


def _emptied(connection: sqlite3.Connection) -> bool:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
