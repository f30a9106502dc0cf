"""Limits how many connections a listener may have, so that one listener never takes the descriptors that another needs.

If all places are taken, a newcomer gets the place of a client that keeps the gate waiting: first of one that has asked for
nothing, then of one that sends or receives slowly. So nobody can shut others out by holding connections open.
"""

from itertools import islice
from typing import NamedTuple, Protocol

MAX_EXAMINED = 64
"""How many connections are checked to find a place, so that a new connection never costs much."""
ADMIN_CONNECTIONS = range(16, 257)
MIN_MAIL_CONNECTIONS = 16
"""The fewest connections that the ports for mail get, however low the limit is."""
RESERVED_DESCRIPTORS = 64
"""The descriptors that are kept for the store, the log, files and the gate's own questions to others."""


class LimitedConnection(Protocol):
    """A connection, as far as its place is concerned (``connection.py``)."""

    @property
    def idle(self) -> bool:
        """Whether the client has no request open: it has sent none yet, or all of them are answered."""

    @property
    def waits(self) -> bool:
        """Whether its request waits for the client, which has to send or to receive."""

    def give_up(self) -> None:
        """Close the connection at once."""


class ConnectionLimit:
    def __init__(self, most: int) -> None:
        self.most = most
        self._held: dict[LimitedConnection, None] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(self, connection: LimitedConnection) -> bool:
        """Take a place for this connection. Returns False if there is none."""
        if len(self._held) >= self.most and not self._make_place():
            return False
        self._held[connection] = None
        return True

    def leave(self, connection: LimitedConnection) -> None:
        self._held.pop(connection, None)

    def _make_place(self) -> bool:
        """Close the oldest connection that is idle, or else the oldest that waits for its client. Returns whether there was
        one among the oldest ``MAX_EXAMINED``. If there was none, these are examined again only after all others."""
        oldest = list(islice(self._held, MAX_EXAMINED))
        found = next((each for each in oldest if each.idle), None) or next(
            (each for each in oldest if each.waits), None
        )
        if found is None:
            for each in oldest:
                self._held[each] = self._held.pop(each)
            return False
        self.leave(found)
        found.give_up()
        return True


class ConnectionShares(NamedTuple):
    """The number of connections that the admin port may have, and that all ports for mail together may have."""

    admin: int
    mail: int


def connection_shares(descriptors: int) -> ConnectionShares:
    """Divide this many descriptors. Each connection for mail may need a second one to the webmail."""
    admin = min(max(descriptors // 8, ADMIN_CONNECTIONS.start), ADMIN_CONNECTIONS.stop - 1)
    return ConnectionShares(
        admin, max((descriptors - RESERVED_DESCRIPTORS - admin) // 2, MIN_MAIL_CONNECTIONS)
    )
