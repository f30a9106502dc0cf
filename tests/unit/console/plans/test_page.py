"""Plans: made by one person, approved by another, put in force, each after it was confirmed."""

import csv
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from tests.integration.gate import PHONE_RULES
from tests.unit.console.browsing import NOW, Browser, Company, Page
from tests.unit.console.drafted import followed
from tests.unit.console.phones import asks, has, record
from tests.unit.store.examples import access

from mailgate.config import load_bundle
from mailgate.model import Decision, Effect, Reason, RequestFacts
from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act
from mailgate.store.plan_movers import MoverFilter

Opened = Callable[[], Awaitable[Browser]]
NOBODY = {"rules": [{"id": "nobody", "when": "true", "effect": "block"}]}
GUARD = {"max_newly_blocked": 0}


async def settled(firm: Company) -> None:
    """Some people with devices, and a guard that lets nobody be kept out newly."""
    phones = await has(firm, record("a1", "alice", "tiktok"), record("b1", "bob"), record("c1", "cy"))
    await asks(firm, phones[0], "alice")
    known = load_bundle(firm.folder / "mailgate.yaml").settings
    settings = json.loads((firm.folder / "mailgate.yaml").read_text()) | {"guard": GUARD}
    (firm.folder / "mailgate.yaml").write_text(json.dumps(settings))
    assert known.guard is None
    firm.bundle = load_bundle(firm.folder / "mailgate.yaml")


async def planned(browser: Browser, firm: Company, **fields: str) -> str:
    """Let nobody in by the files on disk, and plan that; the digest."""
    (firm.folder / "policy.yaml").write_text(json.dumps(NOBODY))
    page = await browser.post("/console/policy/plans", **{"days": "14"} | fields)
    assert (page.status, page.path) == (200, "/console/policy/plans"), page.words
    assert firm.context.planning._task
    await firm.context.planning._task
    making = firm.context.planning.last
    assert making
    assert making.digest, making.wrong
    return making.digest


STAGED = {"rules": [NOBODY["rules"][0] | {"stages": {"warn": "2030-01-01", "enforce": "2030-02-01"}}]}


async def page_of_plan(ada: Browser, firm: Company, *rules: object) -> Page:
    """The page of a plan whose files have these rules before those for phones."""
    (firm.folder / "policy.yaml").write_text(json.dumps({"rules": [*rules, *PHONE_RULES["rules"]]}))
    await ada.post("/console/policy/plans", days="14")
    assert firm.context.planning._task
    await firm.context.planning._task
    assert firm.context.planning.last
    return await ada.get(f"/console/policy/plans/{firm.context.planning.last.digest}")


async def test_a_plan_says_whom_each_later_stage_moves(ada: Browser, firm: Company) -> None:
    await settled(firm)
    page = await page_of_plan(ada, firm, *STAGED["rules"])
    assert "Change At once From Jan 1, 2030, 12:00 AM UTC From Feb 1, 2030, 12:00 AM UTC" in page.words
    assert "“nobody” starts on Jan 1, 2030" in page.words
    assert re.search(r"Newly warned 0 [1-3] people [1-3] devices", page.words)
    later = page.words.partition("Kind Device")[2].partition("In numbers")[0]
    assert "Newly warned Jan 1, 2030, 12:00 AM UTC nobody" in later
    assert "Without this plan: gets mail by" in later
    assert "at once" not in later, "what decides at a later moment does not do so at once"


async def in_force(firm: Company) -> int:
    active = await firm.store.policies.active()
    return active.number if active else 0


async def test_a_plan_of_the_files_says_whom_it_would_move(ada: Browser, firm: Company) -> None:
    await settled(firm)
    digest = await planned(ada, firm)
    listed = await ada.get("/console/policy/plans")
    assert "ada’s plan is ready" in listed.words
    page = await ada.get(f"/console/policy/plans/{digest}")
    assert "Newly without mail 2 people 2 devices" in page.words
    assert "of 0 people would or might" not in page.words
    assert "2 of 3 people would or might lose mail; more than 0 needs approval" in page.words
    assert "Added rule nobody" in page.words
    assert "Removed rule laptop-browser" in page.words
    listed = page.words.partition("Who it changes")[2]
    assert "2 people , 2 rows" in listed
    assert "bob Newly without mail at once nobody" in listed
    assert "alice" not in listed
    assert 'aria-label="The whole company. 2 people with 2 devices without mail.' in page.text
    assert await in_force(firm) == 1


