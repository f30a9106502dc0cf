"""In which language people are written to."""

from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW
from tests.unit.store.outage import outage

from mailgate.store import Store


async def test_the_language_that_was_asked_for_last_is_kept(store: Store) -> None:
    store.languages.listening = True
    for tag in ("de", "fr"):
        store.languages.note("Ada", tag, NOW)
    store.languages.note("lin", "ja", NOW)
    await store.languages.flush()
    assert await store.languages.of(["ADA", "lin", "nobody"]) == {"ada": "fr", "lin": "ja"}
    store.languages.note("ada", "es", NOW + timedelta(days=1))
    await store.languages.flush()
    assert (await store.languages.of(["ada"]))["ada"] == "es"


async def test_nothing_is_kept_where_nobody_is_written_to(store: Store) -> None:
    store.languages.note("ada", "de", NOW)
    await store.languages.flush()
    assert await store.languages.of(["ada"]) == {}


async def test_languages_end_when_nobody_was_heard(store: Store) -> None:
    store.languages.listening = True
    store.languages.note("ada", "de", NOW)
    await store.languages.flush()
    assert await store.languages.prune(NOW) == 0
    assert await store.languages.prune(NOW + timedelta(days=1)) == 1


async def test_a_language_that_was_not_stored_is_noted_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.languages.listening = True
    store.languages.note("ada", "de", NOW)
    with outage(store):
        await store.languages.flush()
    assert await store.languages.of(["ada"]) == {}
    store.languages.note("ada", "de", NOW)
    await store.languages.flush()
    assert await store.languages.of(["ada"]) == {"ada": "de"}
