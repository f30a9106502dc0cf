"""Several gates on one store."""

from collections.abc import AsyncIterator

import pytest

from mailgate.store import Store


@pytest.fixture
async def other_gates(store: Store, url: str) -> AsyncIterator[list[Store]]:
    """The store, opened three more times as by other processes."""
    gates = [Store.beside(url) for _ in range(3)]
    yield gates
    for gate in gates:
        await gate.close()