async def test_everybody_who_moves_is_found_sorted_and_taken_away(ada: Browser, firm: Company) -> None:
    await settled(firm)
    digest = await planned(ada, firm)
    page = await ada.get(f"/console/policy/plans/{digest}?name=bo&sort=-person&label=block&at=0")
    listed = page.words.partition("Who it changes")[2]
    assert ("1 person , 1 row" in listed, "cy" in listed.partition("Device")[2]) == (True, False)
    assert "Nobody matches" in (await ada.get(f"/console/policy/plans/{digest}?rule=other")).words
    sheet = (await ada.get(f"/console/policy/plans/{digest}/people.csv?sort=person")).text.removeprefix(
        "\ufeff"
    )
    first, *rows = csv.reader(sheet.splitlines())
    assert first[0] == "person"
    assert [row[0] for row in rows] == ["bob", "cy"]


async def test_a_plan_is_called_by_what_it_changes(ada: Browser, firm: Company) -> None:
    digest = await planned(ada, firm)
    page = await ada.get(f"/console/policy/plans/{digest}")
    title = "New rule “nobody” blocks people and"
    assert title in page.words
    assert f"<title>{title.replace(chr(39), '&#39;')}" in page.text
    assert title in (await ada.get("/console/policy/plans")).words


async def test_a_plan_that_others_overtook_is_planned_again_with_one_click(
    ada: Browser, firm: Company
) -> None:
    digest = await planned(ada, firm)
    other = firm.candidate(json.dumps({"rules": [NOBODY["rules"][0] | {"id": "other"}]}))
    await firm.store.policies.activate(rule_texts_of(other), Act(firm.clock(), "lin", "policy-activated"))
    assert "Plan it again" in (await ada.get(f"/console/policy/plans/{digest}")).words
    await ada.post("/console/policy/plans", plan=digest)
    assert firm.context.planning._task
    await firm.context.planning._task
    made = firm.context.planning.last
    assert made
    assert made.digest != digest
    assert "Open" in (await ada.get(f"/console/policy/plans/{made.digest}")).words


async def test_a_person_without_the_role_is_told_whom_to_ask(
    vic: Browser, ada: Browser, firm: Company
) -> None:
    await settled(firm)
    digest = await planned(ada, firm)
    page = await vic.get(f"/console/policy/plans/{digest}")
    assert "Ask ada or lin to start it" in page.words
    assert "Ask lin to approve it" in page.words
    assert "Start this plan" not in page.words


async def test_a_plan_says_who_could_be_told_first_and_how(ada: Browser, lin: Browser, firm: Company) -> None:
    await settled(firm)
    digest = await planned(ada, firm)
    page = await ada.get(f"/console/policy/plans/{digest}")
    assert "Tell these first" in page.words
    assert "nobody : It meets them at once. To tell them first, give it a date" in page.words
    await lin.post(f"/console/policy/plans/{digest}/approve", confirmed="yes", note="agreed")
    await ada.post(f"/console/policy/plans/{digest}/apply", confirmed="yes", note="sent in error")
    firm.bundle = load_bundle(firm.folder / "mailgate.yaml")
    page = await ada.get(f"/console/policy/plans/{digest}")
    assert "Tell them" in page.words
    assert "/console/notices/2/enforced?rule=nobody" in page.text


async def test_notices_that_start_by_themselves_leave_nobody_to_tell(ada: Browser, firm: Company) -> None:
    await settled(firm)
    sends = NOBODY["rules"][0] | {"stages": {"warn": "2030-01-01"}, "notice": {"send": "on_dates"}}
    page = await page_of_plan(ada, firm, sends)
    assert "By themselves: when the plan starts" in page.words
    assert "Tell these first" not in page.words


async def test_people_added_by_a_plan_are_not_told_by_the_running_notice(ada: Browser, firm: Company) -> None:
    await settled(firm)
    wider = json.loads(json.dumps(PHONE_RULES))
    wider["rules"][1]["when"] = 'client.kind == "phone" || "prohibited" in device.lists'
    await ada.post("/console/policy/plans", **{"days": "14", "from": "upload", "file": json.dumps(wider)})
    assert firm.context.planning._task
    await firm.context.planning._task
    assert firm.context.planning.last
    page = await ada.get(f"/console/policy/plans/{firm.context.planning.last.digest}")
    assert (
        "prohibited-app : It meets them at once, and its notice goes to those it affects today" in page.words
    )
    assert "/console/notices/" not in page.text.partition('id="tell"')[2]


