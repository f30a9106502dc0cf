"""Drafts in the store."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW

from mailgate.store import Act, RuleTexts, Store
from mailgate.store.drafts import KeptDraft

BASE = RuleTexts("p1", {"policy.yaml": "rules: []\n"})
MADE = RuleTexts("p2", {"policy.yaml": "rules: [x]\n"})
DRAFT = KeptDraft(MADE.digest, 1, '{"change": "x"}', "WeChat joins", "ada", NOW)
ACT = Act(NOW, "ada", "policy-drafted", f"draft {MADE.digest}")


@pytest.fixture
async def based(store: Store) -> Store:
    """A store with the version that drafts change."""
    await store.policies.activate(BASE, Act(NOW, "file", "policy-activated"))
    return store


async def test_a_draft_is_kept_once_and_found_by_how_its_digest_begins(based: Store) -> None:
    assert await based.drafts.keep(DRAFT, ACT) == DRAFT
    assert await based.drafts.keep(replace(DRAFT, author="lin"), ACT) == DRAFT
    assert await based.drafts.find(DRAFT.digest[:6]) == [DRAFT]
    assert await based.drafts.find(DRAFT.digest[:5]) == await based.drafts.find("000000") == []
    assert [each.what for each in await based.audit.page()] == ["policy-activated", "policy-drafted"]


async def test_the_newest_drafts_come_first(based: Store) -> None:
    for number in range(3):
        await based.drafts.keep(replace(DRAFT, digest=f"{number}", made_at=NOW + timedelta(number)), ACT)
    assert [each.digest for each in await based.drafts.latest(2)] == ["2", "1"]


async def test_old_drafts_go_unless_they_came_in_force(based: Store) -> None:
    await based.drafts.keep(DRAFT, ACT)
    await based.drafts.keep(replace(DRAFT, digest="0" * 64), ACT)
    await based.policies.activate(MADE, Act(NOW, "ada", "policy-activated"))
    assert await based.drafts.prune(NOW) == 0
    assert await based.drafts.prune(NOW + timedelta(seconds=1)) == 1
    assert [each.digest for each in await based.drafts.latest(9)] == [MADE.digest]
