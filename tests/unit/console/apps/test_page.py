"""An app is prohibited from a date on its page: whom it meets, from when, who is told and who approves; and each mistake in a sentence."""

from collections import Counter
from dataclasses import replace

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.drafted import planned, written
from tests.unit.console.phones import has, record

from mailgate.config import load_bundle
from mailgate.config.guard import GuardSettings
from mailgate.console.devices.rows import catch_up
from mailgate.console.now.counting import DeviceStates
from mailgate.model import Kind
from mailgate.rollout.stored_rules import edit_of, rules_with

GROUPS = '{"groups": {"sales": ["alice", "bob"], "lawyers": ["cy"]}}'


async def filled(firm: Company, *, groups: bool = True) -> None:
    if groups:
        (firm.folder / "groups.yaml").write_text(GROUPS)
    await written(firm)
    await has(
        firm,
        *(record(f"{name}1", name, "wechat") for name in ("alice", "bob", "cy")),
        record("l1", "lu", "wechat", kind=Kind.LAPTOP),
        record("d1", "dan"),
    )
    await catch_up(firm.store, firm.bundle, NOW)


async def test_each_step_from_everybody_to_those_who_lose_mail_says_why(firm: Company, ada: Browser) -> None:
    await filled(firm)
    page = await ada.get("/console/apps/wechat?group=sales&share=100%25&warn=2026-12-08&block=2026-12-15")
    # with its hour: midnight UTC of the day in the field is another day for some readers
    assert "2 people would lose mail from Tue, Dec 15, 12:00 AM UTC" in page.words
    assert "No mail from Tue, Dec 15, 12:00 AM UTC on." in page.words
    assert "4 people have WeChat On 4 devices." in page.words
    assert "3 have it on a phone or tablet 1 other has it elsewhere only: lu." in page.words
    assert "2 are in your groups 1 other is in none of them: cy." in page.words
    assert "2 are in the share You chose 100%." in page.words
    assert "sales 2 of 2" in page.words
    assert "2 people would lose mail Devices with it, as CSV" in page.words


BY_HAND = """\
  - id: wechat
    title: Phones and tablets with WeChat get no company mail
    when: client.handheld && "wechat" in device.apps
    effect: block
    groups: [sales]
    share: 50%
    stages: {warn: 2026-12-08, enforce: 2026-12-15}
    notice: {fix: remove-app}
"""
CHOSEN = {"group": "sales", "share": "50%", "warn": "2026-12-08", "block": "2026-12-15"}


@pytest.mark.parametrize("mails", ["", "by-hand", "itself"])
async def test_the_draft_is_the_file_that_somebody_would_write_by_hand(
    firm: Company, ada: Browser, mails: str
) -> None:
    await filled(firm)
    before = (firm.folder / "policy.yaml").read_text()
    page = await ada.post("/console/apps/wechat", do="plan", **CHOSEN, **({"mails": mails} if mails else {}))
    assert "We are making the plan. Nothing changes until you start it." in page.words
    digest = await planned(firm)
    (draft,) = await firm.store.drafts.latest(5)
    candidate = await rules_with(firm.store, draft)
    told = {"itself": "{fix: remove-app, send: on_dates}"}.get(mails, "{fix: remove-app}")
    by_hand = before.replace(
        "  - {id: everybody", BY_HAND.replace("{fix: remove-app}", told) + "  - {id: everybody"
    )
    assert candidate.texts["policy.yaml"] == by_hand
    (firm.folder / "policy.yaml").write_text(by_hand)
    written_by_hand = load_bundle(firm.folder / "mailgate.yaml", {}).rules
    assert written_by_hand.policy.version == candidate.policy.version
    assert edit_of(draft).is_in(written_by_hand.policy)
    (plan,) = await firm.store.plans.find(digest)
    assert plan.candidate.digest == candidate.digest


async def test_a_draft_that_is_saved_is_not_planned(firm: Company, ada: Browser) -> None:
    await filled(firm)
    page = await ada.post("/console/apps/wechat", do="draft", **CHOSEN)
    assert "Prohibit WeChat" in page.words
    assert firm.context.planning.last is None


MISTAKES = {
    "a day that is over": ({"warn": "2026-11-03"}, "2026-11-03 is over. Choose today or a later day."),
    "no kind of device": ({"where": ""}, "Choose phones, tablets or both."),
    "no time between": ({"warn": "2026-12-15"}, "The warning has to start before the block."),
    "no block": ({"block": ""}, "The warning has to start before the block."),
}


@pytest.mark.parametrize("name", MISTAKES)
async def test_a_choice_that_cannot_be_planned_says_why(firm: Company, ada: Browser, name: str) -> None:
    await filled(firm)
    wrong, words = MISTAKES[name]
    page = await ada.post("/console/apps/wechat", do="plan", **CHOSEN | wrong)
    assert page.status == 422
    assert words in page.words
    assert await firm.store.drafts.latest(5) == []


async def test_a_choice_that_nobody_offers_is_a_mistake_of_the_address(firm: Company, ada: Browser) -> None:
    await filled(firm)
    assert (await ada.get("/console/apps/wechat?group=&group=sales&group=sales")).status == 200
    for query in ("group=nobody", "share=0%25", "where=laptops", "odd=1", "block=soon"):
        assert (await ada.get(f"/console/apps/wechat?{query}")).status == 422
    assert (await ada.get("/console/apps/unheard-of")).status == 404


async def test_an_app_that_is_prohibited_leads_to_its_rule(firm: Company, ada: Browser) -> None:
    await filled(firm)
    page = await ada.get("/console/apps/tiktok")
    assert "“No prohibited app” is about it." in page.words
    assert 'href="/console/policy/rules/prohibited-app"' in page.text
    assert "Make plan" not in page.words
    assert "Nobody is known" not in page.words, "who has it and gets no mail already is not nobody"
    assert 'href="/console/devices?app=tiktok"' in page.text


