"""From SQLite to PostgreSQL and back: the rows are the same."""

from pathlib import Path

from tests.unit.store.filling import fill, rows_of

from mailgate.store.copying import copy_store
from mailgate.store.migrate import store_url
from mailgate.store.schema import metadata


def test_a_store_that_went_to_postgresql_and_back_is_what_it_was(url: str, tmp_path: Path) -> None:
    before, after = f"sqlite:///{tmp_path}/before.db", f"sqlite:///{tmp_path}/after.db"
    fill(before)
    there = copy_store(store_url(before), store_url(url))
    assert rows_of(url) == rows_of(before)
    back = copy_store(store_url(url), store_url(after))
    assert rows_of(after) == rows_of(before)
    assert there == back == dict.fromkeys(metadata.tables, 1)
