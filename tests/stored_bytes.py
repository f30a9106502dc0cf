"""What a store left on the disk, for tests that look for what must not be there."""

from pathlib import Path

__all__ = ["stored_bytes"]


def stored_bytes(directory: Path, name: str = "mailgate.db") -> bytes:
    """All that a store named `name` wrote below `directory`: the database, its journals, and each file of its spool.

    Raises:
        AssertionError: nothing was stored, so that a search in it would prove nothing.
    """
    held = [
        path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and any(part.startswith(name) for part in path.relative_to(directory).parts)
    ]
    assert any(held), f"nothing named {name} was stored in {directory}"
    return b"".join(held)
