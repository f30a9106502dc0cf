"""What the reports of a device are worth, by who says what, how old it is, and who is believed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from tests.unit.store.examples import CATALOG, MAX_AGE, NOW, TERMS, minutes

from mailgate.devices.device import Contradiction, Device, Report
from mailgate.devices.posture import (
    belongs_to,
    kind_of,
    may_restrict,
    owner_of,
    posture_of,
    posture_of_person,
    restricts_owner,
    sources_away,
    stable_until,
    strictest,
)
from mailgate.devices.trust import ENROLLED
from mailgate.model import Finding, Kind, Posture, PostureState, Reason, SourceState
from mailgate.model.device import PostureTerms, Witness

CLEAN = {"reported_at": NOW, "apps_complete": True}
TIKTOK = {"apps": frozenset({"tiktok"})}


def device(*reports: Report, **fields: object) -> Device:
    return Device("abcd-efgh-ijkl", reports, **fields)  # type: ignore[arg-type]


def said(source: str = "mdm", **fields: object) -> Report:
    return Report(source, "a-device", **fields)  # type: ignore[arg-type]


def posture(*reports: Report, now: object = NOW, **terms: object) -> Posture:
    return posture_of(device(*reports), CATALOG, PostureTerms(MAX_AGE, **terms), now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("report", "age", "expected"),
    [
        ({}, 0, "missing"),
        ({"expires_at": NOW + MAX_AGE}, 0, "missing"),
        (CLEAN, 0, "clean"),
        (CLEAN, 23.9, "clean"),
        (CLEAN, 24, "stale"),
        (CLEAN | {"expires_at": NOW + timedelta(hours=1)}, 0.9, "clean"),
        (CLEAN | {"expires_at": NOW + timedelta(hours=1)}, 1, "stale"),
        (CLEAN | {"expires_at": NOW + timedelta(days=9)}, 24, "stale"),
        (CLEAN | {"apps_complete": False}, 0, "partial"),
        (CLEAN | {"apps_complete": None}, 0, "partial"),
        (CLEAN | {"apps_complete": False}, 24, "stale"),
        (CLEAN | {"status": "affirming"}, 0, "clean"),
        (CLEAN | {"status": "warning"}, 0, "clean"),
        (CLEAN | {"status": "contraindicated"}, 0, "partial"),
        (CLEAN | {"apps": frozenset({"chess"})}, 0, "clean"),
        (CLEAN | TIKTOK, 0, "listed"),
        (CLEAN | TIKTOK, 999, "stale"),
        (CLEAN | TIKTOK | {"apps_complete": False}, 0, "partial"),
        (CLEAN | TIKTOK | {"status": "contraindicated"}, 0, "partial"),
        (CLEAN | {"gone": True}, 0, "missing"),
        (CLEAN | {"gone": True}, 99, "missing"),
        (CLEAN | TIKTOK | {"gone": True}, 99, "missing"),
    ],
)
def test_one_source_has_its_state_by_its_report_and_age(
    report: dict[str, object], age: float, expected: str
) -> None:
    told = posture(said(**report), now=NOW + timedelta(hours=age))
    assert told.state is PostureState(expected)


FINE, APP = said("fine", **CLEAN), said("app", **CLEAN | TIKTOK)
PARTIAL = said("part", reported_at=NOW, apps_complete=False)
STALE = said("old", reported_at=NOW - MAX_AGE, apps_complete=True)
BLIND = said("blind")
GONE = replace(FINE, source="gone", gone=True)
BAD = said("bad", reported_at=NOW, apps_complete=True, status="contraindicated")


def later(report: Report, minutes_later: float = 1) -> Report:
    return replace(report, reported_at=NOW + minutes(minutes_later))


def own(report: Report) -> Report:
    """The same by the device's own word."""
    return replace(report, source=ENROLLED)