async def test_shares_are_written_as_in_the_language_of_the_page(firm: Company, ada: Browser) -> None:
    await filled(firm)
    page = await ada.get("/console/apps/wechat", headers={"Accept-Language": "de"})
    assert "Sie haben 100 % gewählt." in page.words
    assert "100%" not in page.words


async def test_a_proposed_title_names_the_devices_that_are_chosen_and_an_own_one_stays(
    firm: Company, ada: Browser
) -> None:
    await filled(firm)
    for words, title in (
        ("Phones and tablets with WeChat get no company mail", "Phones with WeChat get no company mail"),
        ("No WeChat", "No WeChat"),
    ):
        await ada.post("/console/apps/wechat", do="draft", where="phones", words=words, **CHOSEN)
        (draft, *_) = await firm.store.drafts.latest(1)
        assert getattr(edit_of(draft), "words", "") == title


async def test_without_groups_the_rule_is_about_everybody_and_says_so(firm: Company, ada: Browser) -> None:
    await filled(firm, groups=False)
    page = await ada.get("/console/apps/wechat")
    assert "No groups are known, so the rule is about everybody." in page.words
    assert "3 people would lose mail from Tue, Dec 15" in page.words


async def test_nobody_affected_is_said_as_far_as_is_known(firm: Company, ada: Browser) -> None:
    await written(firm)
    page = await ada.get("/console/apps/wechat")
    assert "Nobody would lose mail, as far as is known." in page.words
    assert "Nobody is known to have it there." in page.words


async def test_devices_that_no_source_sees_are_told_and_are_never_nobody(firm: Company, ada: Browser) -> None:
    await filled(firm)
    firm.context.counting.devices = DeviceStates(Counter(clean=2, partial=3), NOW)
    assert "No source sees every app on 3 devices." in (await ada.get("/console/apps/wechat")).words
    firm.context.counting.devices = DeviceStates(Counter(partial=3), NOW)
    assert "No source sees all apps of any device." in (await ada.get("/console/apps/wechat")).words


async def test_more_than_the_guard_lets_needs_somebody_else_who_is_named(
    firm: Company, ada: Browser, lin: Browser
) -> None:
    await filled(firm)
    assert "The settings set no limit." in (await ada.get("/console/apps/wechat")).words
    guarded(firm, 1)
    page = await ada.get("/console/apps/wechat")
    assert (
        "lin approves it. More than 1 person would lose mail, so a second person has to look." in page.words
    )
    page = await lin.get("/console/apps/wechat")
    assert "Nobody else may approve: ask whoever looks after the settings" in page.words
    guarded(firm, 9)
    assert (
        "Nobody has to approve it. Up to 9 people need no approval."
        in (await ada.get("/console/apps/wechat")).words
    )


async def test_nobody_is_told_that_no_approval_is_needed_where_the_plan_may_need_one(
    firm: Company, ada: Browser
) -> None:
    """The guard counts devices of nobody known, and what others have kept out within its window."""
    await filled(firm)
    guarded(firm, 9)
    for number in range(9):
        await has(firm, record(f"n{number}", "", "wechat"))
    await catch_up(firm.store, firm.bundle, NOW)
    page = await ada.get("/console/apps/wechat")
    assert "lin may have to approve it. Up to 9 people or devices need no approval, with" in page.words


async def test_a_reader_sees_who_has_an_app_and_no_form(firm: Company, vic: Browser) -> None:
    await filled(firm)
    page = await vic.get("/console/apps/wechat")
    assert "Who has it on a phone or tablet" in page.words
    assert "Make plan" not in page.words


async def test_the_mail_to_those_who_are_newly_affected_is_shown_before(firm: Company, ada: Browser) -> None:
    await filled(firm)
    page = await ada.get("/console/apps/wechat?words=No+WeChat+on+phones&warn=2026-12-08&block=2026-12-15")
    assert "a rule is coming that affects a device of yours" in page.text
    assert "No WeChat on phones" in page.text


def guarded(firm: Company, most: int) -> None:
    settings = firm.bundle.settings
    guard = GuardSettings(max_newly_blocked=most)
    firm.bundle = replace(firm.bundle, settings=settings.model_copy(update={"guard": guard}))


async def test_notices_start_by_themselves_unless_somebody_does_it_or_no_mails_are_sent(
    firm: Company, ada: Browser
) -> None:
    await filled(firm)
    itself = 'name="mails" value="itself" checked'
    assert itself in (await ada.get("/console/apps/wechat")).text
    assert itself not in (await ada.get("/console/apps/wechat?mails=by-hand&block=2026-12-15")).text
    firm.no_notices()
    assert 'name="mails"' not in (await ada.get("/console/apps/wechat")).text


@pytest.mark.parametrize(
    ("company", "title"),
    [
        ("en", "Phones and tablets with WeChat get no company mail"),
        ("de", "Smartphones und Tablets mit WeChat bekommen keine Firmen-E-Mail"),
        ("fr", "Phones and tablets with WeChat get no company mail"),
    ],
)
async def test_a_title_is_proposed_in_the_language_of_the_company_whatever_the_admin_reads(
    firm: Company, ada: Browser, company: str, title: str
) -> None:
    await filled(firm)
    languages = firm.bundle.settings.languages.model_copy(update={"default": company})
    settings = firm.bundle.settings.model_copy(update={"languages": languages})
    firm.bundle = replace(firm.bundle, settings=settings)
    for reader in ("en-GB", "de"):
        page = await ada.get("/console/apps/wechat", headers={"Accept-Language": reader})
        assert f'name="words" value="{title}"' in page.text
