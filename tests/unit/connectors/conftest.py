"""Fixtures for runs of connectors."""

import pytest
from tests.unit.clock import Clock
from tests.unit.connectors.around import NOW
from tests.unit.connectors.run_store import RunStore


@pytest.fixture
def clock():
    return Clock(NOW)


@pytest.fixture
def run_store():
    return RunStore()
