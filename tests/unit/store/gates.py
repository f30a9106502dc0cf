"""Several gates on one store."""

from collections.abc import AsyncIterator

import pytest

from mailgate.store import Store


@pytest.fixture
async def other_gates(store: Store, url: str) -> AsyncIterator[list[Store]]:
    """The store as three more processes have it open."""
    gates = [await Store.open(url) for _ in range(3)]
    yield gates
    for gate in gates:
        await gate.close()
