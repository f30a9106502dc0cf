"""A database that does not answer."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Never

import pytest

from mailgate.store import Store, StoreUnavailableError
from mailgate.store.database import Database


async def away(*_asked: object, **_named: object) -> Never:
    """Fail like a call of the store when the database does not answer."""
    raise StoreUnavailableError("the store does not answer")


def cut_off(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every transaction fail as when the database does not answer."""

    @asynccontextmanager
    async def no_connection(_self: Database, timeout_seconds: float = 0) -> AsyncIterator[None]:
        raise StoreUnavailableError("the store does not answer")
        yield

    monkeypatch.setattr(Database, "ask", away)
    monkeypatch.setattr(Database, "reading", no_connection)
    monkeypatch.setattr(Database, "writing", no_connection)


@contextmanager
def outage(store: Store) -> Iterator[None]:
    """The database does not answer while the body runs."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        cut_off(store, monkeypatch)
        yield
