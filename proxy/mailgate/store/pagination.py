"""Lists that are gone through page by page, the newest first: where one page ended, and what stands behind that place.

A place is the values of the last row, not a count of rows: what comes or goes meanwhile moves nothing, and an index leads there.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, or_


class Place(NamedTuple):
    """Where a row stands: by its time, and among those of the same time by its name."""

    at: datetime
    name: str


class Newest(NamedTuple):
    """The order of a list by the columns of its times and names."""

    at: ColumnElement[Any]
    name: ColumnElement[Any]

    @property
    def order(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        return self.at.desc(), self.name

    def behind(self, place: Place | None) -> list[ColumnElement[bool]]:
        """What follows a place, said so that an index by time is entered there; everything where there is none."""
        at, name = self
        return [at <= place.at, or_(at < place.at, name > place.name)] if place else []

    def up_to(self, place: Place | None) -> list[ColumnElement[bool]]:
        """What comes before a place, and what stands there; everything where there is none."""
        at, name = self
        return [at >= place.at, or_(at > place.at, name <= place.name)] if place else []
