"""The page of a rule: its stages, share and lists, each to be changed by a draft."""

import pytest
from tests.unit.console.browsing import Browser, Company
from tests.unit.console.drafted import written


@pytest.fixture(autouse=True)
async def filled(firm: Company) -> None:
    await written(firm)


async def test_a_rule_shows_what_of_it_can_be_changed(ada: Browser) -> None:
    page = await ada.get("/console/policy/rules/prohibited-app")
    assert "Warns from 2026-11-01 00:00 UTC" in page.words
    assert "Is enforced from 2026-12-24 08:00 UTC" in page.words
    assert "It applies to 25% of people" in page.words
    assert "TikTok Take off TikTok" in page.words
    assert '<option value="wechat">WeChat</option>' in page.text
    assert 'href="/console/policy/rules/prohibited-app"' in (await ada.get("/console/policy")).text


async def test_a_date_moves_and_keeps_its_time_and_its_zone(ada: Browser) -> None:
    fields = {"change": "move-stage", "rule": "prohibited-app", "stage": "enforce", "day": "2027-01-04"}
    page = await ada.post("/console/policy/drafts", **fields)
    assert "No prohibited app: enforcement starts 4 January 2027, 08:00 UTC" in page.words
    assert "enforce: 2027-01-04T09:00:00+01:00}" in page.words


@pytest.mark.parametrize(
    ("fields", "title", "line"),
    [
        ({"change": "move-stage", "stage": "enforce", "day": "2027-01-04"}, "enforcement starts 4 January 2027", "stages: {enforce: 2027-01-04}"),
        ({"change": "set-share", "percent": "5"}, "applies to 5% of people", "share: 5%"),
    ],
)  # fmt: skip
async def test_a_draft_adds_a_missing_stage_or_share(
    ada: Browser, fields: dict[str, str], title: str, line: str
) -> None:
    before = await ada.get("/console/policy/rules/everybody")
    assert "It has no dates" in before.words
    assert "It applies to everybody." in before.words
    page = await ada.post("/console/policy/drafts", rule="everybody", **fields)
    assert title in page.words
    assert line in page.words


async def test_a_rule_that_is_not_there_has_no_page(ada: Browser) -> None:
    assert (await ada.get("/console/policy/rules/none")).status == 404


async def test_a_viewer_changes_nothing(vic: Browser) -> None:
    page = await vic.get("/console/policy/rules/prohibited-app")
    assert "Warns from" in page.words
    assert "<button" not in page.text.partition("<main")[2].partition("</main>")[0]
