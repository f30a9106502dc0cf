"""Whether looks and denials together make a device clean, and for how long. The law: none for which a listed app was seen later
than its removal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.store.examples import MAX_AGE, NOW, catalog

from mailgate.devices.device import Device, Report
from mailgate.devices.looks import expiry, within_reach
from mailgate.devices.posture import may_restrict, posture_of, stable_until, strictest
from mailgate.devices.trust import ENROLLED, rank, report_by, without_look
from mailgate.model import (
    Absence,
    AppsReport,
    Compliance,
    Denial,
    Enrolment,
    ManagementVerdict,
    Posture,
    PostureState,
    Threat,
)
from mailgate.model.apps import AppCatalog, ListedApp
from mailgate.model.device import PostureTerms, Witness
from mailgate.model.times import LONG_AGO

HOUR = timedelta(hours=1)
LISTED = ("temu", "tiktok")
CATALOG = catalog(*LISTED, "chess", prohibited=LISTED)
BOTH, TIKTOK, TEMU = frozenset(LISTED), frozenset({"tiktok"}), frozenset({"temu"})
NOTHING = frozenset[str]()


def looked(
    hours: float = 0, *apps: str, asked: frozenset[str] | None = None, whole: bool = True, profile: str = ""
) -> dict[str, object]:
    return {"apps": AppsReport(frozenset(apps), whole, NOW - hours * HOUR, asked=asked, profile=profile)}


def denied(
    hours: float = 0, apps: frozenset[str] = BOTH, until: float | None = None, failed: str = ""
) -> dict[str, object]:
    end = None if until is None else NOW + until * HOUR
    return {"denial": Denial(apps, NOW - hours * HOUR, end, "phones, version 7", failed)}


def by(source: str = "mdm", *facts: dict[str, object]) -> Report:
    fields = {name: value for fact in facts for name, value in fact.items()}
    return report_by(source, "7", **fields)  # type: ignore[arg-type]


def posture(*reports: Report, now: datetime = NOW, **terms: object) -> Posture:
    known = PostureTerms(MAX_AGE, **terms)  # type: ignore[arg-type]
    return posture_of(Device("d", reports), CATALOG, known, now)


PART = looked(whole=False)
ONE = looked(asked=TIKTOK)
CLEAN, LIST, PARTIAL, STALE, MISSING = (
    PostureState.CLEAN,
    PostureState.LISTED,
    PostureState.PARTIAL,
    PostureState.STALE,
    PostureState.MISSING,
)
GOOD = {"verdict": ManagementVerdict(Compliance.COMPLIANT, NOW, BOTH, Threat.SECURED)}


@pytest.mark.parametrize(
    ("reports", "state", "absence", "apps"),
    [
        ([by("mdm", looked())], CLEAN, Absence.SEEN, ()),
        ([by("mdm", PART)], PARTIAL, None, ()),
        ([by("mdm", PART, GOOD)], PARTIAL, None, ()),
        ([by("mdm", GOOD)], MISSING, None, ()),
        ([by("mdm", looked(asked=BOTH))], CLEAN, Absence.SEEN, ()),
        ([by("mdm", looked(asked=BOTH, whole=False))], PARTIAL, None, ()),
        ([by("mdm", ONE)], PARTIAL, None, ()),
        ([by("mdm", PART), by("app", ONE)], PARTIAL, None, ()),
        ([by("one", ONE), by("two", looked(asked=TEMU))], CLEAN, Absence.SEEN, ()),
        ([by("mdm", PART, denied())], CLEAN, Absence.ENFORCED, ()),
        ([by("mdm", denied())], CLEAN, Absence.ENFORCED, ()),
        ([by("mdm", PART, denied(apps=TIKTOK))], PARTIAL, None, ()),
        ([by("mdm", denied(apps=NOTHING, failed="version"))], PARTIAL, None, ()),
        ([by("mdm", denied(25))], STALE, None, ()),
        ([by("mdm", PART, denied(until=0))], PARTIAL, None, ()),
        ([by("mdm", denied(apps=TEMU)), by("app", ONE)], CLEAN, Absence.ENFORCED, ()),
        ([by("mdm", denied(apps=TEMU)), by("app", looked())], CLEAN, Absence.SEEN, ()),
        ([by("mdm", looked(0, "tiktok"), denied())], LIST, None, ("tiktok",)),
        ([by("mdm", looked(1, "tiktok"), denied())], CLEAN, Absence.ENFORCED, ()),
        ([by("mdm", looked(1, "tiktok"), denied(until=0))], LIST, None, ("tiktok",)),
        ([by("mdm", denied(1)), by("app", looked(0, "tiktok", whole=False))], LIST, None, ("tiktok",)),
        ([by("app", looked(3, "tiktok", asked=TIKTOK)), by("mdm", looked(1, asked=TEMU))], LIST, None, ("tiktok",)),
        ([by("mdm", PART, denied(), {"status": "contraindicated"})], PARTIAL, None, ()),
        ([by("mdm", PART), by("mdm2", denied(), {"gone": True})], PARTIAL, None, ()),
        ([by("mdm", PART), by(ENROLLED, looked(), denied())], PARTIAL, None, ()),
        ([by(ENROLLED, looked())], CLEAN, Absence.SEEN, ()),
        ([by(ENROLLED, looked()), by("mdm", denied(apps=NOTHING, failed="version"))], PARTIAL, None, ()),
        ([by("mdm", denied(-1))], STALE, None, ()),
        ([by("mdm", looked(25, whole=False), denied(apps=NOTHING, failed="version"))], STALE, None, ()),
        ([by("mdm", looked(25, whole=False), denied(apps=TIKTOK))], PARTIAL, None, ()),
    ],
)  # fmt: skip
def test_a_device_is_clean_if_each_app_is_seen_absent_or_denied(
    reports: list[Report], state: PostureState, absence: Absence | None, apps: tuple[str, ...]
) -> None:
    for known in (posture(*reports), posture(*reversed(reports))):
        assert (known.state, known.absence, known.apps) == (state, absence, apps)


def test_a_denial_of_a_source_that_ranks_lower_hides_no_app() -> None:
    seen, denial = by("mdm", looked(1, "tiktok")), by("other", denied())
    assert posture(seen, denial, precedence=("mdm",)).apps == ("tiktok",)
    assert posture(seen, denial, precedence=("other",)).apps == ()


def test_denied_and_unseen_apps_are_told() -> None:
    known = posture(by("mdm", PART, denied(apps=TIKTOK)))
    assert (known.denied, known.denied_by, known.unseen) == (("tiktok",), "phones, version 7", ("temu",))
    known = posture(by("mdm", PART, denied(apps=NOTHING, failed="version")))
    assert (known.denied, known.not_denied, known.unseen) == ((), "version", ())
    assert posture(by("mdm", looked())).unseen == ()


def test_the_fact_that_ends_first_bears_the_state() -> None:
    known = posture(by("mdm", denied(2, TEMU)), by("app", ONE))
    assert (known.source, known.reported_at, known.expires_at) == ("mdm", NOW - 2 * HOUR, NOW + 22 * HOUR)
    held = posture(by("mdm", looked(3, "tiktok"), denied(2)), by("app", looked(1)), precedence=("mdm",))
    assert (held.state, held.expires_at) == (CLEAN, NOW + 22 * HOUR)


def test_a_denial_makes_no_look_newer() -> None:
    known = posture(by("mdm", looked(5, whole=False), denied(apps=TIKTOK)))
    assert (known.state, known.reported_at, known.expires_at) == (PARTIAL, NOW - 5 * HOUR, NOW + 19 * HOUR)


def test_a_denial_is_told_as_no_look() -> None:
    denial = posture(by("mdm", looked(9, whole=False), denied(1)))
    assert (denial.state, denial.reported_at, denial.look(at_apps=False)) == (CLEAN, NOW - HOUR, None)
    look = posture(by("mdm", looked(1)))
    assert look.look(at_apps=False) == Witness("mdm", NOW - HOUR)
    assert strictest([look, denial]).look(at_apps=False) is None


def test_each_fact_is_kept_by_its_own_time() -> None:
    full = by(
        "mdm",
        looked(5),
        denied(5),
        {"verdict": ManagementVerdict(Compliance.GRACE, NOW - 5 * HOUR, TEMU, Threat.HIGH)},
    )
    for newer in (looked(1, "tiktok"), denied(1, NOTHING, failed="version"), GOOD):
        told = by("mdm", newer)
        kept = told.after(full, NOW)
        dated = [each for each in ("reported_at", "compliance_at", "denied_at") if getattr(told, each)]
        assert len(dated) == 1
        for name in ("reported_at", "compliance_at", "denied_at"):
            assert getattr(kept, name) == getattr(told if name in dated else full, name)
        assert full.after(told, NOW) == kept
    assert by("mdm", {"gone": True}).after(full, NOW) == replace(full, gone=True)


def test_of_equally_old_facts_the_last_word_counts() -> None:
    bad = by("mdm", denied(apps=NOTHING, failed="version"))
    assert bad.after(by("mdm", denied()), NOW).not_denied == "version"
    assert by("mdm", denied()).after(bad, NOW).not_denied == ""


def test_facts_of_the_future_happened_before_now_and_nobody_knows_how_long() -> None:
    ahead = by(
        "mdm",
        looked(-1),
        denied(-1, until=23),
        {"verdict": ManagementVerdict(Compliance.COMPLIANT, NOW + HOUR)},
    )
    told = ahead.received(NOW)
    assert (told.reported_at, told.denied_last, told.compliance_last) == (NOW, NOW, NOW)
    assert (told.looked_from, told.denied_at, told.compliance_at) == (NOW - HOUR,) * 3
    assert told.denied_until == NOW + 21 * HOUR


@pytest.mark.parametrize(
    ("ahead", "lag", "begin"),
    [
        (timedelta(minutes=6), timedelta(), NOW - timedelta(minutes=6)),
        (HOUR * 20, HOUR, NOW - HOUR * 21),
    ],
)
def test_a_look_by_a_clock_that_is_ahead_may_be_as_much_older(
    ahead: timedelta, lag: timedelta, begin: datetime | None
) -> None:
    look = report_by("mdm", "1", apps=AppsReport(NOTHING, True, NOW + ahead, lag)).received(NOW)
    assert (look.reported_at, look.looked_from) == (NOW, begin)


def test_a_look_by_a_clock_that_is_hours_ahead_takes_no_app_back() -> None:
    seen = by("intune", looked(1, "tiktok"))
    for hours, state in ((-20, PostureState.LISTED), (0.5, PostureState.CLEAN)):
        assert posture(seen, by("jamf", looked(hours)).received(NOW)).state is state


def test_apps_that_were_seen_and_cannot_run_are_named_until_they_count_again() -> None:
    seen = by("mdm", looked(2, "tiktok"), denied(1, until=1))
    found = posture(seen)
    assert (found.state, found.held, found.held_lists) == (CLEAN, ("tiktok",), ("prohibited",))
    free = posture(by("mdm", looked(2), denied(1)))
    assert free.held == () == posture(seen, now=NOW + HOUR).held
    both = strictest([free, found])
    assert (both.held, both.held_lists) == (found.held, found.held_lists)


def test_facts_of_a_clock_far_ahead_never_count_as_new() -> None:
    """Read with every run, it would be of now each time."""
    wrong = NOW + timedelta(days=400)
    facts = {"verdict": ManagementVerdict(Compliance.COMPLIANT, wrong), "denial": Denial(BOTH, wrong)}
    for days in (0, 1, 30):
        now = NOW + timedelta(days=days)
        found = posture(by("mdm", facts).received(now), now=now)
        assert (found.state, found.compliance, found.denied) == (STALE, Compliance.UNKNOWN, ())


@pytest.mark.parametrize(
    ("saw", "looks", "state"),
    [
        ("personal", "personal", CLEAN),
        ("personal", "", CLEAN),
        ("work", "personal", LIST),
        ("", "personal", LIST),
        ("other", "personal", LIST),
    ],
)
def test_who_sees_one_profile_takes_back_nothing_of_another(
    saw: str, looks: str, state: PostureState
) -> None:
    seen = by("mdm", looked(2, "tiktok", whole=False, profile=saw))
    assert posture(seen, by("reporter", looked(1, asked=BOTH, profile=looks))).state is state


def test_a_report_without_a_look_keeps_the_profile_of_the_older_look() -> None:
    old = by("reporter", looked(1, profile="work"))
    kept = by("reporter", {"managed": True}).after(old, NOW)
    assert (kept.profile, kept.managed) == ("work", True)
    assert without_look(old).profile == ""


SOURCES = ("mdm", "app", ENROLLED)
HOURS = st.integers(0, 30)
SETS = st.sampled_from([NOTHING, TIKTOK, TEMU, BOTH])
FACTS = st.one_of(
    st.builds(lambda hours, apps, asked, whole, profile: looked(hours, *apps, asked=asked, whole=whole, profile=profile),
              HOURS, st.sampled_from([NOTHING, NOTHING, TIKTOK, TEMU]), st.sampled_from([None, TIKTOK, BOTH]), st.booleans(),
              st.sampled_from(["", "", "personal", "work"])),
    st.builds(denied, HOURS, SETS, st.sampled_from([None, 1, -1])),
    st.builds(lambda word, hours, apps: {"verdict": ManagementVerdict(word, NOW - hours * HOUR, apps)}, st.sampled_from(Compliance), HOURS, SETS),
    st.sampled_from([{"gone": True}, {"status": "contraindicated"}, {"enrolment": Enrolment.SUPERVISED}]),
)  # fmt: skip


def _removed(
    app: str, saw: Report, reports: list[Report], precedence: tuple[str, ...], now: datetime
) -> bool:
    """Whether somebody who ranks as high surely found the app gone later, or it verifiably cannot run since."""
    for each in reports:
        later = [each.reported_at] if each.apps_complete and (each.asked is None or app in each.asked) else []
        if each.status == "contraindicated" or app in each.apps or each.profile not in ("", saw.profile):
            later = []
        if (
            app in each.denied
            and not each.gone
            and each.source != ENROLLED
            and each.status != "contraindicated"
        ):
            end = each.denied_until or (each.denied_at and each.denied_at + MAX_AGE)
            later += [each.denied_at] if end and now < end else []
        if rank(each.source, precedence) <= rank(saw.source, precedence) and any(
            at and saw.reported_at and at > saw.reported_at for at in later
        ):
            return True
    return False  # fmt: skip


@settings(max_examples=600)
@given(
    st.lists(st.tuples(st.sampled_from(SOURCES), FACTS), min_size=1, max_size=8),
    st.sampled_from([(), ("mdm",), ("app", "mdm")]),
    st.integers(0, 30),
)
def test_no_device_is_clean_for_which_an_app_was_seen_later_than_its_removal(
    told: list[tuple[str, dict[str, object]]], precedence: tuple[str, ...], hours: int
) -> None:
    """Over every combination of looks, denials and verdicts, in any order of arrival; and no verdict changes the state."""
    kept: dict[str, Report] = {}
    for source, fact in told:
        kept[source] = by(source, fact).after(kept.get(source), NOW)
    reports, now = list(kept.values()), NOW + hours * HOUR
    known = posture(*reports, now=now, precedence=precedence)
    silent = [
        replace(each, compliance=Compliance.NONE, compliance_at=None, compliance_apps=NOTHING)
        for each in reports
    ]
    assert (known.state, known.absence) == (lambda it: (it.state, it.absence))(
        posture(*silent, now=now, precedence=precedence)
    )
    if known.state is not CLEAN:
        return
    assert known.absence is not None
    for saw in reports:
        assert all(_removed(app, saw, reports, precedence, now) for app in saw.apps & BOTH)
    terms = PostureTerms(MAX_AGE, precedence=precedence)
    current = [each for each in reports if (expiry(each, terms, now) or now) > now]
    for app in LISTED:
        answers = [
            each for each in current if each.apps_complete and (each.asked is None or app in each.asked)
        ]
        assert answers or app in known.denied
    assert known.expires_at is not None
    assert now < known.expires_at
    assert now < stable_until(Device("d", tuple(reports)), terms, now)
    after = posture(*reports, now=known.expires_at, precedence=precedence)
    assert after.state is not CLEAN or after.source != known.source or after.expires_at != known.expires_at


BOTH_VERDICT = frozenset({"temu", "tiktok"})
CATALOG_VERDICT = catalog("temu", "tiktok", "chess", prohibited=("temu", "tiktok"))
GOOD_VERDICT, GRACE, BAD, UNKNOWN, NONE = (
    Compliance.COMPLIANT,
    Compliance.GRACE,
    Compliance.NONCOMPLIANT,
    Compliance.UNKNOWN,
    Compliance.NONE,
)


def judged(word: Compliance, hours: float = 0, source: str = "mdm", **fields: object) -> Report:
    threat = fields.pop("threat", Threat.NONE)
    verdict = ManagementVerdict(word, NOW - hours * HOUR, fields.pop("apps", BOTH_VERDICT), threat)  # type: ignore[arg-type]
    return report_by(source, "7", verdict=verdict, **fields)  # type: ignore[arg-type]


def verdict_posture(*reports: Report, known: AppCatalog = CATALOG_VERDICT, **terms: object) -> Posture:
    held = PostureTerms(timedelta(hours=24), verdict_ages={"mdm": 8 * HOUR}, **terms)  # type: ignore[arg-type]
    return posture_of(Device("d", reports), known, held, NOW)


@pytest.mark.parametrize(
    ("reports", "word"),
    [
        ([], NONE),
        ([judged(GOOD_VERDICT)], GOOD_VERDICT),
        ([judged(GOOD_VERDICT, 7.9)], GOOD_VERDICT),
        ([judged(GOOD_VERDICT, 8)], UNKNOWN),
        ([judged(GRACE, 8)], UNKNOWN),
        ([judged(BAD, 999)], BAD),
        ([judged(NONE, 1, threat=Threat.LOW)], NONE),
        ([judged(GOOD_VERDICT, 9, "other")], GOOD_VERDICT),
        ([judged(GOOD_VERDICT, 24, "other")], UNKNOWN),
        ([judged(GOOD_VERDICT), judged(UNKNOWN, 0, "other")], GOOD_VERDICT),
        ([judged(GOOD_VERDICT), judged(GRACE, 0, "other")], GRACE),
        ([judged(GOOD_VERDICT), judged(BAD, 0, "other")], BAD),
        ([judged(GOOD_VERDICT), judged(BAD, 1, "other")], GOOD_VERDICT),
        ([judged(GOOD_VERDICT, 9), judged(BAD, 20, "other")], BAD),
        ([judged(UNKNOWN), judged(BAD, 1, "other")], BAD),
        ([judged(GOOD_VERDICT), judged(BAD, -1, "other")], BAD),
        ([judged(GOOD_VERDICT), judged(BAD, 0, "other", gone=True)], BAD),
        ([judged(GOOD_VERDICT), judged(BAD, 2, "other", gone=True)], GOOD_VERDICT),
        ([judged(BAD, gone=True)], BAD),
        ([judged(BAD, 1, gone=True), judged(GOOD_VERDICT, 0, "other", gone=True)], BAD),
        ([judged(GOOD_VERDICT, gone=True)], NONE),
        ([judged(UNKNOWN), judged(GOOD_VERDICT, 0, "other", gone=True, threat=Threat.HIGH)], UNKNOWN),
        ([judged(GOOD_VERDICT, -1)], UNKNOWN),
        ([judged(GOOD_VERDICT, source=ENROLLED)], NONE),
    ],
)
def test_a_bad_word_stays_until_a_later_good_one(reports: list[Report], word: Compliance) -> None:
    for told in (verdict_posture(*reports), verdict_posture(*reversed(reports))):
        assert told.compliance is word
        assert told.state is PostureState.MISSING


def test_a_good_word_of_a_source_that_ranks_lower_takes_nothing_back() -> None:
    told = [judged(BAD, 1, "other"), judged(GOOD_VERDICT)]
    assert verdict_posture(*told, precedence=("other",)).compliance is BAD
    assert verdict_posture(*told, precedence=("mdm",)).compliance is GOOD_VERDICT


@pytest.mark.parametrize(
    ("told", "threat"),
    [
        ([(Threat.SECURED, 1)], Threat.SECURED),
        ([(Threat.SECURED, 9)], Threat.UNKNOWN),
        ([(Threat.HIGH, 99)], Threat.HIGH),
        ([(Threat.LOW, 1), (Threat.COMPROMISED, 0)], Threat.COMPROMISED),
        ([(Threat.LOW, 1), (Threat.COMPROMISED, 2)], Threat.LOW),
        ([(Threat.UNKNOWN, 1), (Threat.LOW, 1)], Threat.LOW),
        ([], Threat.NONE),
    ],
)
def test_so_it_is_with_threats(told: list[tuple[Threat, int]], threat: Threat) -> None:
    names = ("mdm", "other")
    reports = [
        judged(NONE, hours, name, threat=word) for name, (word, hours) in zip(names, told, strict=False)
    ]
    assert verdict_posture(*reports).threat is threat


def test_who_leaves_a_management_keeps_the_threat_that_it_saw_and_no_other_word() -> None:
    left = judged(GOOD_VERDICT, 1, gone=True, threat=Threat.HIGH)
    assert (verdict_posture(left).compliance, verdict_posture(left).threat) == (NONE, Threat.HIGH)
    assert verdict_posture(left).compliance_apps == ()
    left = judged(BAD, 1, gone=True, threat=Threat.SECURED)
    assert (verdict_posture(left).compliance, verdict_posture(left).threat) == (BAD, Threat.NONE)


def test_the_verdict_keeps_its_own_time_and_end() -> None:
    told = verdict_posture(judged(GOOD_VERDICT, 2), report_by("other", "8", denial=Denial(BOTH_VERDICT, NOW)))
    assert (told.compliance_at, told.compliance_until) == (NOW - 2 * HOUR, NOW + 6 * HOUR)
    assert (told.state, told.source) == (PostureState.CLEAN, "other")
    assert verdict_posture(judged(BAD, 2)).compliance_until is None
    terms = PostureTerms(timedelta(hours=24), verdict_ages={"mdm": 8 * HOUR})
    assert stable_until(Device("d", (judged(GOOD_VERDICT, 2),)), terms, NOW) == NOW + 6 * HOUR


WITH_IDS = AppCatalog(
    {
        "temu": ListedApp("temu", "Temu", ios=("com.temu",)),
        "tiktok": ListedApp("tiktok", "TikTok", android=("com.tiktok",)),
        "chess": ListedApp("chess", "Chess", ios=("com.chess",)),
    },
    {"prohibited": ("temu", "tiktok")},
)


@pytest.mark.parametrize(
    ("os", "apps", "hours", "covers"),
    [
        ("ios", {"temu"}, 0, True),
        ("iPadOS", {"temu", "chess", "unlisted"}, 0, True),
        ("android", {"tiktok"}, 0, True),
        ("ios", {"tiktok"}, 0, False),
        ("windows", {"temu", "tiktok"}, 0, False),
        ("macos", {"temu"}, 0, False),
        ("ios", set(), 0, False),
        ("", {"temu", "tiktok"}, 0, False),
        ("ios", {"temu"}, 8, False),
    ],
)
def test_every_listed_app_with_an_id_must_have_been_looked_for(
    os: str, apps: set[str], hours: int, covers: bool
) -> None:
    told = verdict_posture(judged(GOOD_VERDICT, hours, apps=frozenset(apps), os=os), known=WITH_IDS)
    assert told.compliance_covers is covers
    assert set(told.compliance_apps) <= {"temu", "tiktok"}
    assert not verdict_posture(
        judged(GOOD_VERDICT, os=os), known=catalog("temu", prohibited=("temu",))
    ).compliance_covers


KNOWN = Posture(
    PostureState.CLEAN, enrolment=Enrolment.SUPERVISED, compliance=GOOD_VERDICT, compliance_at=NOW, compliance_until=NOW + HOUR,
    compliance_apps=("temu", "tiktok"), compliance_covers=True, threat=Threat.SECURED,
)  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("compliance", UNKNOWN, UNKNOWN),
        ("compliance", NONE, NONE),
        ("compliance", BAD, BAD),
        ("compliance_at", NOW - HOUR, NOW - HOUR),
        ("compliance_at", None, None),
        ("compliance_until", NOW, NOW),
        ("compliance_apps", ("temu",), ("temu",)),
        ("compliance_covers", False, False),
        ("threat", Threat.NONE, Threat.NONE),
        ("threat", Threat.HIGH, Threat.HIGH),
        ("enrolment", Enrolment.USER_ENROLMENT, Enrolment.UNKNOWN),
    ],
)
def test_of_several_devices_no_word_is_better_than_the_worst(
    field: str, value: object, expected: object
) -> None:
    worse = replace(KNOWN, **{field: value})  # type: ignore[arg-type]
    for both in ([KNOWN, worse], [worse, KNOWN]):
        assert getattr(strictest(both), field) == expected
    assert may_restrict(KNOWN, worse) is (field != "compliance_apps")
    assert may_restrict(worse, KNOWN) is (field == "enrolment")


def test_only_a_bad_word_speaks_against_a_new_device() -> None:
    assert not may_restrict(None, KNOWN)
    assert may_restrict(None, replace(KNOWN, compliance=BAD))
    assert may_restrict(None, replace(KNOWN, threat=Threat.MEDIUM))


@pytest.mark.parametrize(
    ("asked", "told"),
    [(None, True), (frozenset({"tiktok", "wechat"}), True), (frozenset({"tiktok"}), False)],
)
def test_people_are_told_of_every_app_only_if_the_look_could_answer_for_each(
    asked: frozenset[str] | None, told: bool
) -> None:
    report = Report("mdm", "1", apps_complete=True, asked=asked)
    assert within_reach(report, frozenset({"tiktok", "wechat"})).saw_device is told
    assert within_reach(replace(report, apps_complete=None), frozenset({"chess"})).saw_device is None


# --- a source whose clock is wrong: what was first heard is never younger when it is told again


def told(source: str, ahead: float, first: datetime, *runs: float, **facts: object) -> Report:
    """What is kept of a fact that this source dates ``ahead`` hours after ``first`` and tells at each of these runs, in hours from then."""
    date, kept = first + ahead * HOUR, None
    for run in (0.0, *runs):
        given = {name: make(date) for name, make in facts.items()}  # type: ignore[operator]
        kept = by(source, given).received(first + run * HOUR).after(kept, first + run * HOUR)
    assert kept is not None
    return kept


def clean(at: datetime) -> AppsReport:
    return AppsReport(NOTHING, True, at)


def denies(at: datetime) -> Denial:
    return Denial(BOTH, at, at + 24 * HOUR)


def judges(word: Compliance, threat: Threat = Threat.NONE) -> Callable[[datetime], ManagementVerdict]:
    return lambda at: ManagementVerdict(word, at, BOTH, threat)


RUNS = (0.0, 0.5, 4.5, 5.0, 7.0, 7.95, 8.0, 9.0, 14.0)
"""The hours after the first run: while its date is ahead, within the minutes in which a time ahead is believed, and later."""


@pytest.mark.parametrize("hours", RUNS)
@pytest.mark.parametrize(("fact", "make"), [("apps", clean), ("denial", denies)])
def test_a_look_dated_ahead_and_told_again_takes_no_app_back(
    hours: float, fact: str, make: Callable[[datetime], object]
) -> None:
    """The control is a look of another date."""
    seen, now = by("intune", looked(1, "tiktok")), NOW + hours * HOUR
    runs = [each for each in RUNS if 0 < each <= hours]
    again = told("jamf", 8, NOW, *runs, **{fact: make})
    assert posture(seen, again, now=now).lists == ("prohibited",)
    assert replace(again, last_seen=NOW) == told("jamf", 8, NOW, **{fact: make})
    fresh = by("jamf", {fact: make(now + HOUR / 60)}).received(now).after(again, now)
    assert posture(seen, fresh, now=now).lists == ()


@pytest.mark.parametrize("ahead", [0.08, 0.5, 8, 24])
def test_a_look_told_again_and_again_runs_out_once(ahead: float) -> None:
    runs = [hours / 2 for hours in range(80)]
    kept = told("jamf", ahead, NOW, *runs, apps=clean)
    end = NOW + MAX_AGE + (ahead if ahead < 0.1 else -ahead) * HOUR
    assert expiry(kept, PostureTerms(MAX_AGE), NOW + 40 * HOUR) == end


@pytest.mark.parametrize("run", [5, 7, 30])
def test_a_date_further_ahead_than_clocks_differ_clears_nothing_later(run: float) -> None:
    """It comes within a day, and then has passed: still nobody knows when that was."""
    kept = told("jamf", 30, NOW, run, apps=clean, denial=denies, verdict=judges(Compliance.COMPLIANT))
    long = PostureTerms(400 * MAX_AGE, verdict_ages={"jamf": 400 * MAX_AGE})
    found = posture_of(Device("d", (kept,)), CATALOG, long, NOW + run * HOUR)
    assert (found.state, found.compliance, found.denied) == (STALE, Compliance.UNKNOWN, ())


def test_an_app_that_is_seen_by_a_clock_far_ahead_is_there() -> None:
    hit = by("jamf", looked(-30, "tiktok")).received(NOW)
    assert posture(by("intune", looked(1)), hit.after(by("jamf", looked(2)), NOW)).lists == ("prohibited",)


@pytest.mark.parametrize("ahead", [30, 24 * 400, None])
def test_a_look_of_unknown_time_takes_no_app_from_its_own_source(ahead: float | None) -> None:
    at = LONG_AGO if ahead is None else NOW + ahead * HOUR
    kept = by("jamf", {"apps": clean(at)}).received(NOW).after(by("jamf", looked(1, "tiktok")), NOW)
    assert posture(kept).apps == ("tiktok",)
    right = by("jamf", {"apps": clean(NOW + HOUR)}).received(NOW + HOUR)
    assert posture(right.after(kept, NOW + HOUR), now=NOW + HOUR).apps == ()


@pytest.mark.parametrize("run", [1, 7, 29.95, 30, 31])
@pytest.mark.parametrize("before", [Compliance.COMPLIANT, Compliance.NONCOMPLIANT])
def test_a_far_date_clears_nothing_when_it_is_told_again(before: Compliance, run: float) -> None:
    """Its source knew better before, by a clock that was right, and its date comes, or has passed."""
    at, now = NOW + 30 * HOUR, NOW + run * HOUR
    good = {
        "apps": clean(at),
        "denial": denies(at),
        "verdict": ManagementVerdict(Compliance.COMPLIANT, at, BOTH),
    }
    bad = {"verdict": ManagementVerdict(before, NOW - HOUR, BOTH)}
    kept = by("jamf", looked(1, "tiktok"), denied(1, NOTHING, failed="policy-unread"), bad).received(
        NOW - HOUR
    )
    for heard in (NOW, now):
        kept = by("jamf", good).received(heard).after(kept, heard)
    long = PostureTerms(400 * MAX_AGE, verdict_ages={"jamf": 400 * MAX_AGE})
    found = posture_of(Device("d", (kept,)), CATALOG, long, now)
    assert (found.apps, found.state, found.denied, kept.not_denied) == (
        ("tiktok",),
        STALE,
        (),
        "policy-unread",
    )
    assert found.compliance is (before if before is Compliance.NONCOMPLIANT else Compliance.UNKNOWN)
    end = kept.after(by("jamf", good).received(now), now)
    assert replace(end, last_seen=NOW) == replace(kept, last_seen=NOW)


@pytest.mark.parametrize("apps", [(), ("tiktok",)])
def test_nobody_is_told_when_a_look_was_that_nobody_knows(apps: tuple[str, ...]) -> None:
    """The app counts all the same, and a later look takes it back."""
    far = by("jamf", looked(-30, *apps)).received(NOW)
    found = posture(far)
    assert (found.apps, found.reported_at, found.looked_from, found.expires_at) == (apps, None, None, None)
    assert (far.looked(NOW), far.lag, found.witness) == (None, timedelta(), None)
    now = NOW + HOUR
    assert posture(far, by("intune", looked(-0.5)), now=now).apps == ()


def test_a_bad_word_that_was_heard_by_a_clock_that_was_ahead_is_of_unknown_time() -> None:
    """Its source's clock was further ahead, so that the earliest time has passed."""
    bad = {"verdict": ManagementVerdict(Compliance.NONCOMPLIANT, NOW + 16 * HOUR, BOTH)}
    good = {"verdict": ManagementVerdict(Compliance.COMPLIANT, NOW + HOUR / 2, BOTH)}
    heard, now = by("jamf", bad).received(NOW + 8 * HOUR), NOW + HOUR
    assert heard.compliance_at == NOW
    assert posture(heard, by("intune", good).received(now), now=now).compliance is Compliance.NONCOMPLIANT


