"""Drafts of the console read the files only where these are not what is in force."""

import pytest
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.drafted import followed, planned, written

from mailgate.console.drafts.drafting import NO_UNCOMMITTED_DRAFTS, draft_and_plan, files_of, uncommitted_now
from mailgate.policy.edits import ListEdit
from mailgate.rollout import activation
from mailgate.rollout.person import Person

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
    found = await uncommitted_now(in_force.context, "others")
    assert ([each.title for each in found.drafts], found.explain) == (
        ["WeChat joins the prohibited list"],
        True,
    )
    assert await uncommitted_now(in_force.context, "") == NO_UNCOMMITTED_DRAFTS


async def test_files_with_mistakes_are_no_files(in_force: Company) -> None:
    (in_force.folder / "apps.yaml").write_text("apps: [")
    assert await files_of(in_force.context) is None
    assert await uncommitted_now(in_force.context, "others") == NO_UNCOMMITTED_DRAFTS
