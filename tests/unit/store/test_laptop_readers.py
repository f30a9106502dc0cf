"""Who asks for mail on a laptop is noted beside the sightings, as far as a request shows it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.store.examples import NOW
from tests.unit.store.outage import outage
from tests.unit.store.people import PROXIED, read_mail

from mailgate.store import Proofs, Store
from mailgate.store.schema import laptop_readers

PROVED = Proofs(attestation="accepted", self_reported=True)
MINUTE = timedelta(minutes=1)


async def readers(store: Store) -> list[tuple[Any, ...]]:
    async with store._database.reading() as connection:
        rows = await connection.execute(select(laptop_readers).order_by(*laptop_readers.primary_key.columns))
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("proofs", "named_at", "bare_at"),
    [
        (PROXIED, NOW, NOW),
        (PROVED, None, None),
        (PROVED._replace(named_by="proxy"), NOW, None),
        (PROXIED._replace(attestation="token-expired"), NOW, None),
        (PROXIED._replace(certificate="accepted"), NOW, NOW),
    ],
    ids=["without a proof", "with one", "with one, and named", "with a refused one", "with a certificate"],
)
async def test_a_reader_is_noted_with_what_the_request_shows(
    store: Store, proofs: Proofs, named_at: datetime | None, bare_at: datetime | None
) -> None:
    await read_mail(store, "Ada", proofs=proofs)
    assert await readers(store) == [("ada", "windows", "Chrome", NOW, named_at, bare_at)]


@pytest.mark.parametrize(
    ("person", "proofs", "client"),
    [
        ("", PROXIED, {}),
        ("ada", None, {}),
        ("ada", Proofs(), {}),
        ("ada", Proofs(attestation="token-expired"), {}),
        ("ada", PROXIED, {"kind": "phone"}),
        ("ada", PROXIED, {"protocol": "ews"}),
    ],
    ids=["no name", "not recorded whole", "own word", "own word with a bad proof", "phone", "mail app"],
)
async def test_a_request_that_says_too_little_notes_nobody(
    store: Store, person: str, proofs: Proofs | None, client: dict[str, str]
) -> None:
    await read_mail(store, person, proofs=proofs, **client)
    assert await readers(store) == []


async def test_times_only_move_forward_and_each_by_itself(store: Store) -> None:
    later = NOW + timedelta(hours=1)
    await read_mail(store, "ada", later)
    await read_mail(store, "ada", later + 10 * MINUTE, PROVED)
    await read_mail(store, "ADA", NOW)  # written late, from the spool
    assert await readers(store) == [("ada", "windows", "Chrome", later + 10 * MINUTE, later, later)]


async def test_somebody_who_reads_on_is_written_again_after_minutes_only(store: Store) -> None:
    for minutes in (0, 4, 6):
        await read_mail(store, "ada", NOW + minutes * MINUTE)
        store.ledger._readers._written = {}
        assert (await readers(store))[0][-1] == NOW + minutes // 5 * 6 * MINUTE


async def test_a_reader_that_the_store_did_not_take_is_written_later(store: Store) -> None:
    with outage(store):
        await read_mail(store, "ada")
    assert await readers(store) == []
    await store.ledger.flush()
    assert await readers(store) == [("ada", "windows", "Chrome", NOW, NOW, NOW)]
