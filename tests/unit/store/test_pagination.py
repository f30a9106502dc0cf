"""Lists that go on behind a place: no row twice, none left out, whatever is added meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, DateTime, MetaData, Table, Text, create_engine, insert, select

from mailgate.store.pagination import Newest, RowPosition

ROWS = Table("rows", MetaData(), Column("at", DateTime), Column("name", Text, primary_key=True))
LIST = Newest(ROWS.c.at, ROWS.c.name)
START = datetime(2026, 12, 1, tzinfo=UTC).replace(tzinfo=None)

minutes = st.lists(st.integers(0, 3), min_size=1, max_size=12)


@given(minutes, st.integers(1, 4))
def test_every_row_comes_once_the_newest_first(at: list[int], size: int) -> None:
    rows = [{"at": START + timedelta(minutes=minute), "name": f"{n:02}"} for n, minute in enumerate(at)]
    with create_engine("sqlite://").begin() as connection:
        ROWS.create(connection)
        connection.execute(insert(ROWS), rows)
        told: list[RowPosition] = []
        while page := connection.execute(
            select(*LIST).where(*LIST.behind(told[-1] if told else None)).order_by(*LIST.order).limit(size)
        ).all():
            told += [RowPosition(*row) for row in page]
        assert told == sorted(
            (RowPosition(row["at"], row["name"]) for row in rows), key=lambda p: (START - p.at, p.name)
        )
        for number, place in enumerate(told, 1):
            upto = select(*LIST).where(*LIST.up_to(place))
            assert len(connection.execute(upto).all()) == number


@pytest.mark.parametrize("part", ["behind", "up_to"])
def test_without_a_place_everything_is_meant(part: str) -> None:
    assert getattr(LIST, part)(None) == []
