"""The rules of versions, as the store keeps them."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import update
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import ADA, last_entry, put_in_force
from tests.unit.store.examples import NOW

from mailgate.policy.edits import ListEdit, ShareEdit
from mailgate.rollout.person import RefusedError, UnknownError
from mailgate.rollout.stored_rules import (
    UnreadableVersionError,
    base_of,
    edit_of,
    find_draft,
    in_force,
    make_draft,
    readable,
    rules_of,
    rules_with,
)
from mailgate.store import Store
from mailgate.store.schema import policies


async def test_rules_are_read_as_they_were_started(store: Store) -> None:
    assert await in_force(store) is None
    active = await put_in_force(store, rules())
    assert (await rules_of(store.policies, active)).digest == rules().digest
    found = await in_force(store)
    assert found
    assert found.digest == rules().digest


async def test_a_version_that_was_changed_in_the_store_is_not_read(store: Store) -> None:
    active = await put_in_force(store, rules())
    async with store._database.writing() as connection:
        await connection.execute(update(policies).values(texts='{"policy.yaml": "rules: []"}'))
    with pytest.raises(UnreadableVersionError, match="was changed in the database"):
        await rules_of(store.policies, active)


APPS = "apps: {tiktok: {name: TikTok}, wechat: {name: WeChat}}\nlists: {prohibited: [tiktok]}\n"
POLICY = "rules: [{id: shut, when: 'true', effect: block, share: 10%}]\n"
ON = ListEdit(change="join-list", app="wechat", list="prohibited")


@pytest.fixture
async def running(store: Store) -> Store:
    await put_in_force(store, rules(POLICY, APPS), "file")
    return store


async def test_a_draft_is_audited_and_not_started(running: Store) -> None:
    draft, after = await make_draft(running, ON, ADA, NOW)
    assert (draft.base, draft.title, draft.author) == (1, "WeChat joins the prohibited list", "ada")
    assert draft.digest == after.digest
    assert after.policy.catalog.lists["prohibited"] == ("tiktok", "wechat")
    active = await running.policies.active()
    assert active
    assert active.number == 1
    entry = await last_entry(running)
    assert (entry.what, entry.about) == ("policy-drafted", f"draft {draft.digest}")
    assert json.loads(entry.details)["edit"]["app"] == "wechat"


async def test_a_draft_is_found_again_with_the_same_rules(running: Store) -> None:
    draft, after = await make_draft(running, ON, ADA, NOW)
    found = await find_draft(running, draft.digest[:8])
    assert (found, edit_of(found)) == (draft, ON)
    assert (await rules_with(running, found)).texts == after.texts
    assert (await base_of(running, found)).digest == rules(POLICY, APPS).digest


async def test_an_impossible_or_unknown_draft_is_refused(running: Store) -> None:
    with pytest.raises(RefusedError, match="This is already the case"):
        await make_draft(running, ShareEdit(change="set-share", rule="shut", share="10%"), ADA, NOW)
    with pytest.raises(UnknownError):
        await find_draft(running, "abcdef")
    with pytest.raises(RefusedError, match="too short"):
        await find_draft(running, "abc")


async def test_nothing_is_drafted_before_the_first_start(store: Store) -> None:
    with pytest.raises(RefusedError, match="no rules run yet"):
        await make_draft(store, ON, ADA, NOW)


@pytest.mark.parametrize(
    "edit", [ShareEdit(change="set-share", rule="shut", share="90%").model_dump_json(), "{}"]
)
async def test_a_draft_that_was_changed_in_the_store_makes_nothing(running: Store, edit: str) -> None:
    draft, _ = await make_draft(running, ON, ADA, NOW)
    with pytest.raises(RefusedError, match="is not what was drafted"):
        await rules_with(running, replace(draft, edit=edit))


async def test_a_draft_of_a_newer_version_is_not_listed_and_makes_nothing(running: Store) -> None:
    """A part of a change is another change."""
    draft, _ = await make_draft(running, ON, ADA, NOW)
    for more in ({"until": "2027-01-01"}, {"change": "another-kind"}):
        newer = replace(draft, edit=json.dumps(json.loads(draft.edit) | more))
        assert list(readable([newer, draft])) == [draft]
        with pytest.raises(RefusedError, match="made by another version of Mailgate"):
            await rules_with(running, newer)
