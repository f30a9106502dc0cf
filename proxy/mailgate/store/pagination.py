"""Pages through lists with the newest rows first.

A place holds the values of the last row and not a count of rows. So new and deleted rows do not move it, and an index
finds it.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, or_


class RowPosition(NamedTuple):
    """The place of a row: its time, and its name, which orders rows of the same time."""

    at: datetime
    name: str


class Newest(NamedTuple):
    """The order of a list, by the columns of its times and names."""

    at: ColumnElement[Any]
    name: ColumnElement[Any]

    @property
    def order(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        return self.at.desc(), self.name

    def behind(self, place: RowPosition | None) -> list[ColumnElement[bool]]:
        """Conditions for the rows after a place; none without a place. With them the database starts there in an index
        by time."""
        at, name = self
        return [at <= place.at, or_(at < place.at, name > place.name)] if place else []

    def up_to(self, place: RowPosition | None) -> list[ColumnElement[bool]]:
        """Conditions for the rows up to and including a place; none without a place."""
        at, name = self
        return [at >= place.at, or_(at > place.at, name <= place.name)] if place else []
