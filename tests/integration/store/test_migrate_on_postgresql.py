"""The migrations on PostgreSQL: the same tests as on SQLite, each from a database without a table."""

from collections.abc import Iterator

import pytest
from tests.integration.store.conftest import Databases
from tests.unit.store.test_migrate import *  # noqa: F403


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    with databases.new(like="template1") as address:
        yield address
