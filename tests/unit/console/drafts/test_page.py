"""What if: a change is drafted with one click, says what to commit, and comes in force by its plan alone."""

import json
from dataclasses import replace

import pytest
from tests.unit.console.browsing import Browser, Company
from tests.unit.console.drafted import APPS, followed, planned, written
from tests.unit.console.phones import has, record

from mailgate.console.context import ConsoleContext
from mailgate.console.drafts import page as drafts
from mailgate.console.drafts.facts import DraftFacts
from mailgate.rollout.kept_plans import PLANNED
from mailgate.rollout.plan import digest_of_kept
from mailgate.store import Act
from mailgate.store.plans import KeptDraft

ON = {"change": "join-list", "app": "wechat", "list": "prohibited"}


@pytest.fixture(autouse=True)
async def filled(firm: Company) -> None:
    await written(firm)
    await has(firm, record("a1", "alice"), record("b1", "bob", "wechat"))


async def test_a_draft_shows_the_lines_to_commit_and_its_plan(ada: Browser, firm: Company) -> None:
    assert "Prohibit … WeChat" in (await ada.get("/console/apps")).words
    page = await ada.post("/console/policy/drafts", **ON)
    assert "WeChat joins the prohibited list" in page.words
    assert "- prohibited: [tiktok] + prohibited: [tiktok, wechat]" in page.words
    assert "# asked for by legal" in page.words
    plan = await planned(firm)
    page = await ada.get(page.path)
    assert "1 person with 1 device would lose company mail, at once or at a later stage." in page.words
    assert f'href="/console/policy/plans/{plan}"' in page.text
    assert (firm.folder / "apps.yaml").read_text() == APPS


async def test_a_draft_and_its_plan_are_told_in_the_language_of_the_reader(
    ada: Browser, firm: Company
) -> None:
    page = await ada.post("/console/policy/drafts", **ON)
    plan = f"/console/policy/plans/{await planned(firm)}"
    german = {"Accept-Language": "de"}
    assert "WeChat kommt auf die Liste prohibited" in (await ada.get(page.path, headers=german)).words
    told = (await ada.get(plan, headers=german)).words
    assert "WeChat kommt auf die Liste prohibited" in told
    assert "enthält jetzt WeChat" in told
    assert "has WeChat" in (await ada.get(plan)).words
    assert (
        "WeChat kommt auf die Liste prohibited" in (await ada.get(f"{plan}/picture.svg", headers=german)).text
    )


async def test_a_draft_is_downloaded_as_a_patch_or_a_file(ada: Browser) -> None:
    page = await ada.post("/console/policy/drafts", **ON)
    patch = await ada.get(f"{page.path}/patch")
    assert patch.text.startswith("--- a/apps.yaml\n+++ b/apps.yaml\n@@ ")
    assert patch.headers["Content-Disposition"].endswith('.patch"')
    file = await ada.get(f"{page.path}/file")
    assert file.text == APPS.replace("[tiktok]", "[tiktok, wechat]")
    assert file.headers["Content-Disposition"] == 'attachment; filename="apps.yaml"'


async def test_a_started_draft_is_missed_until_the_files_have_it(ada: Browser, firm: Company) -> None:
    page = await ada.post("/console/policy/drafts", **ON)
    plan = await planned(firm)
    await ada.post(f"/console/policy/plans/{plan}/apply", confirmed="yes", note="legal asked")
    await followed(firm)
    missing = "Running, but missing in your files: WeChat joins the prohibited list."
    for path in ("/console/", "/console/policy"):
        assert missing in (await ada.get(path)).words
    assert "are held" not in (await ada.get("/console/")).words
    assert "Running, but missing in your files" in (await ada.get(page.path)).words
    assert "Running, but missing in your files" in (await ada.get("/console/policy/drafts")).words
    (firm.folder / "apps.yaml").write_text((await ada.get(f"{page.path}/file")).text)
    await followed(firm)
    for path in ("/console/", "/console/policy"):
        assert missing not in (await ada.get(path)).words
    assert "This change runs, and your files have it" in (await ada.get(page.path)).words
    assert (await ada.get(f"{page.path}/file")).status == 409


async def test_another_difference_of_the_files_is_said_too(ada: Browser, firm: Company) -> None:
    await ada.post("/console/policy/drafts", **ON)
    plan = await planned(firm)
    await ada.post(f"/console/policy/plans/{plan}/apply", confirmed="yes", note="legal asked")
    (firm.folder / "apps.yaml").write_text(f"# changed\n{APPS}")
    await followed(firm)
    words = (await ada.get("/console/")).words
    assert "missing in your files: WeChat joins" in words
    assert "The rules on disk are held: others" in words