KNOWN = replace(
    posture(said(kind=Kind.PHONE, os="ios", os_version="26.1", owner="ada", managed=True, **CLEAN)),
    apps=("chess",),
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"apps": ()}, False),
        ({"os_version": "26.10"}, False),
        ({"reported_at": NOW + timedelta(hours=1), "expires_at": NOW + timedelta(hours=25)}, False),
        ({"sources": ("extra", "mdm")}, False),
        ({"apps": ("chess", "tiktok")}, True),
        ({"apps": ("tiktok",)}, True),
        ({"state": PostureState.PARTIAL}, True),
        ({"lost": True}, True),
        ({"sources": ()}, True),
        ({"managed": None}, True),
        ({"findings": (Finding(Reason.TWO_DEVICES, ""),)}, True),
        ({"kind": Kind.LAPTOP}, True),
        ({"os": "android"}, True),
        ({"owner": "lin"}, True),
        ({"os_version": "26"}, True),
        ({"reported_at": None}, True),
        ({"reported_at": NOW - timedelta(hours=1)}, True),
        ({"expires_at": NOW + timedelta(hours=1)}, True),
    ],
)
def test_a_report_counts_as_restricting_if_a_rule_may_keep_its_device_out(
    change: dict[str, object], expected: bool
) -> None:
    assert may_restrict(KNOWN, replace(KNOWN, **change)) is expected  # type: ignore[arg-type]


def test_a_new_device_keeps_its_owner_out_only_if_it_is_worse_than_the_others() -> None:
    clean, partial = replace(KNOWN, apps=()), replace(KNOWN, apps=(), state=PostureState.PARTIAL)
    assert restricts_owner([clean], partial)
    assert restricts_owner([partial], KNOWN)
    assert not restricts_owner([partial], clean)
    assert not restricts_owner([clean], replace(partial, kind=Kind.LAPTOP))
    assert not restricts_owner(
        [replace(clean, kind=Kind.LAPTOP)], replace(partial, state=PostureState.MISSING)
    )


def test_a_rule_that_goes_by_what_was_last_known_may_keep_out_whom_less_is_known_of() -> None:
    before = replace(KNOWN, apps=(), state=PostureState.UNAVAILABLE, last_state=PostureState.CLEAN)
    assert may_restrict(before, replace(before, last_state=PostureState.PARTIAL))
    assert may_restrict(before, replace(before, state=PostureState.PARTIAL, last_state=None))
    assert not may_restrict(before, replace(before, state=PostureState.CLEAN, last_state=None))
    until = replace(KNOWN, compliance_until=NOW + MAX_AGE)
    assert may_restrict(until, replace(until, compliance_until=NOW))
    assert not may_restrict(until, replace(until, compliance_until=NOW + 2 * MAX_AGE))


def test_a_state_that_is_better_keeps_nobody_out_and_of_a_new_device_only_what_speaks_against_it() -> None:
    assert not may_restrict(replace(KNOWN, state=PostureState.STALE), KNOWN)
    assert not may_restrict(None, replace(KNOWN, apps=()))
    assert may_restrict(None, KNOWN)


