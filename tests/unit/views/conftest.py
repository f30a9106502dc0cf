"""A store of its own for every test, as for the tests of rollout."""

from tests.unit.rollout.conftest import store, url

__all__ = ["store", "url"]
