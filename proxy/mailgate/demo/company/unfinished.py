"""A mark in the folder of a demo while its company is being made, so that half a company is never shown.

If the making is interrupted, by Ctrl-C or by a power cut, the mark stays, and the next start makes the company again.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailgate.atomic_files import write_atomically
from mailgate.errors import MailgateError

MARK = "company.unfinished"
DATABASE = "mailgate.db"
"""The store of a demo without another one."""


class HalfMadeError(MailgateError):
    """A store that is not the demo's own holds half of a company."""


@contextmanager
def mark_unfinished(directory: Path, people: int, store: str) -> Iterator[None]:
    """Mark the company of this folder as unfinished until the body ends well. ``store``: its URL; empty for the demo's own."""
    mark = directory / MARK
    write_atomically(mark, json.dumps({"people": people, "own": not store}) + "\n")
    yield
    mark.unlink()


def clear_half_made(directory: Path, store: str) -> int | None:
    """Delete half of a company, so that it can be made again. Returns how many people it was to have; None if there is
    none.

    Only the demo's own store is ever deleted. Raises HalfMadeError if the half is in another store, or OSError.
    """
    mark = directory / MARK
    if not mark.exists():
        return None
    begun = json.loads(mark.read_text("utf-8"))
    if begun["own"] != (not store):
        return None
    if store:
        raise HalfMadeError(
            f"the store holds a company that was not finished: empty it and delete {mark}, or give another --store and --directory"
        )
    for suffix in ("", "-wal", "-shm"):
        (directory / f"{DATABASE}{suffix}").unlink(missing_ok=True)
    mark.unlink()
    return int(begun["people"])
