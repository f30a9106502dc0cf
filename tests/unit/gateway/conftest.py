import pytest
from tests.unit.clock import Clock
from tests.unit.gateway.gates import NOW


@pytest.fixture
def clock():
    return Clock(NOW)
