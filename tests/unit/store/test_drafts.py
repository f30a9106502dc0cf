"""Drafts in the store."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW

from mailgate.store import Act, Draft, Store
from mailgate.store.drafts import KeptDraft

BASE = Draft("p1", {"policy.yaml": "rules: []\n"})
MADE = Draft("p2", {"policy.yaml": "rules: [x]\n"})
DRAFT = KeptDraft(MADE.digest, 1, '{"change": "x"}', "WeChat joins", "ada", NOW)
ACT = Act(NOW, "ada", "policy-drafted", f"draft {MADE.digest}")


@pytest.fixture(autouse=True)
async def based(store: Store) -> None:
    await store.policies.activate(BASE, Act(NOW, "file", "policy-activated"))


async def test_a_draft_is_kept_once_and_found_by_how_its_digest_begins(store: Store) -> None:
    assert await store.drafts.keep(DRAFT, ACT) == DRAFT
    assert await store.drafts.keep(replace(DRAFT, author="lin"), ACT) == DRAFT
    assert await store.drafts.find(DRAFT.digest[:6]) == [DRAFT]
    assert await store.drafts.find(DRAFT.digest[:5]) == await store.drafts.find("000000") == []
    assert [each.what for each in await store.audit.page()] == ["policy-activated", "policy-drafted"]


async def test_the_newest_come_first(store: Store) -> None:
    for number in range(3):
        await store.drafts.keep(replace(DRAFT, digest=f"{number}", made_at=NOW + timedelta(number)), ACT)
    assert [each.digest for each in await store.drafts.latest(2)] == ["2", "1"]


async def test_old_drafts_go_unless_they_came_in_force(store: Store) -> None:
    await store.drafts.keep(DRAFT, ACT)
    await store.drafts.keep(replace(DRAFT, digest="0" * 64), ACT)
    await store.policies.activate(MADE, Act(NOW, "ada", "policy-activated"))
    assert await store.drafts.prune(NOW) == 0
    assert await store.drafts.prune(NOW + timedelta(seconds=1)) == 1
    assert [each.digest for each in await store.drafts.latest(9)] == [MADE.digest]