async def test_names_go_when_somebody_is_forgotten_and_the_page_says_so(ada: Browser, firm: Company) -> None:
    await settled(firm)
    digest = await planned(ada, firm)
    await firm.store.personal.forget("bob", firm.clock())
    page = await ada.get(f"/console/policy/plans/{digest}")
    assert "bob" not in page.words
    assert "1 row is missing" in page.words


async def test_the_picture_and_the_counts_can_be_taken_away(
    vic: Browser, ada: Browser, firm: Company
) -> None:
    await settled(firm)
    digest = await planned(ada, firm)
    page = await vic.get(f"/console/policy/plans/{digest}/picture.svg")
    assert page.text.startswith("<svg")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    sheet = (await vic.get(f"/console/policy/plans/{digest}/counts.csv")).text.removeprefix("\ufeff")
    rows = list(csv.reader(sheet.splitlines()))
    assert ["block", "all", "", "2", "2"] in rows


async def test_an_uploaded_file_is_planned_in_place_of_the_stored_one(ada: Browser, firm: Company) -> None:
    digest = await planned(
        ada, firm, **{"from": "upload", "file": json.dumps({"rules": PHONE_RULES["rules"][1:]})}
    )
    page = await ada.get(f"/console/policy/plans/{digest}")
    assert "Removed rule laptop-browser" in page.words
    assert "“laptop-browser” is removed" in page.words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"days": "0"}, "1 to 366 days"),
        (
            {"days": "14", "from": "upload", "file": "rules: [{id: a, when: nonsense, effect: block}]"},
            "the rules:1:",
        ),
        ({"days": "14", "from": "upload", "file": ""}, "the rules:1:1: the file is empty"),
    ],
)
async def test_an_impossible_plan_is_said_with_its_place(
    ada: Browser, firm: Company, fields: dict[str, str], words: str
) -> None:
    page = await ada.post("/console/policy/plans", **fields)
    assert (page.status, words in page.words) == (422, True), page.words
    assert "/tmp" not in page.words
    assert firm.context.planning.last is None


async def approved(browser: Browser, digest: str, **fields: str) -> Page:
    return await browser.post(f"/console/policy/plans/{digest}/approve", **fields)


async def test_another_person_approves_and_a_third_puts_it_in_force(
    ada: Browser, lin: Browser, opened: Opened, firm: Company
) -> None:
    await settled(firm)
    digest = await planned(ada, firm)
    assert "Your plan needs 1 approval: " in (await ada.get("/console/")).words
    assert "ada asks for your approval: " in (await lin.get("/console/")).words
    page = await approved(lin, digest)
    assert "You approve exactly this plan and these people" in page.words
    assert "Newly without mail 2 people 2 devices" in page.words
    assert "bob Newly without mail at once" in page.words
    assert (await approved(lin, digest, confirmed="yes")).status == 409
    page = await approved(lin, digest, confirmed="yes", note="agreed")
    assert "Approved by lin" in page.words
    assert "asks for your approval" not in (await lin.get("/console/")).words
    page = await ada.get("/console/")
    assert "Your plan is approved by lin: " in page.words
    assert f'href="/console/policy/plans/{digest}/apply">Start it</a>' in page.text
    page = await ada.post(f"/console/policy/plans/{digest}/apply")
    assert "Newly without mail 2 people 2 devices" in page.words
    assert "Override the objections" not in page.words
    assert await in_force(firm) == 1
    page = await lin.get(f"/console/policy/plans/{digest}")
    assert "You have approved this plan." in page.words
    assert "You approve exactly" not in page.words
    page = await lin.get(f"/console/policy/plans/{digest}/approve")
    assert "You have approved this plan." in page.words
    page = await approved(lin, digest, confirmed="yes", note="again")
    assert "Not done. You have approved this plan already: it has the approvals that it needs." in page.words
    page = await ada.post(f"/console/policy/plans/{digest}/apply", confirmed="yes", note="as agreed")
    assert page.path == f"/console/policy/plans/{digest}/watch"
    assert await in_force(firm) == 2
    assert [each[:2] for each in (await firm.acts())[-3:]] == [
        ("policy-planned", "ada"),
        ("policy-approved", "lin"),
        ("policy-activated", "ada"),
    ]
    page = await ada.get("/console/policy/plans")
    assert "Running" in page.words