@pytest.mark.parametrize(
    ("reports", "expected", "source"),
    [
        # an app is there until somebody who is believed as much has looked later, at everything
        ([APP, FINE], "listed", None),
        ([APP, later(FINE)], "clean", "fine"),
        ([later(APP), FINE], "listed", "app"),
        ([APP, later(PARTIAL)], "listed", "app"),
        ([APP, later(BAD)], "partial", None),
        ([APP, later(FINE), PARTIAL], "clean", "fine"),
        ([APP, later(APP, 3), later(FINE, 2)], "listed", "app"),
        ([replace(APP, gone=True), FINE], "listed", "fine"),
        ([replace(APP, gone=True), later(FINE)], "clean", "fine"),
        ([APP, replace(later(FINE), gone=True)], "clean", None),
        # clean needs one whole look that has not run out, and nobody who says otherwise
        ([FINE, PARTIAL], "clean", "fine"),
        ([FINE, STALE], "clean", "fine"),
        ([FINE, BLIND], "clean", "fine"),
        ([FINE, GONE], "clean", "fine"),
        ([FINE, later(FINE, -5)], "clean", "fine"),
        ([FINE, BAD], "partial", None),
        ([STALE, PARTIAL], "partial", "part"),
        ([STALE, BLIND], "stale", "old"),
        ([STALE, GONE], "stale", "old"),
        ([BLIND, GONE], "missing", ""),
        ([BLIND, said("blind-too")], "missing", ""),
        # what a device says of itself counts against it, and for it only where nobody else has looked
        ([own(FINE)], "clean", ENROLLED),
        ([own(FINE), BLIND], "clean", ENROLLED),
        ([own(FINE), STALE], "stale", None),
        ([own(FINE), PARTIAL], "partial", "part"),
        ([own(PARTIAL), FINE], "clean", "fine"),
        ([own(APP), FINE], "listed", "fine"),
        ([own(APP), later(FINE)], "clean", "fine"),
        ([APP, own(later(FINE))], "listed", "app"),
        ([replace(APP, gone=True), own(later(FINE))], "stale", None),
        ([GONE, own(FINE)], "stale", None),
    ],
)
def test_several_sources_have_one_state_in_any_order(
    reports: list[Report], expected: str, source: str | None
) -> None:
    for order in permutations(reports):
        told = posture(*order, now=NOW + minutes(5))
        assert told.state is PostureState(expected)
        assert source is None or told.source == source


@pytest.mark.parametrize(
    ("reports", "precedence", "expected"),
    [
        ([APP, later(FINE)], (), "clean"),
        ([APP, later(FINE)], ("fine", "app"), "clean"),
        ([APP, later(FINE)], ("app", "fine"), "listed"),
        ([APP, later(FINE)], ("app",), "listed"),
        ([APP, later(FINE)], ("fine",), "clean"),
        ([APP, later(FINE)], ("another",), "clean"),
        ([later(APP), FINE], ("fine", "app"), "listed"),
        ([own(APP), later(FINE)], ("another",), "clean"),
        ([APP, own(later(FINE))], (ENROLLED, "app"), "listed"),
    ],
)
def test_a_less_believed_source_clears_no_app_of_another(
    reports: list[Report], precedence: tuple[str, ...], expected: str
) -> None:
    told = posture(*reports, now=NOW + minutes(5), precedence=precedence)
    assert told.state is PostureState(expected)


@pytest.mark.parametrize(
    ("reports", "silent", "expected", "last"),
    [
        ([STALE], "old", "unavailable", "clean"),
        ([replace(STALE, apps_complete=False)], "old", "unavailable", "partial"),
        ([STALE], "fine", "stale", None),
        ([replace(STALE, gone=True)], "old", "missing", None),
        ([BLIND], "blind", "missing", None),
        ([FINE], "fine", "clean", None),
        ([PARTIAL], "part", "partial", None),
        ([STALE, PARTIAL], "old", "unavailable", "clean"),
        ([replace(STALE, apps_complete=False), PARTIAL], "old", "partial", None),
        ([replace(STALE, status="contraindicated"), FINE], "old", "partial", None),
        (
            [STALE, replace(STALE, source="old", id="other", status="contraindicated")],
            "old",
            "unavailable",
            "partial",
        ),
        ([STALE, FINE], "old", "clean", None),
        ([STALE, replace(STALE, source="older")], "older", "unavailable", "clean"),
        ([replace(STALE, **TIKTOK)], "old", "unavailable", "listed"),
    ],
)
def test_a_report_that_ran_out_in_an_outage_is_never_clean(
    reports: list[Report], silent: str, expected: str, last: str | None
) -> None:
    told = posture(*reports, away={silent: NOW - timedelta(days=30)})
    assert told.state is PostureState(expected)
    assert told.state is not PostureState.UNAVAILABLE or told.last_state == (last and PostureState(last))


