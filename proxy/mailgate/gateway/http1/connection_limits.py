"""How many connections a listener may have, so that one never takes the descriptors that another needs.

Where all places are taken a newcomer gets that of somebody who keeps the gate waiting: first of one who has asked for nothing,
then of one who sends, or takes, only slowly. Whoever holds connections open shuts nobody out with that.
"""

from itertools import islice
from typing import NamedTuple, Protocol

LOOKED_AT = 64
"""Connections that are looked at for a place: a crowd must not make each newcomer dear."""
ADMIN = range(16, 257)
MAIL = 16
"""The fewest connections at the ports for mail, however low the limit is."""
KEPT = 64
"""Descriptors for the store, the log, files and what the gate asks of others."""


class Held(Protocol):
    """A connection, as far as its place goes (``connection.py``)."""

    @property
    def idle(self) -> bool:
        """Whether it has asked for nothing yet, or for nothing more."""

    @property
    def waits(self) -> bool:
        """Whether what it asked for waits for its client, to send or to take."""

    def give_up(self) -> None:
        """End at once."""


class Room:
    """Places for ``most`` connections."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._held: dict[Held, None] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(self, connection: Held) -> bool:
        """Whether there is a place for this one."""
        if len(self._held) >= self.most and not self._make_place():
            return False
        self._held[connection] = None
        return True

    def leave(self, connection: Held) -> None:
        self._held.pop(connection, None)

    def _make_place(self) -> bool:
        """End the oldest that waits; those that do not are not looked at again before the others were."""
        oldest = list(islice(self._held, LOOKED_AT))
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


class Shares(NamedTuple):
    """How many connections there may be at the admin port, and at all ports for mail together."""

    admin: int
    mail: int


def shares_of(descriptors: int) -> Shares:
    """What becomes of so many descriptors: each connection for mail may need another one to the webmail."""
    admin = min(max(descriptors // 8, ADMIN.start), ADMIN.stop - 1)
    return Shares(admin, max((descriptors - KEPT - admin) // 2, MAIL))