async def test_an_approver_reads_that_notices_start_by_themselves_and_the_watch_page_shows_each(
    ada: Browser, lin: Browser, firm: Company
) -> None:
    await settled(firm)
    rule = {"id": "shut", "title": "No phones", "when": "client.handheld", "effect": "block"}
    soon = rule | {"stages": {"warn": "2026-12-08", "enforce": "2026-12-15"}, "notice": {"send": "on_dates"}}
    rules = json.dumps({"rules": [soon, *PHONE_RULES["rules"]]})
    await ada.post("/console/policy/plans", **{"days": "14", "from": "upload", "file": rules})
    assert firm.context.planning._task
    await firm.context.planning._task
    path = f"/console/policy/plans/{firm.context.planning.last.digest}"  # type: ignore[union-attr]
    told = "Notices By themselves: when the plan starts, and on each of its dates to whoever still has it"
    assert told in (await lin.get(path)).words
    await lin.post(f"{path}/approve", confirmed="yes", note="seen")
    await ada.post(f"{path}/apply", confirmed="yes", note="agreed")
    await followed(firm)
    page = await ada.get(f"{path}/watch")
    assert "No phones: it warns now Starts by itself Tue, Dec 8, 2026, 12:00 AM UTC . Open" in page.words
    assert "No phones: it blocks now Starts by itself Tue, Dec 15, 2026, 12:00 AM UTC . Open" in page.words
    assert "Write the mail" not in page.words


async def test_an_approver_reads_the_rule_the_dates_and_the_names_before_the_button(
    ada: Browser, lin: Browser, firm: Company
) -> None:
    await settled(firm)
    rule = {"id": "shut", "title": "No phones", "when": "client.handheld", "effect": "block"}
    soon = rule | {"stages": {"warn": "2026-12-08", "enforce": "2026-12-15"}}
    rules = json.dumps({"rules": [soon, *PHONE_RULES["rules"]]})
    await ada.post("/console/policy/plans", **{"days": "14", "from": "upload", "file": rules})
    assert firm.context.planning._task
    await firm.context.planning._task
    made = firm.context.planning.last
    assert made
    page = await lin.get(f"/console/policy/plans/{made.digest}")
    order = [
        "What changes",
        "Who loses mail",
        "bob",
        "Your decision",
        "Approve Send back to ada",
        "In numbers",
    ]
    places = [page.words.index(each) for each in order]
    assert places == sorted(places)
    assert "Approve: No phones" in page.words
    assert "Applies to Phones and tablets Groups Everybody Share 100% of people" in page.words
    assert "They are warned 7 days before." in page.words
    assert (
        "Warns from Tue, Dec 8, 2026, 12:00 AM UTC Blocks from Tue, Dec 15, 2026, 12:00 AM UTC" in page.words
    )
    assert 'aria-label="From Tue, Dec 8, 2026:' in page.text


async def test_a_plan_goes_back_to_its_author_with_a_note(ada: Browser, lin: Browser, firm: Company) -> None:
    await settled(firm)
    digest = await planned(ada, firm)
    page = await lin.post(f"/console/policy/plans/{digest}/send-back", confirmed="yes", note="too early")
    assert "You sent this plan back." in page.words
    assert "Sent back by lin: too early." in page.words
    assert "You approve exactly" not in page.words
    page = await ada.get(f"/console/policy/plans/{digest}")
    assert "Plan it again" in page.words
    assert "Start it all the same" in page.words
    assert "Sent back" in (await ada.get("/console/policy/plans")).words


async def test_nobody_approves_their_own_plan(lin: Browser, firm: Company) -> None:
    await settled(firm)
    digest = await planned(lin, firm)
    assert "You approve exactly" not in (await lin.get(f"/console/policy/plans/{digest}")).words
    page = await approved(lin, digest, confirmed="yes", note="mine")
    assert (page.status, "You made this plan, and nobody else may approve it." in page.words) == (409, True)


