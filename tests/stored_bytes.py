"""The bytes of a store on the disk, for tests that search for data that must not be there."""

from pathlib import Path

__all__ = ["stored_bytes"]


def stored_bytes(directory: Path, name: str = "mailgate.db") -> bytes:
    """Everything that a store named `name` wrote below `directory`: the database, its journals, and its spool.

    Raises:
        AssertionError: nothing was stored, so a search would prove nothing.
    """
    held = [
        path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and any(part.startswith(name) for part in path.relative_to(directory).parts)
    ]
    assert any(held), f"nothing named {name} was stored in {directory}"
    return b"".join(held)
