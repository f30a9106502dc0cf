"""What an error of a driver means for the store."""

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError

from mailgate.store.errors import WHAT_HELPS, DamagedStoreError, StoreUnavailableError, unavailable


class OfSqlite(sqlite3.DatabaseError):
    def __init__(self, code: int) -> None:
        super().__init__("it failed")
        self.sqlite_errorcode = code


class OfPostgresql(Exception):
    def __init__(self, state: str) -> None:
        super().__init__("it failed")
        self.sqlstate = state


@pytest.mark.parametrize(
    ("cause", "damaged"),
    [
        (OfSqlite(sqlite3.SQLITE_CORRUPT), True),
        (OfSqlite(sqlite3.SQLITE_CORRUPT | 1 << 8), True),
        (OfSqlite(sqlite3.SQLITE_NOTADB), True),
        (OfSqlite(sqlite3.SQLITE_FULL), False),
        (OfPostgresql("XX001"), True),
        (OfPostgresql("57P01"), False),
    ],
)
def test_only_damage_is_damage_and_says_what_helps(cause: BaseException, damaged: bool) -> None:
    error = unavailable(DBAPIError("SELECT 1", None, cause), "it failed")
    assert isinstance(error, StoreUnavailableError)
    assert isinstance(error, DamagedStoreError) is damaged
    assert str(error) == (f"it failed; {WHAT_HELPS}" if damaged else "it failed")


def test_an_error_that_no_driver_raised_is_no_damage() -> None:
    assert type(unavailable(TimeoutError(), "it failed")) is StoreUnavailableError
