"""The position in a list, as a part of an address: the time and the name of the last row that was shown."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from mailgate.model.phrase import phrase
from mailgate.store import RowPosition
from mailgate.views.address_values import MisreadError, Reader, line

SPAN = timedelta(hours=2)
"""How far back recent decisions reach."""
_MAX_NAME = 64
"""The most characters of a name."""


def _moment(text: str) -> str:
    with suppress(ValueError):
        if datetime.fromisoformat(text).tzinfo:
            return text
    raise MisreadError(phrase("this page does not exist; expected an address as the list gives it"))


POSITION: Mapping[str, Reader] = {"at": _moment, "after": line(_MAX_NAME)}
"""The parameters of a position."""


def position_in(query: Mapping[str, str]) -> RowPosition | None:
    """The position in an address; None for the beginning."""
    with suppress(ValueError):
        at = datetime.fromisoformat(query.get("at", ""))
        return RowPosition(at, query.get("after", "")) if at.tzinfo else None
    return None


def position_values(place: RowPosition | None) -> dict[str, str]:
    """A position as a part of an address; empty at the end."""
    return {"at": place.at.isoformat(), "after": place.name} if place else {}