async def test_an_override_beyond_the_guard_still_needs_another_person(
    ada: Browser, lin: Browser, firm: Company
) -> None:
    await settled(firm)
    digest = await planned(ada, firm)
    page = await ada.post(f"/console/policy/plans/{digest}/apply")
    assert "Override the objections" in page.words
    page = await ada.post(f"/console/policy/plans/{digest}/apply", confirmed="yes", note="now")
    assert (page.status, await in_force(firm)) == (409, 1)
    assert "Not done. 1 of 2 people would" in page.words or "Not done. 2 of" in page.words, page.words
    assert "it needs 1 more approval" in page.words
    assert "To do it all the same" not in page.words, "what a command line says is not for a page"
    assert "Override the objections" in page.words, "it can be done all the same from there"
    assert 'name="note" maxlength="1000" required value="now"' in page.text, "what was typed is there still"
    fire = {"confirmed": "yes", "note": "fire", "override": "yes"}
    page = await ada.post(f"/console/policy/plans/{digest}/apply", **fire)
    assert (page.status, await in_force(firm)) == (409, 1)
    assert "nobody overrides alone where another person may approve" in page.words.lower()
    await lin.post(f"/console/policy/plans/{digest}/approve", confirmed="yes", note="agreed")
    page = await ada.post(f"/console/policy/plans/{digest}/apply", **fire)
    assert (page.status, await in_force(firm)) == (200, 2)
    assert (await firm.acts())[-1][0] == "policy-activated"


async def test_an_unknown_plan_is_said(ada: Browser) -> None:
    page = await ada.get("/console/policy/plans/abcdef123456")
    assert (page.status, "No plan is called" in page.words) == (404, True)


async def refused(firm: Company, policy: str, user: str) -> None:
    decision = Decision(Effect.BLOCK, Reason.RULE_MATCHED, "nobody", policy)
    asked = access(RequestFacts(headers={"user-agent": "x"}), device="", user=user, now=firm.clock())
    firm.store.ledger.record(asked, decision, "REF")
    await firm.store.ledger.flush()


async def test_a_plan_that_somebody_else_has_started_is_said_to_be_theirs(
    ada: Browser, lin: Browser, firm: Company
) -> None:
    digest = await planned(ada, firm)
    for browser, said in ((ada, "You started this plan."), (lin, "ada has already started this plan.")):
        page = await browser.post(f"/console/policy/plans/{digest}/apply", confirmed="yes", note="agreed")
        assert said in page.words


async def test_the_outcome_tells_planned_and_other_refusals(lin: Browser, firm: Company) -> None:
    await settled(firm)
    await has(firm, record("n1", ""))  # it is nobody's
    digest = await planned(lin, firm)
    page = await lin.get(f"/console/policy/plans/{digest}/watch")
    assert page.path == f"/console/policy/plans/{digest}"  # it is not in force
    applied = {"confirmed": "yes", "note": "sent in error", "override": "yes"}
    await lin.post(f"/console/policy/plans/{digest}/apply", **applied)
    (plan,) = await firm.store.plans.find(digest)
    firm.clock.now = NOW + timedelta(minutes=20)
    for user in ("bob", "BOB", "zoe"):
        await refused(firm, plan.candidate.policy, user)
    page = await lin.get(f"/console/policy/plans/{digest}/watch")
    assert "Not as planned. 1 person outside the plan was refused." in page.words
    assert "Refused 3 1 bob Removed the app in time 0 Not seen yet 2 " in page.words
    assert "Refused outside the plan 0 1 zoe Help requests 0" in page.words
    assert "more client" not in page.words
    movers = (await firm.store.movers.search(digest, MoverFilter(name="cy"), 0, 1, large=False)).rows
    await firm.store.movers.add(digest, 9, [each._replace(person="", device="client 1") for each in movers])
    page = await lin.get(f"/console/policy/plans/{digest}/watch")
    assert "Refused 3 1 bob Removed the app in time 0 Not seen yet 2 " in page.words
    assert "1 more client in the plan has no name and no known device" in page.words
    assert "So far 1 of 3 people in the plan were refused" in page.text, "in the picture's words too"
    assert "Roll back to version 1 …" in page.words
    firm.clock.now = NOW + timedelta(minutes=30)
    await lin.post("/console/policy/rollback", confirmed="yes", note="sent in error", to="1")
    page = await lin.get(f"/console/policy/plans/{digest}/watch")
    assert "Refused 3 1 bob" in page.words
    assert "Rolled back Ran as version 2 from" in page.words
    assert "lin rolled back to version 1: sent in error" in page.words
    assert "Roll back to" not in page.words
    assert "data-again" not in page.text, "it changes no more"
    page = await lin.get(f"/console/policy/plans/{digest}")
    assert "Ran as version 2 from" in page.words
    assert "The plan opens again" not in page.words
    assert f'href="/console/policy/plans/{digest}/watch"' in page.text
    assert "Plan it again" in page.words
    assert "Rolled back" in (await lin.get("/console/policy/plans")).words
