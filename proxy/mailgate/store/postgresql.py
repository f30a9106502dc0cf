"""Connections to PostgreSQL that end in time, whatever becomes of the server. An extra: only who uses it has psycopg."""

from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy.engine import URL

_GOODBYE = 0.3
"""Seconds to ask the server to drop a question that is given up."""
IDLE_SECONDS = 60
"""How long a transaction may stand still: a gate that was frozen in one holds its locks no longer."""
_LIMITS = {
    "connect_timeout": 5,  # seconds, for each address
    "keepalives_idle": 15,  # seconds; a server that is gone without a word is noticed after 45
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds until what was sent must have arrived
}


class HastyConnection(psycopg.AsyncConnection[Any]):
    """Is let go of as soon as a question on it is given up. psycopg would wait up to ten seconds for its end."""

    async def cancel_safe(self, *, timeout: float = _GOODBYE) -> None:
        """Ask the server to drop the question, for a moment, and close the connection."""
        try:
            with suppress(psycopg.Error):
                await super().cancel_safe(timeout=min(timeout, _GOODBYE))
        finally:
            self.pgconn.finish()


def limits(url: URL) -> dict[str, int]:
    """How long to wait for a server, as far as the address does not say it itself."""
    return {name: value for name, value in _LIMITS.items() if name not in url.query}
