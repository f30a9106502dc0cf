"""The errors of a store that does not answer, is missing, older or damaged."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from mailgate.errors import MailgateError

_DAMAGED = ("XX001", "XX002")
"""PostgreSQL's SQLSTATEs for damaged files and indexes (its manual, appendix A)."""
WHAT_HELPS = "stop every gate, move the store away and restore a backup, as docs/recover.md says"
"""The advice for a damaged store."""


class StoreError(MailgateError):
    """The store cannot be used as it is; a person has to act."""


class StoreUnavailableError(StoreError):
    """The store does not answer now. The same call may succeed later."""


class DamagedStoreError(StoreUnavailableError):
    """The files of the database are damaged or incomplete. Waiting does not help, so the text says what does."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"{fault}; {WHAT_HELPS}")
        self.fault = fault


class StoreMissingError(StoreError):
    """There is no store yet, and only a gate creates one."""


class OlderStoreError(StoreError):
    """The store is of an earlier release, and only a gate upgrades it."""


def unavailable(error: BaseException, message: str) -> StoreUnavailableError:
    return DamagedStoreError(message) if _is_damage(error) else StoreUnavailableError(message)


def _is_damage(error: BaseException) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else None
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the upper bits only give details
    return (
        code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or getattr(cause, "sqlstate", "") in _DAMAGED
    )
