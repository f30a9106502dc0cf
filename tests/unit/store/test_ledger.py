"""From a decision to what is recorded of it."""

from dataclasses import replace

import pytest
from tests.unit.store.examples import BLOCK, access

from mailgate.model import Client, Effect, Kind, Reason, RequestFacts, RuleTrial, Stage
from mailgate.store import Recorded, Store


async def stored(store: Store) -> list[Recorded]:
    await store.ledger.flush()
    return await store.sightings.latest()


async def test_a_sighting_says_who_what_and_why(store: Store) -> None:
    would = RuleTrial("next-rule", "true", True, Stage.REPORT_ONLY, Effect.WARN)
    store.ledger.record(access(), replace(BLOCK, would=(would,)), "0a1b")
    (row,) = await stored(store)
    seen = row.sighting
    assert (seen.device, seen.user, seen.posture) == ("phone-1", "ada@example.com", "missing")
    assert (seen.rule, seen.effect, seen.reason) == ("prohibited-app", Effect.BLOCK, Reason.PROHIBITED_APP)
    assert (seen.would, seen.policy) == (("next-rule:warn",), "v1")
    assert (seen.client.kind, seen.client.os, seen.client.assurance) == ("phone", "ios", "claimed")
    assert row == await store.sightings.find(row.id) == await store.sightings.find("0a1b")
    assert await store.sightings.find("other") is None


async def test_a_recorded_client_can_be_classified_again(store: Store) -> None:
    facts = RequestFacts(method="GET", target="/mail/", headers={"user-agent": "Mozilla/5.0 (\udcff iPhone)"})
    store.ledger.record(access(facts), BLOCK)
    (row,) = await stored(store)
    assert row.sighting.client.facts == facts


@pytest.mark.parametrize("bad", ["\ud800", "a\0b", "x" * 100_000, "' --"])
async def test_odd_text_is_kept_somehow(store: Store, bad: str) -> None:
    facts = RequestFacts(method=bad, target=f"/{bad}/x", headers={"user-agent": bad})
    store.ledger.record(
        access(facts, device=bad, user=bad, client=Client(Kind.MAIL_APP, True, eas_id=bad)), BLOCK
    )
    assert len(await stored(store)) == 1
    assert store.ledger.counts.dropped == 0


async def test_what_cannot_be_recorded_is_counted_and_never_raised(store: Store) -> None:
    store.ledger.record(None, BLOCK)  # type: ignore[arg-type]
    assert store.ledger.counts.dropped == 1