def test_apps_that_are_not_listed_any_more_are_not_told() -> None:
    told = posture(said(**CLEAN | {"apps": frozenset({"chess", "tiktok", "gone"})}))
    assert (told.apps, told.lists) == (("chess", "tiktok"), ("prohibited",))


def test_a_posture_is_all_that_is_known_of_the_device_now() -> None:
    found = Contradiction(Reason.DEVICE_OS_CONTRADICTED, "", "ios says mdm")
    looked_from = NOW - timedelta(hours=7)
    report = said(owner="ada", kind=Kind.TABLET, os="ios", os_version="26", managed=False, looked_from=looked_from, **CLEAN | TIKTOK)  # fmt: skip
    gone = said("gone", gone=True, owner="bob", kind=Kind.PHONE, os="android", managed=True, reported_at=NOW)
    whole = device(report, gone, findings=(found,), lost_at=NOW, first_seen=NOW - MAX_AGE)
    assert posture_of(whole, CATALOG, TERMS, NOW) == Posture(
        state=PostureState.LISTED, device_id="abcd-efgh-ijkl", kind=Kind.TABLET, os="ios", os_version="26", managed=False, owner="ada",
        apps=("tiktok",), lists=("prohibited",), witness=Witness("mdm", NOW, timedelta(hours=7)),
        source="mdm", sources=("mdm",), reported_at=NOW, lag=timedelta(hours=7),
        expires_at=looked_from + MAX_AGE, findings=(Finding(found.reason, found.detail),), lost=True, first_seen=NOW - MAX_AGE,
    )  # fmt: skip
    bare = Device("d", first_seen=NOW)
    assert posture_of(bare, CATALOG, TERMS, NOW) == Posture(device_id="d", first_seen=NOW)
    left = posture(gone)
    assert (left.state, left.kind, left.os, left.owner, left.sources) == (
        "missing",
        Kind.PHONE,
        "android",
        "bob",
        (),
    )


def test_who_saw_the_apps_is_told_and_not_who_looked_last() -> None:
    saw = said("mdm", **CLEAN | TIKTOK | {"reported_at": NOW - timedelta(hours=2)})
    clean = said("other", **CLEAN | {"reported_at": NOW - timedelta(hours=1)})
    told = posture(saw, clean, precedence=("mdm", "other"))
    assert (told.source, told.witness) == ("other", Witness("mdm", NOW - timedelta(hours=2)))
    assert told.look(at_apps=True) == told.witness
    assert told.look(at_apps=False) == Witness("other", NOW - timedelta(hours=1))
    both = strictest([told, posture(clean)])
    assert both.witness == told.witness
    assert strictest([told, told]).witness is None
    chess = said("other", **CLEAN | {"apps": frozenset({"chess"})})
    assert posture(saw, chess, precedence=("mdm", "other")).witness is None, "nobody saw both"
    assert posture(clean).witness is None


def test_the_next_source_tells_what_the_first_does_not_know() -> None:
    reports = (
        said("one", **CLEAN),
        said("two", os="ios", managed=False, kind=Kind.UNKNOWN, **CLEAN),
        said("three", os="android", managed=True, **CLEAN),
    )
    told = posture(*reports, precedence=("one", "two", "three"))
    assert (told.os, told.managed, told.kind) == ("ios", False, Kind.UNKNOWN)


