"""A database that is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mailgate.store import Store, StoreUnavailableError
from mailgate.store.database import Database


def cut_off(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every transaction fail as it does when the database is away."""

    @asynccontextmanager
    async def away(_self: Database, timeout_seconds: float = 0) -> AsyncIterator[None]:
        raise StoreUnavailableError("the store does not answer")
        yield

    async def silent(_self: Database, *_asked: object) -> None:
        raise StoreUnavailableError("the store does not answer")

    monkeypatch.setattr(Database, "ask", silent)
    monkeypatch.setattr(Database, "reading", away)
    monkeypatch.setattr(Database, "writing", away)