async def test_a_draft_that_others_overtook_is_drafted_again_with_one_click(
    ada: Browser, firm: Company
) -> None:
    first = await ada.post("/console/policy/drafts", **ON)
    await planned(firm)
    share = await ada.post("/console/policy/drafts", change="set-share", rule="prohibited-app", percent="50")
    plan = await planned(firm)
    await ada.post(f"/console/policy/plans/{plan}/apply", confirmed="yes", note="more")
    await followed(firm)
    page = await ada.get(first.path)
    assert "Other rules started after version" in page.words
    again = await ada.post("/console/policy/drafts", **ON)
    assert again.path not in (first.path, share.path)
    assert "Draft Drafted by ada" in again.words


async def test_a_plan_is_made_again_and_one_at_a_time(ada: Browser, firm: Company) -> None:
    page = await ada.post("/console/policy/drafts", **ON)
    await planned(firm)
    assert (await ada.post(f"{page.path}/plan")).path == page.path
    await planned(firm)
    assert firm.context.planning.last
    firm.context.planning.last.digest = ""
    busy = await ada.post(f"{page.path}/plan")
    assert "Another plan is being made" in busy.words


async def test_a_plan_that_this_version_cannot_read_is_made_again(ada: Browser, firm: Company) -> None:
    """An older Mailgate did not count whoever moves once."""
    page = await ada.post("/console/policy/drafts", **ON)
    plan = await planned(firm)
    (kept,) = await firm.store.plans.find(plan)
    older = {name: value for name, value in json.loads(kept.body).items() if name not in ("digest", "moved")}
    digest = digest_of_kept(json.dumps(older))
    older_plan = replace(kept, digest=digest, body=json.dumps(older | {"digest": digest}))
    await firm.store.plans.keep(older_plan, Act(kept.made_at, kept.author, PLANNED, f"plan {digest}"))
    refused = await ada.get(f"/console/policy/plans/{digest}")
    assert "was made by another version of Mailgate" in refused.words
    for path in ("/console", "/console/policy/plans", "/console/policy/drafts"):
        assert (await ada.get(path)).status == 200
    assert "Plan it" in (await ada.get(page.path)).words
    await ada.post(f"{page.path}/plan")
    assert (await ada.get(f"/console/policy/plans/{await planned(firm)}")).status == 200


async def test_a_page_looks_again_if_its_plan_ended_while_it_was_made(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await ada.post("/console/policy/drafts", **ON)
    await planned(firm)
    made, facts_of = firm.context.planning.last, drafts.facts_of
    assert made
    made.digest = ""

    async def ended_meanwhile(context: ConsoleContext, draft: KeptDraft) -> DraftFacts:
        found = await facts_of(context, draft)
        made.digest = found.plan
        return found.model_copy(update={"plan": ""})

    monkeypatch.setattr(drafts, "facts_of", ended_meanwhile)
    assert "data-again" in (await ada.get(page.path)).text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (ON | {"app": "tiktok"}, "This is already the case"),
        (ON | {"app": "a: b"}, "change does not work"),
        ({"change": "rename"}, "change does not work"),
        ({"change": "move-stage", "rule": "prohibited-app", "stage": "report_only", "day": "2026-12-01"}, "but warning would not start after watching."),
        ({"change": "move-stage", "rule": "none", "stage": "warn", "day": "2026-12-01"}, "No rule is called none"),
        ({"change": "move-stage", "rule": "prohibited-app", "stage": "warn", "day": "soon"}, "Choose a day"),
        ({"change": "set-share", "rule": "prohibited-app", "percent": "200"}, "Enter a number from 0 to 100"),
    ],
)  # fmt: skip
async def test_an_impossible_draft_says_why_and_leaves_nothing(
    ada: Browser, firm: Company, fields: dict[str, str], why: str
) -> None:
    page = await ada.post("/console/policy/drafts", **fields)
    assert page.status == 409
    assert why in page.words
    assert "policy.yaml" not in page.words, "who fills in a form knows no place in a file"
    assert await firm.store.drafts.latest(9) == []


async def test_a_day_or_a_share_that_is_refused_comes_back_to_be_mended(ada: Browser) -> None:
    page = await ada.post("/console/policy/drafts", change="set-share", rule="prohibited-app", percent="101")
    assert 'name="percent" type="number" step="any" value="101"' in page.text
    assert 'name="rule" value="prohibited-app"' in page.text
    day = {"change": "move-stage", "rule": "prohibited-app", "stage": "warn", "day": "2027-12-20"}
    assert (
        'name="day" type="date" value="2027-12-20"' in (await ada.post("/console/policy/drafts", **day)).text
    )


async def test_a_viewer_sees_drafts_and_makes_none(ada: Browser, vic: Browser) -> None:
    path = (await ada.post("/console/policy/drafts", **ON)).path
    assert "What to commit" in (await vic.get(path)).words
    assert "What if" not in (await vic.get("/console/apps")).words
    assert (await vic.post("/console/policy/drafts", **ON)).status == 403
    assert (await vic.get("/console/policy/drafts/abcdef12")).status == 404