def test_a_posture_tells_what_is_believed_most_of_each_thing() -> None:
    one = said("one", os="ios", os_version="26.1", owner="ada", managed=False, kind=Kind.LAPTOP, **CLEAN)
    two = said("two", os="android", owner="bob", managed=True, kind=Kind.PHONE, **CLEAN)
    found = Contradiction(Reason.DEVICE_OWNER_CONTRADICTED, "", "owner: ada says one, bob says two")
    both = device(one, two, findings=(found,), lost_at=NOW)
    told = posture_of(both, CATALOG, PostureTerms(MAX_AGE, precedence=("two", "one")), NOW)
    assert (told.os, told.os_version, told.owner, told.managed) == ("android", "", "bob", True)
    assert (told.kind, told.sources, told.lost) == (Kind.PHONE, ("one", "two"), True)
    assert told.findings == (Finding(Reason.DEVICE_OWNER_CONTRADICTED, found.detail),)
    told = posture_of(both, CATALOG, PostureTerms(MAX_AGE, precedence=("one", "two")), NOW)
    assert (told.os, told.owner, told.managed, told.kind) == ("ios", "ada", False, Kind.PHONE)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (("android", ""), ("ios", "18.6"), ("android", "")),
        (("android", ""), ("android", "15"), ("android", "15")),
        (("android", ""), ("", "15"), ("android", "15")),
        (("", "15"), ("ios", "18.6"), ("ios", "15")),
        (("ios", "26.1"), ("android", "15"), ("ios", "26.1")),
    ],
)
def test_a_version_is_never_of_another_system(
    first: tuple[str, str], second: tuple[str, str], told: tuple[str, str]
) -> None:
    reports = (
        said(name, os=os, os_version=version, **CLEAN)
        for name, (os, version) in (("one", first), ("two", second))
    )
    found = posture(*reports, precedence=("one", "two"))
    assert (found.os, found.os_version) == told


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([], None),
        ([None], None),
        *(([None, kind], kind) for kind in Kind),
        ([Kind.UNKNOWN, Kind.LAPTOP], Kind.LAPTOP),
        ([Kind.LAPTOP, Kind.TABLET], Kind.TABLET),
        ([Kind.TABLET, Kind.PHONE, Kind.LAPTOP], Kind.PHONE),
        ([Kind.LAPTOP, Kind.MAIL_APP], Kind.MAIL_APP),
        ([Kind.LAPTOP, Kind.OTHER], Kind.OTHER),
    ],
)
def test_the_most_restrictive_kind_is_taken(kinds: list[Kind | None], expected: Kind | None) -> None:
    assert kind_of(said(kind=kind) for kind in kinds) is expected


ADAS, BOBS_LATER = said("one", owner="Ada", **CLEAN), later(said("two", owner="bob", **CLEAN))


@pytest.mark.parametrize(
    ("reports", "precedence", "owner"),
    [
        ([ADAS, BOBS_LATER], (), "bob"),
        ([ADAS, BOBS_LATER], ("one",), "Ada"),
        ([ADAS, replace(BOBS_LATER, gone=True)], (), "Ada"),
        ([ADAS, replace(BOBS_LATER, source="reporter")], (), "Ada"),
        ([ADAS, replace(BOBS_LATER, source="reporter")], ("reporter",), "Ada"),
        ([said(), replace(BOBS_LATER, source="reporter")], (), "bob"),
        ([said()], (), ""),
    ],
    ids=["who looked last", "who is believed most", "who has not let go of it", "no app on it", "however much that is believed", "but better than nobody", "nobody"],
)  # fmt: skip
def test_the_owner_is_the_one_that_the_source_says_that_looked_last(
    reports: list[Report], precedence: tuple[str, ...], owner: str
) -> None:
    assert owner_of(device(*reports), NOW + minutes(5), precedence) == owner


@pytest.mark.parametrize(
    ("reports", "person", "is_theirs"),
    [([ADAS], "ADA", True), ([ADAS, BOBS_LATER], "ada", False), ([said()], "", False)],
    ids=["in any case", "no longer", "nobody's"],
)
def test_a_device_belongs_to_its_owner_alone(reports: list[Report], person: str, is_theirs: bool) -> None:
    assert belongs_to(device(*reports), person, NOW + minutes(5)) is is_theirs


