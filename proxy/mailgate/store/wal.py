"""What was deleted leaves the disk too: SQLite's log (``-wal``) keeps the pages from before until it is emptied.

In the file itself SQLite overwrites what is deleted (``PRAGMA secure_delete``), once the log is written back.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

_TRIES = 5
_PATIENCE = 1000
"""Milliseconds that a try waits for those who still read the log; whoever wants to write waits as long."""


def empty_log(path: Path) -> bool:
    """Write the log back and cut it off. False where somebody went on reading it, or the store is away. Blocks."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout={_PATIENCE}")
            return any(_emptied(connection) for _ in range(_TRIES))
    except sqlite3.Error:
        return False


def _emptied(connection: sqlite3.Connection) -> bool:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