@pytest.mark.parametrize("hours", RUNS)
def test_a_good_word_dated_ahead_and_told_again_ends_no_bad_one(hours: float) -> None:
    bad = by("intune", {"verdict": ManagementVerdict(Compliance.NONCOMPLIANT, NOW - HOUR, BOTH, Threat.HIGH)})
    good = judges(Compliance.COMPLIANT, Threat.SECURED)
    again = told("jamf", 8, NOW, *(each for each in RUNS if 0 < each <= hours), verdict=good)
    found = posture(bad, again, now=NOW + hours * HOUR)
    assert (found.compliance, found.threat) == (Compliance.NONCOMPLIANT, Threat.HIGH)
    fresh = told("jamf", 0, NOW + hours * HOUR, verdict=good)
    assert posture(bad, fresh, now=NOW + hours * HOUR).compliance is Compliance.COMPLIANT


@pytest.mark.parametrize("ahead", [8, 30])
def test_a_bad_word_dated_ahead_counts_from_when_it_was_heard(ahead: float) -> None:
    """A good one of before takes it not back, of another source or of its own."""
    bad = judges(Compliance.NONCOMPLIANT, Threat.HIGH)
    before = {"verdict": ManagementVerdict(Compliance.COMPLIANT, NOW - HOUR / 2, BOTH, Threat.SECURED)}
    kept = by("jamf", {"verdict": bad(NOW + ahead * HOUR)}).received(NOW).after(by("jamf", before), NOW)
    for other in ((), (by("intune", before),)):
        found = posture(kept, *other)
        assert (found.compliance, found.threat) == (Compliance.NONCOMPLIANT, Threat.HIGH)