@pytest.mark.parametrize(
    ("reports", "hours"),
    [
        ([], None),
        ([BLIND], None),
        ([FINE], 24),
        ([STALE], 8),
        ([later(STALE, -25 * 60)], 7),
        ([later(STALE, -32 * 60)], None),
        ([FINE, later(FINE), STALE], 8),
        ([FINE, later(FINE)], 24),
    ],
)
def test_a_posture_lasts_until_the_next_end_of_a_report(reports: list[Report], hours: int | None) -> None:
    until = stable_until(device(*reports), replace(TERMS, last_known_for=timedelta(hours=8)), NOW)
    assert until == (NOW + timedelta(hours=hours) if hours else datetime.max.replace(tzinfo=UTC))


def test_the_greatest_age_is_for_all_sources_or_one() -> None:
    of_each = PostureTerms(MAX_AGE, ages={"intune": MAX_AGE * 8, "jamf": MAX_AGE / 2})
    assert [of_each.age_of(source) for source in ("intune", "jamf", "mdm")] == [
        MAX_AGE * 8,
        MAX_AGE / 2,
        MAX_AGE,
    ]
    assert (of_each.oldest, TERMS.oldest) == (MAX_AGE * 8, MAX_AGE)
    assert PostureTerms(MAX_AGE, ages={"jamf": MAX_AGE / 2}).oldest == MAX_AGE


def test_a_source_is_away_from_five_seconds_after_its_first_run_that_failed() -> None:
    """Until then some gate may not know."""
    states = {
        name: SourceState(name, failing_since=since)
        for name, since in (("asked", NOW), ("removed", NOW), ("well", None))
    }
    assert sources_away(states, {"asked", "well"}) == {"asked": NOW + timedelta(seconds=5)}


PHONE = posture(FINE)


@pytest.mark.parametrize(
    ("postures", "expected"),
    [
        ([], "missing"),
        (["clean"], "clean"),
        (["clean", "partial"], "partial"),
        (["clean", "partial", "unavailable"], "unavailable"),
        (["clean", "partial", "unavailable", "stale"], "stale"),
        (["clean", "partial", "stale", "missing"], "missing"),
        (["clean", "listed"], "listed"),
        (["clean", "partial", "listed"], "partial"),
        (["clean", "partial", "missing", "listed"], "missing"),
    ],
)
def test_the_most_restrictive_device_of_a_person_counts(postures: list[str], expected: str) -> None:
    for order in permutations(postures):
        told = posture_of_person(replace(PHONE, state=PostureState(state)) for state in order)
        assert told.state is PostureState(expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.LAPTOP, "clean"), (Kind.TABLET, "listed"), (Kind.UNKNOWN, "listed"), (None, "listed")],
)
def test_a_computer_of_a_person_never_counts(kind: Kind | None, expected: str) -> None:
    other = replace(PHONE, state=PostureState.LISTED, kind=kind)
    assert posture_of_person([PHONE, other]).state is PostureState(expected)
    assert posture_of_person([replace(PHONE, kind=Kind.LAPTOP)]) == Posture()


def test_a_lost_phone_of_a_person_counts_before_every_other() -> None:
    missing = replace(PHONE, state=PostureState.MISSING, expires_at=NOW)
    lost = replace(PHONE, lost=True)
    for order in permutations([missing, lost, PHONE]):
        assert posture_of_person(order) == lost, "and lasts as long as itself"


def test_of_several_devices_each_fact_counts_that_lets_in_the_fewest() -> None:
    """A rule may read any of them, and the client may be on either."""
    ago = timedelta(hours=1)
    found = Finding(Reason.DEVICE_OS_CONTRADICTED, "two")
    phone = replace(
        PHONE,
        kind=Kind.PHONE,
        os="ios",
        os_version="26.1",
        managed=True,
        sources=("intune", "jamf"),
        reported_at=NOW,
    )
    tablet = replace(
        phone,
        kind=Kind.TABLET,
        os_version="26.0",
        sources=("jamf",),
        reported_at=NOW,
        lag=ago,
        findings=(found,),
    )
    for order in permutations([phone, tablet]):
        told = posture_of_person(order)
        assert (told.kind, told.os, told.os_version, told.managed) == (Kind.PHONE, "ios", "", True)
        assert (told.sources, told.findings, told.looked_from) == (("jamf",), (found,), NOW - ago)
    assert posture_of_person([phone, replace(tablet, managed=None)]).managed is None
    assert posture_of_person([phone, replace(tablet, managed=False, os="android")]).managed is False
    assert posture_of_person([phone, replace(tablet, os="android")]).os == ""
    assert posture_of_person([phone, replace(tablet, reported_at=None)]).looked_from is None
    assert posture_of_person([phone]) == phone


