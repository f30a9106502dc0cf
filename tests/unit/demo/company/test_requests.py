"""Asking: the ledger says what the rules of that day say to what was known that day."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from tests.unit.demo.company.conftest import Made
from tests.unit.demo.examples import NOW, managed_phone

from mailgate.demo.company.devices import (
    GALAXY,
    INTUNE,
    IPHONE,
    LINUX,
    WINDOWS,
    CompanyDevice,
    DeviceProblem,
    Employee,
    Make,
    last_records,
)
from mailgate.demo.company.history import Era, with_policy
from mailgate.demo.company.requests import (
    DAYS,
    HOUR,
    History,
    Span,
    _shares,
    answers_to,
    is_recognised,
    is_used,
    requests_of,
    sends_proof,
    span,
)
from mailgate.devices.device import Device
from mailgate.devices.trust import ENROLLED
from mailgate.model import Effect, PostureState
from mailgate.model.device import PostureTerms
from mailgate.policy.people import NO_GROUPS

CHANGED = NOW - timedelta(days=4, hours=3)


PHONE = managed_phone(proves=False)


def past(made: Made, owned: CompanyDevice) -> History:
    """Rules that keep out phones with a prohibited app, always."""
    eras = [Era(NOW - timedelta(days=40), made.bundle.policy)]
    device = Device("demo", tuple(record.received(NOW) for record in last_records(owned)))
    return History(
        NO_GROUPS,
        eras,
        PostureTerms(timedelta(days=1), ages={"intune": timedelta(days=8)}),
        {owned.number: device},
    )


def effects(made: Made, owned: CompanyDevice) -> Counter[tuple[str, bool]]:
    """How often something was answered, and whether that was after the change."""
    found = answers_to(Random(2), owned, past(made, owned), NOW)
    return Counter((each.decision.effect.value, each.tally.first >= CHANGED) for each in found)


@pytest.mark.parametrize(
    ("phone", "before", "after"),
    [
        (replace(PHONE, problem=DeviceProblem.REMOVED, before=frozenset({"tiktok"})), "block", "allow"),
        (replace(PHONE, problem=DeviceProblem.LOST), "allow", "block"),
    ],
    ids=["the app is removed", "it is lost"],
)
def test_a_change_of_a_phone_counts_from_then_on(
    made: Made, phone: CompanyDevice, before: str, after: str
) -> None:
    assert set(effects(made, replace(phone, changed=CHANGED))) == {(before, False), (after, True)}


def test_a_phone_that_is_gone_asks_no_more(made: Made) -> None:
    gone = replace(PHONE, problem=DeviceProblem.GONE, changed=CHANGED)
    assert {after for _, after in effects(made, gone)} == {False}


def test_a_silent_phone_is_known_until_its_report_runs_out(made: Made) -> None:
    looked = NOW - timedelta(days=5)
    silent = replace(PHONE, problem=DeviceProblem.STALE, looked=looked)
    for each in answers_to(Random(2), silent, past(made, silent), NOW):
        stale = each.tally.first >= looked + timedelta(days=1)
        assert (each.access.posture.state is PostureState.STALE) == stale


def test_every_refusal_has_a_reference_and_nothing_else_does(made: Made) -> None:
    installed = replace(PHONE, apps=frozenset({"tiktok"}), changed=CHANGED)
    for each in answers_to(Random(2), installed, past(made, installed), NOW):
        told = each.decision.effect is not Effect.ALLOW
        assert bool(each.tally.reference) == told
        assert each.tally.shown == (each.tally.times if told else 0)
        assert each.sighting.day == each.tally.first.date() == each.tally.last.date()


def test_a_day_is_cut_where_the_rules_change(made: Made) -> None:
    rules = with_policy(made.bundle.rules, "first", NOW).policy
    changed = replace(PHONE, apps=frozenset({"tiktok"}))
    before = past(made, changed)
    eras = [Era(NOW - timedelta(days=40), rules), Era(CHANGED, made.bundle.policy)]
    found = list(answers_to(Random(2), changed, replace(before, eras=eras), NOW))
    assert {each.tally.first >= CHANGED for each in found if each.decision.effect is Effect.BLOCK} == {True}
    assert {each.tally.last < CHANGED for each in found if each.decision.effect is Effect.ALLOW} == {True}
    assert len({each.sighting.day for each in found}) > DAYS - 4


LAPTOP = CompanyDevice(
    1, Employee("a@example.com", 0), WINDOWS, "", "", False, DeviceProblem.NOTHING, NOW, NOW
)
WEDNESDAY, SUNDAY = date(2026, 12, 9), date(2026, 12, 13)


def spans(owned: CompanyDevice, day: date, until: datetime = NOW) -> list[Span]:
    random = Random(1)
    return [found for _ in range(300) if (found := span(random, owned, day, until))]


def test_laptops_rest_at_the_end_of_the_week_and_phones_less() -> None:
    phone = replace(LAPTOP, make=IPHONE)
    assert len(spans(LAPTOP, WEDNESDAY)) > 250 > 80 > len(spans(LAPTOP, SUNDAY))
    assert len(spans(phone, SUNDAY)) > 140


@pytest.mark.parametrize("ahead", [0, -5, 8])
def test_a_working_day_is_that_of_the_office(ahead: int) -> None:
    owned = replace(LAPTOP, person=Employee("a@example.com", ahead))
    begins = [each.first.hour + each.first.minute / 60 + ahead for each in spans(owned, WEDNESDAY)]
    assert sum(begins) / len(begins) == pytest.approx(8.5, abs=0.3)


def test_nothing_is_asked_before_or_after_its_day_nor_after_now() -> None:
    until = datetime.combine(WEDNESDAY, NOW.time(), NOW.tzinfo) - timedelta(hours=3)
    found = spans(LAPTOP, WEDNESDAY, until)
    assert found
    assert all(each.first.date() == WEDNESDAY == each.last.date() for each in found)
    assert all(each.last < until and each.times > 0 for each in found)


def test_a_span_is_shared_out_where_it_is_cut() -> None:
    whole = Span(NOW, NOW + timedelta(hours=4), 40)
    early, late = whole.cut(NOW + timedelta(hours=1))
    assert (early.times, late.times) == (10, 30)
    assert early.last < late.first == NOW + timedelta(hours=1)
    assert whole.cut(NOW) == whole.cut(NOW + timedelta(hours=5)) == [whole]


def test_no_request_lies_after_the_end_of_the_day() -> None:
    early = datetime.combine(WEDNESDAY, NOW.time(), NOW.tzinfo).replace(hour=7, minute=0)
    for minutes in range(0, 240, 3):
        until = early + timedelta(minutes=minutes)
        assert all(each.last < until for each in spans(LAPTOP, WEDNESDAY, until))


def owned(make: Make, source: str, *, shows: bool) -> CompanyDevice:
    person = Employee("a@example.com", 0)
    return CompanyDevice(1, person, make, make.versions[0], source, shows, DeviceProblem.NOTHING, NOW, NOW)


def test_a_phone_that_proves_itself_comes_by_mail_app_and_browser() -> None:
    phone = owned(GALAXY, INTUNE, shows=True)
    mail_app, browser = requests_of(Random(1), phone)
    assert "ActiveSync" in mail_app.target
    assert "Android 15" in browser.user_agent
    assert (sends_proof(phone, mail_app), sends_proof(phone, browser)) == (False, True)
    assert is_recognised(phone, mail_app)
    assert is_recognised(phone, browser)
    assert is_used(Random(1), phone, mail_app)


def test_a_managed_phone_without_proof_has_a_mail_app_alone() -> None:
    (way,) = requests_of(Random(1), owned(GALAXY, INTUNE, shows=False))
    assert "ActiveSync" in way.target


def test_nobody_knows_what_no_source_has() -> None:
    phone = owned(GALAXY, "", shows=False)
    assert not any(is_recognised(phone, way) for way in requests_of(Random(1), phone))


@pytest.mark.parametrize("make", [WINDOWS, LINUX])
def test_an_enrolled_laptop_is_known_in_its_browser_alone(make: Make) -> None:
    laptop = owned(make, ENROLLED, shows=True)
    random = Random(1)
    found = {way.scheme: way for _ in range(200) for way in requests_of(random, laptop)}
    assert set(found) == {"https", "imap"}
    assert is_recognised(laptop, found["https"])
    assert not is_recognised(laptop, found["imap"])


HALF_PAST = datetime(2026, 12, 1, 12, 30, 20, tzinfo=UTC)


def test_requests_are_spread_over_their_time_and_none_is_lost() -> None:
    for hours in (0, 0.5, 2, 9, 40):
        parts = list(_shares(HALF_PAST - timedelta(hours=hours), HALF_PAST, 97, HALF_PAST))
        assert sum(times for _, times in parts) == 97
        assert [at for at, _ in parts] == sorted({at for at, _ in parts})
    long_ago = list(
        _shares(HALF_PAST - timedelta(days=3), HALF_PAST - timedelta(days=3) + 5 * HOUR, 50, HALF_PAST)
    )
    assert len(long_ago) <= 6
