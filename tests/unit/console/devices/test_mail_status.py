"""How one device stands, and the sentence that says it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.unit.console.files import BANNED, OPEN, bundle
from tests.unit.store.examples import ALLOW, BLOCK, BROWSER, NOW, access, minutes

from mailgate.console.devices.mail_status import (
    HEADLINES,
    MailAccess,
    MailStatus,
    mail_status,
    mail_status_of,
    name_of,
)
from mailgate.console.explain.requests import sightings_of
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import Absence, AppsReport, Decision, Effect, Kind, Posture, PostureState, Reason
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Store
from mailgate.store.client_facts import client_facts
from mailgate.store.sightings import Recorded, Sighting, Tally

DAY = timedelta(days=1)
TITLED = BANNED | {"title": "No such apps"}
WARNED = BANNED | {"stages": {"report_only": "2020-01-01", "warn": "2026-11-01", "enforce": "2026-12-08"}}


def exempt(rule: str = "banned", until: datetime | None = NOW + DAY, **whom: str) -> Relief:
    return Relief(
        1, Cause.EXEMPTION, rule, "a test phone", "grace", NOW - DAY, until, **whom or {"person": "ada"}
    )


async def reported(store: Store, *apps: str, owner: str = "ada") -> str:
    """The id of a phone that Jamf looked at an hour ago."""
    looked = AppsReport(frozenset(apps), True, NOW - timedelta(hours=1))
    record: Report = report_by("jamf", "7", owner, Kind.PHONE, "ios", apps=looked)
    await store.devices.ingest([record], NOW)
    (device,) = await store.devices.called("7")
    return device.id


async def stands(store: Store, *rules: object, exempt: tuple[Relief, ...] = ()) -> MailStatus:
    """How the only device stands."""
    (device,) = await store.devices.called("7")
    seen = await sightings_of(store, device)
    return await mail_status_of(store, bundle(*rules, exempt=exempt), device, NOW, seen)


def test_every_way_to_stand_has_a_headline_of_its_own() -> None:
    assert set(HEADLINES) == set(MailAccess)
    assert len(set(HEADLINES.values())) == len(MailAccess)


async def test_a_clean_device_gets_mail_and_it_is_said_who_looked(store: Store) -> None:
    await reported(store)
    found = await stands(store)
    assert (found.mail, found.rule, found.exempt_from, found.since) == (MailAccess.GETS, "open", "", None)
    assert found.sentence == "Gets mail: no listed app on it; jamf looked at 2026-12-01 11:00 UTC."


@pytest.mark.parametrize(
    ("posture", "cause"),
    [
        (Posture(PostureState.CLEAN, absence=Absence.SEEN), "no listed app on it"),
        (Posture(PostureState.CLEAN, absence=Absence.ENFORCED), "no listed app can run on it"),
        (Posture(PostureState.PARTIAL, reported_at=NOW), "not every app on it was seen"),
        (Posture(PostureState.STALE, reported_at=NOW), "the last report of its apps is too old"),
        (Posture(PostureState.STALE, kind=Kind.LAPTOP, sources=("enrolled",)), "it does not report now"),
        (Posture(PostureState.UNAVAILABLE), "reports of its apps cannot be read"),
        (Posture(), "nothing was reported of its apps"),
    ],
)
def test_that_no_app_is_there_is_told_only_if_it_is_known(posture: Posture, cause: str) -> None:
    allowed = Decision(Effect.ALLOW, Reason.RULE_MATCHED, "open", "v1")
    assert mail_status(replace(access(), posture=posture), allowed, bundle().policy).cause == cause


async def test_a_listed_app_without_a_rule_is_told_too(store: Store) -> None:
    await reported(store, "tiktok", "chess")
    assert (await stands(store, OPEN)).cause == "Chess and Tiktok on it, which no rule blocks"


async def test_a_refused_device_tells_its_apps_and_what_would_help(store: Store) -> None:
    await reported(store, "tiktok")
    found = await stands(store, TITLED, OPEN)
    assert (found.mail, found.rule, found.title) == (MailAccess.OUT, "banned", "No such apps")
    assert (found.reason, found.cause) == ("prohibited-app", "Tiktok on it")
    assert (found.exempt_from, found.exempted_why, found.then) == ("banned", "", "")
    assert found.sentence == "No mail: Tiktok on it; jamf looked at 2026-12-01 11:00 UTC."


async def test_an_app_is_told_by_the_source_that_saw_it_and_not_by_the_last_that_looked(store: Store) -> None:
    await reported(store, "tiktok")
    looked = AppsReport(frozenset(), True, NOW - timedelta(minutes=5), timedelta(hours=2))
    record = report_by("intune", "7", "ada", Kind.PHONE, "ios", apps=looked, serial="SERIAL1")
    known = report_by("jamf", "7", "ada", Kind.PHONE, "ios", serial="SERIAL1", adds=True)
    await store.devices.ingest([known, record], NOW)
    found = await stands(store, TITLED, OPEN)
    assert (found.source, found.looked_at) == ("jamf", NOW - timedelta(hours=1))
    assert found.sentence == "No mail: Tiktok on it; jamf looked at 2026-12-01 11:00 UTC."


async def test_if_two_rules_refuse_the_exemption_is_from_all(store: Store) -> None:
    await reported(store, "tiktok")
    again = BANNED | {"id": "again"}
    assert (await stands(store, BANNED, again, OPEN)).exempt_from == "all"
    assert (await stands(store, BANNED)).exempt_from == "", "no rule would let it in"


async def test_a_device_that_never_was_looked_at_has_to_prove_itself(store: Store) -> None:
    await store.devices.ingest([report_by("jamf", "7", "ada", Kind.PHONE, "ios")], NOW)
    found = await stands(store)
    assert (found.mail, found.looked_at, found.source) == (MailAccess.PROOF, None, "")
    assert found.sentence.startswith("Has to prove itself first: ")
    assert "looked" not in found.sentence
    assert (await stands(store, OPEN)).cause == "nothing was reported of its apps"


async def test_a_warned_device_says_until_when(store: Store) -> None:
    await reported(store, "tiktok")
    found = await stands(store, WARNED, OPEN)
    assert (found.mail, found.until) == (MailAccess.WARNED, datetime(2026, 12, 8, tzinfo=NOW.tzinfo))
    assert found.sentence.startswith(
        "Gets mail after a warning until 2026-12-08 00:00 UTC: Tiktok on it; jamf looked"
    )


@pytest.mark.parametrize("rule", ["banned", ""])
async def test_an_exempt_device_tells_why_until_when_and_what_follows(store: Store, rule: str) -> None:
    await reported(store, "tiktok")
    found = await stands(store, exempt=(exempt(rule),))
    assert (found.mail, found.rule, found.cause) == (MailAccess.EXEMPT, "banned", "Tiktok on it")
    assert (found.since, found.until) == (NOW - DAY, NOW + DAY)
    assert (found.exempted_why, found.then) == ("a test phone", "no mail")
    assert found.sentence.startswith(
        "Let in until 2026-12-02 12:00 UTC (a test phone), then no mail: Tiktok on it"
    )


async def test_after_an_exemption_from_a_warning_the_rule_does_what_it_does_by_then(store: Store) -> None:
    await reported(store, "tiktok")
    assert (await stands(store, WARNED, OPEN, exempt=(exempt(),))).then == "warned"
    longer = exempt(until=NOW + 8 * DAY)
    assert (await stands(store, WARNED, OPEN, exempt=(longer,))).then == "no mail"


async def test_the_longer_of_two_exemptions_is_told(store: Store) -> None:
    device = await reported(store, "tiktok")
    longer = exempt(until=NOW + 3 * DAY, device=device)
    assert (await stands(store, exempt=(exempt(), longer))).until == NOW + 3 * DAY
    assert (await stands(store, exempt=(longer, exempt()))).until == NOW + 3 * DAY


async def test_a_let_in_ends_when_it_ends_whatever_other_rule_the_person_is_exempt_from(store: Store) -> None:
    await reported(store, "tiktok")
    offers = BANNED | {"self_service": {"hours": 24, "once_per": "30d", "reason": "none"}}
    let_in = replace(exempt(), cause=Cause.SELF_SERVICE)
    found = await stands(store, offers, OPEN, exempt=(exempt("another", NOW + 9 * DAY), let_in))
    assert (found.mail, found.until) == (MailAccess.EXEMPT, NOW + DAY)
    assert (await stands(store, BANNED, OPEN, exempt=(let_in,))).mail is MailAccess.OUT


@pytest.mark.parametrize(
    "other", [exempt(until=NOW), exempt(person="lin"), exempt("another"), exempt(device="another")]
)
async def test_an_exemption_that_is_over_or_of_somebody_else_exempts_nobody(
    store: Store, other: Relief
) -> None:
    await reported(store, "tiktok")
    assert (await stands(store, exempt=(other,))).mail is MailAccess.OUT


async def test_a_device_that_needs_no_exemption_is_not_called_exempt(store: Store) -> None:
    await reported(store)
    assert (await stands(store, exempt=(exempt(),))).mail is MailAccess.GETS


async def test_a_lost_device_gets_nothing_and_no_exemption_helps_it(store: Store) -> None:
    device = await reported(store)
    await store.devices.mark_lost(device, NOW - minutes(5))
    found = await stands(store, exempt=(exempt(""),))
    assert (found.mail, found.since, found.exempt_from) == (MailAccess.LOST, NOW - minutes(5), "")
    assert found.sentence.startswith("Lost, no mail since 2026-12-01 11:55 UTC: ")


def answered(decision: Decision, first: datetime) -> Recorded:
    asked = access()
    sighting = Sighting(
        NOW.date(), client_facts(asked), "d", "listed", "ada", decision.rule,
        decision.effect.value, decision.reason.value, (), "v1",
    )  # fmt: skip
    return Recorded("s", sighting, Tally(1, first, first, "REF"))


def test_the_last_requests_tell_since_when_a_device_stands_so() -> None:
    seen = [
        answered(BLOCK, NOW - minutes(1)),
        answered(replace(BLOCK, rule="renamed"), NOW - minutes(7)),
        answered(ALLOW, NOW - minutes(8)),
        answered(BLOCK, NOW - minutes(9)),
    ]
    policy = bundle().policy
    assert mail_status(access(), BLOCK, policy, seen).since == NOW - minutes(7)
    assert mail_status(access(), ALLOW, policy, seen).since is None
    assert "since 2026-12-01 11:53 UTC" in mail_status(access(), BLOCK, policy, seen).sentence


def test_without_another_cause_the_rule_is_named() -> None:
    titled = Decision(Effect.BLOCK, Reason.RULE_MATCHED, "shut", "v1", title="Closed at night")
    policy = bundle().policy
    assert mail_status(access(), titled, policy).cause == "Closed at night"
    assert mail_status(access(), replace(titled, title=""), policy).cause == "the rule “shut” says so"


def test_a_device_is_called_by_its_kind_and_system() -> None:
    assert name_of(Posture(kind=BROWSER.kind, os="ios", os_version="26.1")) == "phone, iOS 26.1"
    assert name_of(Posture()) == "device"