@pytest.mark.parametrize("state", PostureState)
def test_a_posture_with_a_list_goes_before_an_equal_one(state: PostureState) -> None:
    one, other = (Posture(state, device_id=name) for name in "ab")
    listed = Posture(state, device_id="c", lists=("prohibited",))
    assert strictest([one, other]).device_id == "a"
    assert strictest([one, listed, other]).device_id == "c"


@pytest.mark.parametrize("other", [state for state in PostureState if state is not PostureState.CLEAN])
def test_the_strictest_of_two_postures_is_never_the_clean_one(other: PostureState) -> None:
    clean, strict = Posture(PostureState.CLEAN), Posture(other)
    assert strictest([clean, strict]).state is strictest([strict, clean]).state is other
    assert strictest([Posture(PostureState.MISSING), replace(clean, lost=True)]).lost


def test_the_strictest_of_two_postures_has_the_apps_of_both() -> None:
    listed = Posture(PostureState.LISTED, apps=("wechat",), lists=("watched",))
    for order in permutations([listed, Posture(PostureState.STALE, apps=("tiktok",), lists=("prohibited",))]):
        told = strictest(order)
        assert (told.state, told.apps) == (PostureState.STALE, ("tiktok", "wechat"))
        assert told.lists == ("prohibited", "watched")
    assert strictest([Posture(PostureState.STALE), listed]).lists == ("watched",)


@pytest.mark.parametrize(
    ("report", "state"),
    [
        ({"reported_at": NOW, "apps_complete": True}, "listed"),
        ({"reported_at": NOW, "apps_complete": False}, "partial"),
        ({"reported_at": NOW - MAX_AGE, "apps_complete": True}, "stale"),
        ({"reported_at": NOW, "apps_complete": True, "gone": True}, "missing"),
    ],
)
def test_an_app_on_a_list_makes_nobody_better_known_than_without_it(
    report: dict[str, object], state: str
) -> None:
    without = posture(said(**report))
    posture_with = posture(said(**report, **TIKTOK))
    assert posture_with.state is PostureState(state)
    assert posture_with.lists == ("prohibited",), "however old: an app does not go away by silence"
    assert without.state in (posture_with.state, PostureState.CLEAN)


LAG = timedelta(days=7)
OF_A_WEEK = {"intune": LAG + MAX_AGE}


def lagging(source: str = "intune", **fields: object) -> Report:
    """A report whose list of apps may be a week older than the time that the source states."""
    return said(source, **CLEAN | {"looked_from": NOW - LAG} | fields)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (timedelta(), "listed"),
        (LAG - timedelta(seconds=1), "listed"),
        (LAG, "listed"),
        (LAG + timedelta(seconds=1), "clean"),
    ],
)
def test_a_list_takes_an_app_back_only_if_it_is_surely_later(since: timedelta, expected: str) -> None:
    saw = said("jamf", **TIKTOK | {"reported_at": NOW - since, "apps_complete": True})
    assert posture(saw, lagging(), ages=OF_A_WEEK).state is PostureState(expected)


def test_a_listed_app_counts_from_its_latest_possible_time() -> None:
    before = said("jamf", **CLEAN | {"reported_at": NOW - timedelta(hours=1)})
    assert posture(lagging(**TIKTOK), before).state is PostureState.LISTED


