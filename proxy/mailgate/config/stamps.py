"""Whether a file still holds what was read from it."""

from pathlib import Path

Stamp = tuple[int, int, int]
"""Inode, time of the last change in nanoseconds, and size."""


def stamp_of(path: Path) -> Stamp | None:
    """What differs between two contents of a file; None where it cannot be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
