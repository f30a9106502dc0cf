"""The position in a list as a part of an address: the time and the name of the last row that was shown."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from mailgate.store import Place

SPAN = timedelta(hours=2)
"""How far back recent decisions reach."""
_LONGEST = 64
"""The most characters of a name."""


def place_in(query: Mapping[str, str]) -> Place | None:
    """The place that an address names. None, which is the beginning, if it names none."""
    with suppress(ValueError):
        at = datetime.fromisoformat(query.get("at", ""))
        return Place(at, query.get("after", "")[:_LONGEST]) if at.tzinfo else None
    return None


def told(place: Place | None) -> dict[str, str]:
    """A place as a part of an address. Empty at the end."""
    return {"at": place.at.isoformat(), "after": place.name} if place else {}
