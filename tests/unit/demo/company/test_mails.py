"""Mails: who was written to is who was told something, and whoever a mistake reached was told so."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from tests.unit.demo.company.conftest import Made
from tests.unit.demo.examples import NOW as TODAY
from tests.unit.policy.examples import NOW, PHONE, WITH_TIKTOK, access, policy_of

from mailgate.demo.company.history import Era
from mailgate.demo.company.mails import affected_by
from mailgate.demo.company.requests import RepeatedAnswer
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause
from mailgate.store import MailKind, MailState, Store, sighting_of
from mailgate.store.client_facts import client_facts
from mailgate.store.sightings import Tally


async def test_everybody_reached_by_the_mistaken_version_was_told_of_it(store: Store, made: Made) -> None:
    mails = await store.mails.page(size=1000)
    (mistaken,) = {each.version for each in mails if each.kind is MailKind.CORRECTION}
    reached = {each.login for each in mails if each.version == mistaken and each.kind is MailKind.ENFORCED}
    assert reached
    assert reached == {each.login for each in mails if each.kind is MailKind.CORRECTION}


async def test_the_same_answer_by_the_rules_before_needs_no_correction() -> None:
    """``docs/decisions/0063``."""
    before, mistake = (
        policy_of({"id": "apps", "when": f"client.handheld && {when}"}, {"effect": "allow"})
        for when in ("'tiktok' in device.apps", "device.apps.size() > 0")
    )
    eras = [
        Era(NOW + timedelta(days=day), each) for day, each in enumerate((before, mistake, before, before))
    ]
    for app, corrected in (("tiktok", False), ("wechat", True)):
        asks = access(PHONE, replace(WITH_TIKTOK, apps=(app,)))
        found = [
            affected_by(
                RepeatedAnswer(
                    asks, answer, sighting_of(client_facts(asks), asks, answer), Tally(1, NOW, NOW)
                ),
                eras,
            )
            for answer in (decide(asks, before), decide(asks, mistake))
        ]
        assert [each.corrected for each in found] == [False, corrected]


async def test_nobody_waits_for_a_mail_and_none_is_written_twice(store: Store, made: Made) -> None:
    mails = await store.mails.page(size=1000)
    assert {each.state for each in mails} <= {MailState.SENT, MailState.FAILED, MailState.UNSURE}
    twice = Counter((each.login, each.version, each.kind) for each in mails)
    assert max(twice.values()) == 1
    assert await store.retractions.open() == []


async def test_the_persons_of_refused_mail_apps_were_written_to(store: Store, made: Made) -> None:
    refused = [row for row in await store.sightings.latest(size=10_000) if row.sighting.effect == "block"]
    by_app = {row.sighting.user for row in refused if row.sighting.client.protocol == "activesync"}
    assert by_app
    assert {told_to for told_to in by_app if await store.people.quarantine_mails([told_to])} == by_app


async def test_some_people_are_exempt_and_one_no_longer(store: Store, made: Made) -> None:
    given = [each for each in await store.reliefs.history() if each.relief.cause is Cause.EXEMPTION]
    assert [each.holds(TODAY) for each in given] == [False, True, True]
    assert all(each.relief.person and each.relief.why for each in given)


async def test_exempt_people_got_mail_since_their_exemption(store: Store, made: Made) -> None:
    for relief in (await store.reliefs.current(TODAY)).every:
        rows = await store.sightings.latest(user=relief.person, size=1000)
        since = [row for row in rows if row.tally.first >= relief.at]
        assert since
        assert {row.sighting.effect for row in since if row.sighting.rule != "default"} == {"allow"}


async def test_a_rule_is_off_until_somebody_puts_it_back(store: Store, made: Made) -> None:
    (off,) = await store.reliefs.off(TODAY)
    assert (off.relief.cause, off.relief.author) == (Cause.BREAK_GLASS, "grace")
    assert off.relief.until
    assert off.relief.until > TODAY > off.relief.at


async def test_people_who_ask_for_help_were_refused_by_that_rule(store: Store, made: Made) -> None:
    asked = await store.help_requests.page()
    assert asked
    for each in asked:
        refusal = await store.sightings.find(each.reference)
        assert refusal
        assert (refusal.sighting.user, refusal.sighting.rule) == (each.person, each.rule)
        assert refusal.sighting.effect == "block"