def test_a_posture_tells_from_when_to_when_its_source_can_have_looked() -> None:
    found = posture(lagging(), ages=OF_A_WEEK)
    assert (found.looked_from, found.reported_at, found.state) == (NOW - LAG, NOW, PostureState.CLEAN)
    assert posture(said(**CLEAN)).looked_from == NOW
    assert posture(said()).looked_from is None


@pytest.mark.parametrize("state", [PostureState.PARTIAL, PostureState.LISTED, PostureState.CLEAN])
def test_the_stricter_of_two_postures_ends_with_the_first_report(state: PostureState) -> None:
    sooner = Posture(state, expires_at=NOW + timedelta(hours=1))
    unavailable = Posture(PostureState.UNAVAILABLE, expires_at=NOW + timedelta(hours=2))
    assert strictest([unavailable, sooner]).expires_at == NOW + timedelta(hours=1)
    for ended in (PostureState.STALE, PostureState.MISSING):
        assert strictest([unavailable, Posture(ended, expires_at=NOW + MAX_AGE)]).expires_at == NOW + MAX_AGE
    assert strictest([Posture(state), sooner]).expires_at == sooner.expires_at
    assert strictest([Posture(state)]).expires_at is None


@pytest.mark.parametrize(("hours", "is_told"), [(1, False), (2, True), (3, True), (None, True)])
def test_last_known_until_belongs_to_the_posture_that_ends_first(hours: int | None, is_told: bool) -> None:
    worst = Posture(PostureState.PARTIAL, expires_at=NOW + timedelta(hours=2), last_known_until=NOW + MAX_AGE)
    other = Posture(PostureState.CLEAN, expires_at=hours and NOW + timedelta(hours=hours))
    assert strictest([worst, other]).last_known_until == (NOW + MAX_AGE if is_told else None)


@pytest.mark.parametrize(
    ("reports", "away", "last", "hours"),
    [
        ([FINE], {}, None, None),
        ([FINE], {"fine": NOW}, "clean", 32),
        ([replace(FINE, **TIKTOK)], {"fine": NOW}, "listed", 32),
        ([PARTIAL], {"part": NOW}, "partial", 32),
        ([FINE], {"fine": NOW + MAX_AGE}, None, None),
        ([FINE], {"another": NOW}, None, None),
        ([FINE, later(FINE)], {"fine": NOW}, "clean", 32 + 1 / 60),
        ([BLIND], {"blind": NOW}, None, None),
    ],
)
def test_an_outage_tells_until_when_the_last_report_counts(
    reports: list[Report], away: dict[str, datetime], last: str | None, hours: float | None
) -> None:
    told = posture(*reports, away=away, last_known_for=timedelta(hours=8), now=NOW + minutes(5))
    assert told.last_state == (last and PostureState(last))
    assert told.last_known_until == (NOW + timedelta(hours=hours) if hours else None)


def test_the_report_that_ran_out_last_is_told() -> None:
    reports = [
        STALE,
        replace(later(STALE, -24 * 60 - 1), source="older"),
        replace(later(STALE, -24 * 60 + 1), source="newer", apps_complete=False),
    ]
    for order in permutations(reports):
        told = posture(
            *order,
            away=dict.fromkeys(("old", "older", "newer"), NOW - MAX_AGE * 2),
            last_known_for=timedelta(hours=8),
            now=NOW + minutes(5),
        )
        assert (told.state, told.last_state, told.source) == ("unavailable", "clean", "old")
        assert (told.expires_at, told.last_known_until) == (NOW + timedelta(hours=8), None)


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ({}, PostureState.STALE),
        ({"intune": LAG}, PostureState.STALE),
        ({"intune": LAG + timedelta(seconds=1)}, PostureState.CLEAN),
        ({"jamf": LAG + timedelta(days=1)}, PostureState.STALE),
    ],
)
def test_the_age_counts_from_the_earliest_time_by_source(
    ages: dict[str, timedelta], expected: PostureState
) -> None:
    assert posture(lagging(), ages=ages).state is expected
