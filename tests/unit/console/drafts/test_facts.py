"""How a draft stands with what is in force and with the files, and what is to be committed."""

from pathlib import Path

import pytest
from tests.unit.rollout.examples import rules
from tests.unit.rollout.test_stored_rules import APPS, ON, POLICY
from tests.unit.rollout.test_stored_rules import running as running
from tests.unit.rollout.versions import ADA
from tests.unit.store.examples import NOW

from mailgate.config import Rules
from mailgate.config.settings import Files
from mailgate.console.drafts.facts import DraftFacts, draft_facts, draft_patch, explained, uncommitted
from mailgate.console.policy.versions import RuleFilesLocation
from mailgate.policy.edits import ListEdit, ShareEdit
from mailgate.rollout.stored_rules import make_draft, rule_texts_of, rules_of
from mailgate.store import Act, Store
from mailgate.store.plans import KeptDraft

WITH = APPS.replace("[tiktok]", "[tiktok, wechat]")
COMMENT = "# a word\n"
PLACES = RuleFilesLocation(Files(), Path("/srv/gate"))


async def told(store: Store, draft: KeptDraft, files: Rules | None) -> DraftFacts:
    active = await store.policies.active()
    assert active
    return await draft_facts(store, draft, active, await rules_of(store.policies, active), files, PLACES)


async def put(store: Store, new: Rules) -> None:
    await store.policies.activate(rule_texts_of(new), Act(NOW, "ada", "policy-activated"))


async def test_a_draft_says_what_to_commit_and_then_that_it_was(running: Store) -> None:
    files = rules(POLICY, APPS)
    draft, after = await make_draft(running, ON, ADA, NOW)
    found = await told(running, draft, files)
    assert (found.state, found.plan, found.of_files, found.complete) == ("draft", "", True, True)
    assert [each.file for each in found.changes] == ["apps.yaml"]
    await put(running, after)
    assert (await told(running, draft, files)).state == "uncommitted"
    committed = await told(running, draft, after)
    assert (committed.state, committed.changes) == ("committed", [])


async def test_the_lines_are_those_of_the_files_as_they_are_now(running: Store) -> None:
    draft, after = await make_draft(running, ON, ADA, NOW)
    await put(running, after)
    files = rules(POLICY, COMMENT + APPS)
    found = await told(running, draft, files)
    assert found.changes[0].text == COMMENT + WITH
    assert (found.of_files, found.complete) == (True, False)
    assert COMMENT in await draft_patch(running, draft, files, PLACES)


@pytest.mark.parametrize("files", [None, rules(POLICY, "apps: {tiktok: {name: TikTok}}\n")])
async def test_if_the_files_cannot_be_changed_the_version_shows_the_lines(
    running: Store, files: Rules | None
) -> None:
    draft, after = await make_draft(running, ON, ADA, NOW)
    await put(running, after)
    found = await told(running, draft, files)
    assert (found.state, found.of_files, found.changes[0].text) == ("uncommitted", False, WITH)


async def test_a_draft_whose_base_is_gone_is_overtaken(running: Store) -> None:
    draft, _ = await make_draft(running, ON, ADA, NOW)
    await put(running, rules(POLICY.replace("10%", "20%"), APPS))
    assert (await told(running, draft, rules(POLICY, APPS))).state == "overtaken"


async def test_several_drafts_in_force_explain_what_the_files_lack_or_do_not(running: Store) -> None:
    one, after = await make_draft(running, ON, ADA, NOW)
    await put(running, after)
    two, after = await make_draft(running, ShareEdit(change="set-share", rule="shut", share="50%"), ADA, NOW)
    await put(running, after)
    drafts = await running.drafts.latest(9)
    files = rules(POLICY, APPS)
    found = uncommitted(drafts, after, files)
    assert {each.digest for each in found} == {one.digest, two.digest}
    assert explained(found, after, files)
    assert not explained(found, after, rules(POLICY, COMMENT + APPS))
    assert not explained(found, after, after)
    assert uncommitted(drafts, after, after) == []


async def test_a_change_that_was_undone_again_is_not_missed_in_the_files(running: Store) -> None:
    _, after = await make_draft(running, ON, ADA, NOW)
    await put(running, after)
    _, back = await make_draft(
        running, ListEdit(change="leave-list", app="wechat", list="prohibited"), ADA, NOW
    )
    assert uncommitted(await running.drafts.latest(9), back, rules(POLICY, APPS)) == []
