"""What is kept of a newer report, how devices become one, and what they are called."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.examples import NOW, minutes

from mailgate.devices.device import Contradiction, Device, Report, merged, new_id, typed_id
from mailgate.devices.names import EAS, KEY, SERIAL
from mailgate.model import Kind, Reason

OLD = Report(
    "mdm",
    "7",
    owner="ada",
    apps=frozenset({"tiktok"}),
    apps_complete=True,
    reported_at=NOW,
    expires_at=NOW + minutes(60),
    status="affirming",
    names=frozenset({(KEY, "k")}),
    first_seen=NOW,
    last_seen=NOW,
)
UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)
THEN = NOW + timedelta(days=1)
"""Later than every report here."""
BLIND = replace(OLD, owner="bob", apps=frozenset(), apps_complete=None, reported_at=None, status="none")


@pytest.mark.parametrize(
    ("new", "owner", "apps"),
    [
        (replace(OLD, reported_at=NOW + minutes(1), apps=frozenset(), owner="bob"), "bob", set()),
        (replace(OLD, apps=frozenset(), owner="bob"), "bob", set()),
        (replace(OLD, expires_at=NOW + minutes(61), apps=frozenset()), "ada", set()),
        (replace(OLD, reported_at=NOW - minutes(1), apps=frozenset(), owner="bob"), "ada", {"tiktok"}),
        (replace(OLD, expires_at=NOW + minutes(59), apps=frozenset(), owner="bob"), "ada", {"tiktok"}),
        (BLIND, "bob", {"tiktok"}),
        (replace(BLIND, expires_at=None), "bob", {"tiktok"}),
        (replace(BLIND, expires_at=NOW + minutes(59)), "ada", {"tiktok"}),
    ],
    ids=["later", "same-moment", "longer", "earlier", "shorter", "no-look", "no-end", "older-without-a-look"],
)
def test_the_later_of_two_looks_counts(new: Report, owner: str, apps: set[str]) -> None:
    kept = replace(new, last_seen=NOW + minutes(5)).after(OLD, THEN)
    assert (kept.owner, kept.apps) == (owner, apps)
    assert (kept.first_seen, kept.last_seen) == (NOW, NOW + minutes(5))
    assert new.after(None, THEN) == new


def test_a_report_without_a_look_keeps_the_last_look() -> None:
    old = replace(OLD, looked_from=NOW - minutes(7))
    assert replace(BLIND, expires_at=NOW + minutes(600)).after(old, THEN) == replace(old, owner="bob")


@pytest.mark.parametrize(
    ("old", "new", "first", "last"),
    [
        ((3, 5), (4, 6), 3, 6),
        ((3, 6), (4, 5), 3, 6),
        ((4, 6), (3, 5), 3, 6),
        ((3, 2 * 24 * 60), (4, 5), 3, 5),
    ],
    ids=["later", "overtaken", "earlier", "by a clock that was ahead"],
)
def test_a_report_was_seen_first_and_last_when_any_of_it_was(
    old: tuple[int, int], new: tuple[int, int], first: int, last: int
) -> None:
    """In minutes from now. Nothing was seen later than a day from now, which is when the two are compared."""
    before, after = (
        replace(OLD, first_seen=NOW + minutes(one), last_seen=NOW + minutes(other))
        for one, other in (old, new)
    )
    device = Device("d", (before,), first_seen=before.first_seen, last_seen=before.last_seen)
    for kept in (after.after(before, THEN), device.with_report(after, THEN)):
        assert (kept.first_seen, kept.last_seen) == (NOW + minutes(first), NOW + minutes(last))


def test_a_device_that_is_gone_keeps_its_names_and_comes_back() -> None:
    gone = Report("mdm", "7", gone=True).after(OLD, THEN)
    assert gone == replace(OLD, gone=True)
    assert OLD.after(gone, THEN) == OLD


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_the_newest_look_is_kept_in_whatever_order_looks_come(ages: list[int]) -> None:
    looks = [replace(OLD, reported_at=NOW + minutes(age), owner=str(age)) for age in ages]
    for order in permutations(looks):
        kept = None
        for look in order:
            kept = look.after(kept, THEN)
        assert kept == max(looks, key=lambda look: look.recency(THEN))


def test_a_merged_device_has_the_oldest_id_and_all_reports() -> None:
    ceded, both = frozenset({(KEY, "k")}), frozenset({"older", "both"})
    old = Device("old", (OLD,), both, ceded, first_seen=NOW, last_seen=NOW, number=2, changed=1)
    other = replace(OLD, source="jamf")
    new = Device(
        "new", (other,), frozenset({"both"}), lost_at=NOW, first_seen=NOW + minutes(1), last_seen=NOW + minutes(2), number=1, changed=9
    )  # fmt: skip
    for pair in ([old, new], [new, old]):
        one = merged(pair)
        assert one == Device("old", (other, OLD), frozenset({"older", "both", "new"}), lost_at=NOW)
        assert (one.first_seen, one.last_seen, one.number, one.changed) == (NOW, NOW + minutes(2), 2, 9)
    lost = [replace(old, lost_at=NOW + minutes(3)), replace(new, last_seen=NOW - minutes(1))]
    assert merged(lost).lost_at == merged(lost[::-1]).lost_at == NOW
    assert merged([replace(old, lost_at=NOW), replace(new, lost_at=NOW + minutes(3))]).lost_at == NOW
    assert (merged(lost).last_seen, merged([old]), merged([old, replace(new, lost_at=None)]).lost_at) == (
        NOW,
        old,
        None,
    )


def test_the_first_id_of_equally_old_devices_is_kept() -> None:
    assert merged([Device("b"), Device("c"), Device("a")]).id == "a"


SLOTS = [("intune", "2"), ("jamf", "1"), ("jamf", "2")]


@pytest.mark.parametrize("slot", SLOTS)
def test_a_device_has_one_report_for_each_id_of_a_source_in_order(slot: tuple[str, str]) -> None:
    reports = tuple(Report(*each) for each in SLOTS)
    device = Device("d", reports)
    new = Report(*slot, owner="ada")
    assert device.report(slot) == Report(*slot)
    assert device.report((slot[0], "3")) is None
    assert device.with_report(new, THEN).reports == tuple(
        new if each.key == slot else each for each in reports
    )
    without = device.without(slot)
    assert without.reports == tuple(each for each in reports if each.key != slot)
    assert without.with_report(Report(*slot), THEN) == device
    assert without.without(slot) == without


def test_times_and_words_do_not_make_reports_different() -> None:
    """Else every report that comes again would be news."""
    report = Report("mdm", "7")
    assert report == replace(report, first_seen=NOW, last_seen=NOW, adds=True)
    found = Contradiction(Reason.DEVICE_OS_CONTRADICTED, "", "ios says one")
    assert found == replace(found, detail="android says one", since=NOW)
    assert Device("d") == Device("d", first_seen=NOW, last_seen=NOW, number=7, changed=7)


def test_a_bare_report_and_device_say_nothing() -> None:
    report, device = Report("mdm", "7"), Device("d")
    assert (report.gone, report.adds, device.number, device.changed) == (False, False, 0, 0)
    assert device.claims == device.names == frozenset()


@pytest.mark.parametrize(
    ("fields", "recency", "lag"),
    [
        ({}, (UNKNOWN, UNKNOWN), 0),
        ({"reported_at": NOW}, (NOW, UNKNOWN), 0),
        ({"reported_at": NOW, "looked_from": NOW - minutes(7)}, (NOW, UNKNOWN), 7),
        ({"looked_from": NOW}, (UNKNOWN, UNKNOWN), 0),
        ({"reported_at": NOW, "expires_at": THEN}, (NOW, THEN), 0),
        ({"reported_at": THEN + minutes(6), "expires_at": THEN}, (UNKNOWN, THEN), 0),
    ],
)
def test_looks_are_ordered_by_their_time_and_then_by_their_end(
    fields: dict[str, Any], recency: tuple[datetime, datetime], lag: float
) -> None:
    report = Report("mdm", "7", **fields)
    assert (report.recency(THEN), report.lag) == (recency, minutes(lag))


def test_names_that_are_ceded_are_claimed_but_not_had() -> None:
    device = Device(
        "a",
        (OLD, replace(OLD, id="8", names=frozenset({(SERIAL, "S")}))),
        ceded_names=frozenset({(KEY, "k"), (KEY, "of another")}),
    )
    assert device.claims == {(KEY, "k"), (SERIAL, "S")}
    assert device.names == {(SERIAL, "S")}


@given(st.text(), st.text(), st.integers(0, 3))
def test_an_id_can_be_typed_without_its_hyphens_and_in_capitals(source: str, name: str, attempt: int) -> None:
    made = new_id((source, name), attempt)
    assert len(made) == 14
    assert not set(made) & set("0189")
    for typed in (made, made.upper(), made.replace("-", ""), f" {made} "):
        assert typed_id(typed) == made


def test_an_id_depends_on_source_name_and_attempt() -> None:
    made = {new_id(("a", "bc")), new_id(("ab", "c")), new_id(("a", "bc"), 1), new_id(("", "abc"))}
    assert len(made) == 4
    assert (made_of := new_id(("jamf", "1"))) == "3jno-s747-pgl2", (
        "every gate makes the same, of every release"
    )
    assert new_id(("jamf", "1"), 1) == "png2-cvx4-uf7k" != made_of
    for other in ("phone-1", " ABCD-efgh-ijk", "ABCD-efgh-ijklm"):
        assert typed_id(other) == other


WHAT_IT_IS = Report(
    "mdm", "7", kind=Kind.PHONE, os="ios", os_version="26.1", names=frozenset({(EAS, "appl1")}), adds=True
)
WHAT_IS_ON_IT = Report(
    "mdm", "7", managed=True, apps=frozenset({"tiktok"}), apps_complete=True, reported_at=NOW, adds=True
)


@pytest.mark.parametrize("order", list(permutations([WHAT_IT_IS, WHAT_IS_ON_IT, WHAT_IT_IS])))
def test_parts_make_a_whole_in_any_order(order: tuple[Report, ...]) -> None:
    kept = None
    for part in order:
        kept = part.after(kept, THEN)
    assert kept == replace(
        WHAT_IS_ON_IT, kind=Kind.PHONE, os="ios", os_version="26.1", names=frozenset({(EAS, "appl1")})
    )
    assert not kept.adds
    assert not order[0].after(None, THEN).adds


def test_a_part_replaces_what_it_names_and_nothing_else() -> None:
    old = replace(OLD, names=frozenset({(KEY, "k"), (SERIAL, "s1"), (EAS, "appl1")}))
    other = Report("mdm", "7", os="android", adds=True).after(old, THEN)
    assert (other.os, other.os_version) == ("android", "")
    kept = Report("mdm", "7", os_version="26.2", names=frozenset({(SERIAL, "s2")}), adds=True).after(
        old, THEN
    )
    assert kept == replace(
        old, os_version="26.2", names=frozenset({(KEY, "k"), (SERIAL, "s2"), (EAS, "appl1")})
    )


def test_a_whole_report_replaces_the_earlier_one() -> None:
    kept = replace(WHAT_IT_IS, adds=False, reported_at=NOW + minutes(1)).after(OLD, THEN)
    assert (kept.owner, kept.names) == ("", frozenset({(EAS, "appl1")}))


def test_a_part_that_is_older_changes_no_look() -> None:
    old = replace(WHAT_IS_ON_IT, reported_at=NOW - minutes(1), apps=frozenset())
    assert old.after(WHAT_IS_ON_IT, THEN).apps == {"tiktok"}


def test_a_device_comes_back_with_a_part() -> None:
    assert not WHAT_IT_IS.after(replace(OLD, gone=True), THEN).gone


@pytest.mark.parametrize(
    ("old", "part", "kept"),
    [
        ({"owner": "ada"}, {}, {"owner": "ada"}),
        ({"owner": "ada"}, {"owner": "bob"}, {"owner": "bob"}),
        ({"kind": Kind.PHONE}, {"kind": Kind.TABLET}, {"kind": Kind.TABLET}),
        ({"managed": True}, {}, {"managed": True}),
        ({"managed": True}, {"managed": False}, {"managed": False}),
        ({"managed": False}, {}, {"managed": False}),
        ({"status": "warning"}, {}, {"status": "warning"}),
        ({"status": "warning"}, {"status": "affirming"}, {"status": "affirming"}),
        ({"status": "affirming"}, {"status": "warning"}, {"status": "warning"}),
        ({"os": "ios", "os_version": "26"}, {}, {"os": "ios", "os_version": "26"}),
        ({"os": "ios", "os_version": "26"}, {"os": "ios"}, {"os": "ios", "os_version": "26"}),
        ({"os": "ios", "os_version": "26"}, {"os": "android"}, {"os": "android"}),
        ({"os": "ios", "os_version": "26"}, {"os_version": "27"}, {"os": "ios", "os_version": "27"}),
    ],
)
def test_an_empty_field_of_a_part_keeps_its_older_value(
    old: dict[str, Any], part: dict[str, Any], kept: dict[str, Any]
) -> None:
    assert Report("mdm", "7", **part, adds=True).after(Report("mdm", "7", **old), THEN) == Report(
        "mdm", "7", **kept
    )


def test_a_look_is_never_from_the_future() -> None:
    """Else it would hide every later one."""
    soon = replace(OLD, reported_at=NOW + minutes(9))
    assert soon.received(NOW).reported_at == NOW
    assert replace(OLD, reported_at=None).received(NOW).reported_at is None
    came = OLD.received(NOW + minutes(9))
    assert (came.reported_at, came.first_seen, came.last_seen) == (NOW, NOW + minutes(9), NOW + minutes(9))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, True),
        ({"apps_complete": False}, False),
        ({"apps_complete": None}, None),
        ({"asked": frozenset({"tiktok"})}, True),
        ({"profile": "personal"}, False),
    ],
)
def test_people_are_told_of_a_whole_device_only_if_it_was_seen(changed, told):
    assert replace(Report("mdm", "1", apps_complete=True), **changed).saw_device is told
