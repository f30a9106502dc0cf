"""Which of several managements' verdicts counts, and until when."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.unit.store.examples import NOW, catalog

from mailgate.devices.device import Device, Report
from mailgate.devices.posture import may_restrict, posture_of, stable_until, strictest
from mailgate.devices.trust import ENROLLED, report_by
from mailgate.model import Compliance, Denial, Enrolment, ManagementVerdict, Posture, PostureState, Threat
from mailgate.model.device import PostureTerms
from mailgate.policy.apps import AppCatalog, ListedApp

HOUR = timedelta(hours=1)
BOTH = frozenset({"temu", "tiktok"})
CATALOG = catalog("temu", "tiktok", "chess", prohibited=("temu", "tiktok"))
GOOD, GRACE, BAD, UNKNOWN, NONE = (
    Compliance.COMPLIANT,
    Compliance.GRACE,
    Compliance.NONCOMPLIANT,
    Compliance.UNKNOWN,
    Compliance.NONE,
)


def judged(word: Compliance, hours: float = 0, source: str = "mdm", **fields: object) -> Report:
    threat = fields.pop("threat", Threat.NONE)
    verdict = ManagementVerdict(word, NOW - hours * HOUR, fields.pop("apps", BOTH), threat)  # type: ignore[arg-type]
    return report_by(source, "7", verdict=verdict, **fields)  # type: ignore[arg-type]


def posture(*reports: Report, now: datetime = NOW, known: AppCatalog = CATALOG, **terms: object) -> Posture:
    held = PostureTerms(timedelta(hours=24), verdict_ages={"mdm": 8 * HOUR}, **terms)  # type: ignore[arg-type]
    return posture_of(Device("d", reports), known, held, now)


@pytest.mark.parametrize(
    ("reports", "word"),
    [
        ([], NONE),
        ([judged(GOOD)], GOOD),
        ([judged(GOOD, 7.9)], GOOD),
        ([judged(GOOD, 8)], UNKNOWN),
        ([judged(GRACE, 8)], UNKNOWN),
        ([judged(BAD, 999)], BAD),
        ([judged(NONE, 1, threat=Threat.LOW)], NONE),
        ([judged(GOOD, 9, "other")], GOOD),
        ([judged(GOOD, 24, "other")], UNKNOWN),
        ([judged(GOOD), judged(UNKNOWN, 0, "other")], GOOD),
        ([judged(GOOD), judged(GRACE, 0, "other")], GRACE),
        ([judged(GOOD), judged(BAD, 0, "other")], BAD),
        ([judged(GOOD), judged(BAD, 1, "other")], GOOD),
        ([judged(GOOD, 9), judged(BAD, 20, "other")], BAD),
        ([judged(UNKNOWN), judged(BAD, 1, "other")], BAD),
        ([judged(GOOD), judged(BAD, -1, "other")], BAD),
        ([judged(GOOD), judged(BAD, 0, "other", gone=True)], BAD),
        ([judged(GOOD), judged(BAD, 2, "other", gone=True)], GOOD),
        ([judged(BAD, gone=True)], BAD),
        ([judged(BAD, 1, gone=True), judged(GOOD, 0, "other", gone=True)], BAD),
        ([judged(GOOD, gone=True)], NONE),
        ([judged(UNKNOWN), judged(GOOD, 0, "other", gone=True, threat=Threat.HIGH)], UNKNOWN),
        ([judged(GOOD, -1)], UNKNOWN),
        ([judged(GOOD, source=ENROLLED)], NONE),
    ],
)
def test_a_bad_word_stays_until_a_later_good_one(reports: list[Report], word: Compliance) -> None:
    for told in (posture(*reports), posture(*reversed(reports))):
        assert told.compliance is word
        assert told.state is PostureState.MISSING


def test_a_good_word_of_a_source_that_ranks_lower_takes_nothing_back() -> None:
    told = [judged(BAD, 1, "other"), judged(GOOD)]
    assert posture(*told, precedence=("other",)).compliance is BAD
    assert posture(*told, precedence=("mdm",)).compliance is GOOD


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
    assert posture(*reports).threat is threat


def test_who_leaves_a_management_keeps_the_threat_that_it_saw_and_no_other_word() -> None:
    left = judged(GOOD, 1, gone=True, threat=Threat.HIGH)
    assert (posture(left).compliance, posture(left).threat) == (NONE, Threat.HIGH)
    assert posture(left).compliance_apps == ()
    left = judged(BAD, 1, gone=True, threat=Threat.SECURED)
    assert (posture(left).compliance, posture(left).threat) == (BAD, Threat.NONE)


def test_the_verdict_keeps_its_own_time_and_end() -> None:
    told = posture(judged(GOOD, 2), report_by("other", "8", denial=Denial(BOTH, NOW)))
    assert (told.compliance_at, told.compliance_until) == (NOW - 2 * HOUR, NOW + 6 * HOUR)
    assert (told.state, told.source) == (PostureState.CLEAN, "other")
    assert posture(judged(BAD, 2)).compliance_until is None
    terms = PostureTerms(timedelta(hours=24), verdict_ages={"mdm": 8 * HOUR})
    assert stable_until(Device("d", (judged(GOOD, 2),)), terms, NOW) == NOW + 6 * HOUR


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
    told = posture(judged(GOOD, hours, apps=frozenset(apps), os=os), known=WITH_IDS)
    assert told.compliance_covers is covers
    assert set(told.compliance_apps) <= {"temu", "tiktok"}
    assert not posture(judged(GOOD, os=os), known=catalog("temu", prohibited=("temu",))).compliance_covers


KNOWN = Posture(
    PostureState.CLEAN, enrolment=Enrolment.SUPERVISED, compliance=GOOD, compliance_at=NOW, compliance_until=NOW + HOUR,
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
