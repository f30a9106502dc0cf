"""Drafts of the console read the files only where these are not what is in force."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.drafted import followed, planned, written
from tests.unit.rollout.examples import OPEN, SHUT, rules
from tests.unit.rollout.versions import altered, in_force_in_turn
from tests.unit.store.conftest import store as store
from tests.unit.store.conftest import url as url

from mailgate.console.drafts.drafting import candidate_for, draft_and_plan, files_of, uncommitted_now
from mailgate.console.policy.versions import NoVersionError
from mailgate.errors import ConfigError
from mailgate.policy.edits import ListEdit
from mailgate.policy.people import Groups
from mailgate.rollout import activation
from mailgate.rollout.person import Person
from mailgate.store import AlteredError, Store

ADA = Person("ada", "console at gate-1")
ON = ListEdit(change="join-list", app="wechat", list="prohibited")


@pytest.fixture
async def in_force(firm: Company) -> Company:
    """WeChat is prohibited by a draft that stands in no file."""
    await written(firm)
    await draft_and_plan(firm.context, ON, ADA)
    await activation.apply(firm.store, await planned(firm), ADA, "legal asked", NOW, None)
    await followed(firm)
    return firm


async def test_a_draft_in_force_is_missed_in_the_files(in_force: Company) -> None:
    found, explain = await uncommitted_now(in_force.context, "others")
    assert ([each.title for each in found], explain) == (["WeChat joins the prohibited list"], True)
    assert await uncommitted_now(in_force.context, "") == ((), False)


async def test_files_with_mistakes_are_no_files(in_force: Company) -> None:
    (in_force.folder / "apps.yaml").write_text("apps: [")
    assert await files_of(in_force.context) is None
    assert await uncommitted_now(in_force.context, "others") == ((), False)


async def test_rules_to_plan_come_from_files_a_text_or_a_version(store: Store, url: str) -> None:
    await in_force_in_turn(store, OPEN, SHUT)
    context: Any = SimpleNamespace(store=store, candidate=lambda text: rules(text or OPEN))
    assert (await candidate_for(context, None, None)).digest == rules(OPEN).digest
    assert (await candidate_for(context, SHUT, None)).digest == rules(SHUT).digest
    assert (await candidate_for(context, None, 2)).digest == rules(SHUT).digest
    files = dict(rules(SHUT).texts)
    ungrouped = SimpleNamespace(store=store, bundle=rules)
    assert (await candidate_for(cast(Any, ungrouped), None, None, files)).digest == rules(SHUT).digest
    with pytest.raises(NoVersionError):
        await candidate_for(context, None, 9)
    with altered(url, "policies", "texts", "{}", "number = 2"), pytest.raises(AlteredError):
        await candidate_for(context, None, 2)


async def test_sent_files_are_planned_with_the_groups_in_force_unless_they_have_their_own(
    store: Store,
) -> None:
    """So that a plan is of the very version that the same files make at a gate."""
    ada, lin = (rules().with_groups(Groups.of_members({"pilot": [name]})) for name in ("ada", "lin"))
    context: Any = SimpleNamespace(store=store, bundle=lambda: ada)
    assert (await candidate_for(context, None, None, dict(rules().texts))).digest == ada.digest
    assert (await candidate_for(context, None, None, dict(lin.texts))).digest == lin.digest


@pytest.mark.parametrize(
    "groups",
    ["", "[]", "{}", '{"groups": [], "alike": []}', '{"groups": {"a": [[]]}, "alike": []}', "[" * 9999],
)
async def test_sent_files_with_mistakes_are_refused(store: Store, groups: str) -> None:
    context: Any = SimpleNamespace(store=store, bundle=rules)
    for files in ({**rules().texts, "groups.json": groups}, {"policy.yaml": OPEN}, {"apps.yaml": "a: ["}):
        with pytest.raises(ConfigError):
            await candidate_for(context, None, None, files)
