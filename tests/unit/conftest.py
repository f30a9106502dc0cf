"""Unit tests reach no network: what they need of a connection is a fake transport."""

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def no_network():
    disable_socket(allow_unix_socket=True)  # an event loop wakes itself through a pair of them
    yield
    enable_socket()
