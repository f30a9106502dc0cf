"""Remembers of which people no phone came that nobody has reported, while that is followed. Most people have none, and a look for
one reads everything that is recorded about them."""

from collections.abc import Sequence
from datetime import datetime

from cachetools import LRUCache

from mailgate.devices.device import Device
from mailgate.devices.names import EAS
from mailgate.store.changes import ChangeWatch, ReadMark
from mailgate.store.person_records import People, UnreportedPhone

MAX_PEOPLE = 16_384
"""How many people are remembered."""


class UnreportedPhones:
    """The phones of people that have never reported."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._watching = ChangeWatch()
        self._without: LRUCache[str, tuple[ReadMark, frozenset[str]]] = LRUCache(MAX_PEOPLE)
        """Those who have none, by login name: since when, and the ActiveSync ids of their devices at that time."""

    def follow(self, number: int | None, now: datetime) -> None:
        """Take the number of such phones (``ChangeNumbers``) that was the last one at ``now``; None if the store did not answer."""
        if number is None:
            self._watching.lost_track()
            return
        self._watching.change = number
        self._watching.caught_up(now)

    async def of(self, login: str, devices: Sequence[Device], now: datetime) -> list[UnreportedPhone]:
        """Those of one person that are not in ``devices``. Raises StoreUnavailableError if the store has to be asked and does not
        answer."""
        mark = (
            self._watching.mark()
        )  # taken first: a phone that comes while the store answers has a later number
        reported = frozenset([text for device in devices for kind, text in device.names if kind == EAS])
        if (
            mark is not None
            and self._without.get(login) == (mark, reported)
            and self._watching.follows(mark.beginning, now)
        ):
            return []
        found = await self._people.unreported(login, devices)
        if mark is not None and not found:
            self._without[login] = mark, reported
        return found
