"""*Policy*."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.gate import PHONE_RULES, write_config
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.drafted import written

from mailgate.config import load_bundle
from mailgate.policy.reliefs import Cause, Relief
from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act, RuleTexts
from mailgate.store.counts import VerdictKey


async def test_rules_are_told_in_words_beside_their_conditions(vic: Browser) -> None:
    page = await vic.get("/console/policy")
    assert "prohibited-app Blocks everybody who meets the condition. Now it applies." in page.words
    assert 'client.handheld && "prohibited" in device.lists' in page.words
    assert "A phone, a tablet, a mobile mail app or a watch" in page.words
    assert "Everybody else Blocks everybody whom no rule above matches" in page.words
    assert 'id="rule-prohibited-app"' in page.text


async def second(firm: Company, folder: Path) -> None:
    """Put a second version in force, without its first rule."""
    rules = {"rules": PHONE_RULES["rules"][1:]}
    changed = load_bundle(write_config(folder, "http://127.0.0.1:9", {}, rules), {})
    await firm.store.policies.activate(
        rule_texts_of(changed.rules), Act(NOW, "lin", "policy-activated", why="<no laptops>")
    )


async def test_versions_are_listed_with_who_put_them_in_force_and_why(
    ada: Browser, firm: Company, tmp_path: Path
) -> None:
    await second(firm, tmp_path)
    page = await ada.get("/console/policy")
    assert "lin <no laptops>" in page.words
    assert "file first start" in page.words
    assert page.text.count(">Running</span>") == 1


async def test_until_this_gate_takes_a_new_version_the_page_says_so(
    ada: Browser, firm: Company, tmp_path: Path
) -> None:
    words = "Until then it decides by the rules below."
    assert words not in (await ada.get("/console/policy")).words
    await second(firm, tmp_path)
    assert words in (await ada.get("/console/policy")).words


async def test_a_version_is_shown_with_its_files(ada: Browser, firm: Company) -> None:
    page = await ada.get("/console/policy/versions/1")
    version = await firm.store.policies.get(1)
    assert version
    assert json.dumps(PHONE_RULES["rules"][0]["when"])[1:-1] in page.words
    assert (await ada.get(f"/console/policy/versions/{version.digest[:12]}")).status == 200


async def test_a_difference_is_shown_in_words_and_lines(ada: Browser, firm: Company, tmp_path: Path) -> None:
    await second(firm, tmp_path)
    page = await ada.get("/console/policy/diff?old=1&new=2")
    assert "Removed rule laptop-browser" in page.words
    assert 'class="gone"' in page.text
    assert "they are the same" in (await ada.get("/console/policy/diff?old=2")).words


async def test_a_difference_has_the_name_of_an_app_beside_its_key(ada: Browser, firm: Company) -> None:
    first = await firm.store.policies.get(1)
    assert first
    renamed = {name: each.replace("TikTok", "Tock") for name, each in first.texts.items()}
    await firm.store.policies.activate(RuleTexts("p2", renamed), Act(NOW, "lin", "policy-activated"))
    page = await ada.get("/console/policy/diff?old=1&new=2")
    assert "Changed app tiktok (TikTok) : the name is Tock now, was TikTok" in page.words


async def test_a_rule_that_is_not_in_force_is_called_by_its_title_too(ada: Browser, firm: Company) -> None:
    first = await firm.store.policies.get(1)
    assert first
    ahead = PHONE_RULES["rules"][0] | {"id": "ahead", "title": "Quokkas"}
    rules = json.dumps(PHONE_RULES | {"rules": [ahead, *PHONE_RULES["rules"]]})
    await firm.store.policies.activate(
        RuleTexts("p2", dict(first.texts) | {"policy.yaml": rules}), Act(NOW, "lin", "policy-activated")
    )
    page = await ada.get("/console/policy/diff?old=1&new=2")
    assert "Added rule ahead (Quokkas) :" in page.words
    page = await ada.get("/console/policy/diff?old=2&new=1")
    assert "Removed rule ahead (Quokkas) :" in page.words


@pytest.mark.parametrize("path", ["versions/9", "versions/abcdef", "diff?old=9", "diff?old=1&new=x"])
async def test_an_unknown_version_is_said(ada: Browser, path: str) -> None:
    page = await ada.get(f"/console/policy/{path}")
    assert (page.status, "No version is called" in page.words) == (404, True)


async def test_the_version_before_is_in_force_again_once_it_was_confirmed(
    ada: Browser, firm: Company
) -> None:
    await second(firm, firm.folder)
    await firm.store.verdicts.add({NOW: {VerdictKey("warn", rule="laptop-browser"): 5}})
    assert "Roll back to version 1 …" in (await ada.get("/console/policy")).words
    page = await ada.post("/console/policy/rollback", to="1")
    assert "Roll back to version 1?" in page.words
    assert "In the last hour, 5 requests were warned or blocked by a rule that changes." in page.words
    assert "difference, word by word" in page.words
    assert "Added rule laptop-browser" in page.words
    assert (await ada.post("/console/policy/rollback", to="1", confirmed="yes")).status == 409
    page = await ada.post("/console/policy/rollback", to="1", confirmed="yes", note="sent in error")
    active = await firm.store.policies.active()
    assert (page.path, active and active.number) == ("/console/policy/rollbacks/3", 1)
    assert "You rolled back to version 1." in page.words
    assert "sent in error" in page.words
    assert "Roll back" not in (await ada.get("/console/policy")).words, (
        "there is nothing further to go back to"
    )
    assert (await firm.acts())[-1] == ("policy-rolled-back", "ada", "version 1")


async def test_a_viewer_is_offered_nothing_to_go_back_to(vic: Browser, firm: Company) -> None:
    await second(firm, firm.folder)
    assert "Roll back" not in (await vic.get("/console/policy")).words


@pytest.mark.parametrize(("to", "status"), [("9", 404), ("1", 409), ("", 409)])
async def test_an_impossible_roll_back_is_refused(ada: Browser, to: str, status: int) -> None:
    assert (await ada.post("/console/policy/rollback", to=to)).status == status


@pytest.fixture
async def filled(firm: Company) -> None:
    await written(firm)


@pytest.mark.usefixtures("filled")
async def test_a_rule_shows_what_of_it_can_be_changed(ada: Browser) -> None:
    page = await ada.get("/console/policy/rules/prohibited-app")
    assert "Warns from Nov 1, 12:00 AM UTC" in page.words
    assert "Blocks from Dec 24, 8:00 AM UTC" in page.words
    assert "It applies to 25% of people" in page.words
    assert "TikTok Take off TikTok" in page.words
    assert '<option value="wechat">WeChat</option>' in page.text
    assert 'href="/console/policy/rules/prohibited-app"' in (await ada.get("/console/policy")).text


async def test_a_rule_says_how_many_have_let_themselves_in_lately(ada: Browser, firm: Company) -> None:
    await written(firm)
    assert "done so in the last 30 days" not in (await ada.get("/console/policy/rules/prohibited-app")).words
    policy = firm.folder / "policy.yaml"
    policy.write_text(policy.read_text().replace("share: 25%", "self_service: {}"))
    firm.bundle = load_bundle(firm.folder / "mailgate.yaml", {})
    page = await ada.get("/console/policy/rules/prohibited-app")
    assert "for 1 day, once in 30 days" in page.words
    assert "Nobody has done so in the last 30 days" in page.words
    for person in ("alice", "bob"):
        told = Relief(0, Cause.SELF_SERVICE, "prohibited-app", "", "self-service", NOW, NOW, person)
        await firm.store.reliefs.let_in(told, timedelta(days=30), Act(NOW, "self-service", "let-in"))
    page = await ada.get("/console/policy/rules/prohibited-app")
    assert "2 people have done so in the last 30 days" in page.words


@pytest.mark.parametrize("path", ["policy", "policy/rules/prohibited-app"])
async def test_a_rule_is_turned_off_and_resumed_where_it_is_read(
    ada: Browser, vic: Browser, firm: Company, path: str
) -> None:
    await second(firm, firm.folder)
    page = await ada.get(f"/console/{path}")
    assert ("Turn off prohibited-app …" in page.words, "Roll back to version 1 …" in page.words) == (
        True,
        True,
    )
    assert "Turn off laptop-browser" not in page.words, "it gives people mail"
    (origin,) = set(
        re.findall(rf'name="undoes" value="(/console/{path}(?:#rule-prohibited-app)?)"', page.text)
    )
    asked = await ada.post("/console/exemptions/rule-off", rule="prohibited-app", undoes=origin)
    assert f'name="undoes" value="{origin}"' in asked.text
    sent = {"rule": "prohibited-app", "confirmed": "yes", "note": "too many", "undoes": origin}
    page = await ada.post("/console/exemptions/rule-off", hours="4", **sent)
    assert page.path == f"/console/{path}"
    assert "“prohibited-app” is off for everybody for 4 hours. Undo" in page.words
    assert "Turn on prohibited-app …" in (await ada.get(f"/console/{path}")).words
    page = await ada.post("/console/exemptions/rule-on", **sent)
    assert (page.path, "“prohibited-app” is on again." in page.words) == (f"/console/{path}", True)
    assert not {"Turn off", "Roll back"} & set(
        re.findall("Turn off|Roll back", (await vic.get(f"/console/{path}")).words)
    )


async def test_a_page_elsewhere_is_no_page_to_come_back_to(ada: Browser) -> None:
    page = await ada.post(
        "/console/exemptions/rule-off", rule="prohibited-app", undoes="//evil.example/console/"
    )
    assert "evil.example" not in page.text


@pytest.mark.usefixtures("filled")
async def test_a_date_moves_and_keeps_its_time_and_its_zone(ada: Browser) -> None:
    fields = {"change": "move-stage", "rule": "prohibited-app", "stage": "enforce", "day": "2027-01-04"}
    page = await ada.post("/console/policy/drafts", **fields)
    assert "No prohibited app: starts to apply Jan 4, 2027, 8:00 AM UTC" in page.words
    assert "enforce: 2027-01-04T09:00:00+01:00}" in page.words


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("fields", "title", "line"),
    [
        ({"change": "move-stage", "stage": "enforce", "day": "2027-01-04"}, "starts to apply Jan 4, 2027", "stages: {enforce: 2027-01-04}"),
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


@pytest.mark.usefixtures("filled")
async def test_a_rule_that_is_not_there_has_no_page(ada: Browser) -> None:
    assert (await ada.get("/console/policy/rules/none")).status == 404


@pytest.mark.usefixtures("filled")
async def test_a_viewer_changes_nothing(vic: Browser) -> None:
    page = await vic.get("/console/policy/rules/prohibited-app")
    assert "Warns from" in page.words
    assert "<button" not in page.text.partition("<main")[2].partition("</main>")[0]