@pytest.mark.parametrize("ahead", [8, 30])
def test_a_check_that_fails_counts_whatever_date_it_has(ahead: float) -> None:
    failed = by("jamf", {"denial": Denial(NOTHING, NOW + ahead * HOUR, failed="policy-unread")}).received(NOW)
    kept = failed.after(by("jamf", denied(1)), NOW)
    assert (posture(kept).denied, kept.not_denied) == ((), "policy-unread")


def test_a_clock_that_is_set_right_is_believed_from_its_next_look() -> None:
    kept, now = told("jamf", 8, NOW, 0.5, apps=clean), NOW + HOUR
    right = by("jamf", {"apps": clean(now)}).received(now).after(kept, now)
    assert (right.reported_at, right.lag) == (now, timedelta())
    assert posture(by("intune", looked(-0.9, "tiktok")), right, now=now).lists == ()


def test_a_clock_that_lags_makes_a_look_no_younger() -> None:
    behind = by("jamf", {"apps": clean(NOW - 8 * HOUR)}).received(NOW)
    assert expiry(behind, PostureTerms(MAX_AGE), NOW) == NOW - 8 * HOUR + MAX_AGE
    assert posture(by("intune", looked(1, "tiktok")), behind).lists == ("prohibited",)


@pytest.mark.parametrize("at", [NOW + 30 * HOUR, LONG_AGO], ids=["far ahead", "not dated"])
def test_of_what_has_no_known_time_only_a_bad_word_takes_a_place(at: datetime) -> None:
    """A good one of before runs out where one is dated far ahead, since that is told again when its date has come."""
    good, bad = Compliance.COMPLIANT, Compliance.NONCOMPLIANT
    last = good if at is LONG_AGO else Compliance.UNKNOWN
    for before, after, kept in ((good, bad, bad), (bad, good, bad), (good, good, last), (bad, bad, bad)):
        old = by("mdm", {"verdict": ManagementVerdict(before, NOW - HOUR, BOTH)})
        new = by("mdm", {"verdict": ManagementVerdict(after, at, BOTH)}).received(NOW).after(old, NOW)
        assert posture(new).compliance is kept
        right = by("mdm", {"verdict": ManagementVerdict(after, NOW + HOUR, BOTH)}).received(NOW + HOUR)
        assert posture(right.after(new, NOW + HOUR), now=NOW + HOUR).compliance is after
