"""What is kept of a newer report, how devices become one, and what they are called."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.examples import NOW, minutes

from mailgate.devices.device import Device, Report, merged, new_id, typed_id
from mailgate.devices.names import EAS, KEY, SERIAL
from mailgate.model import Kind

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
def test_of_two_looks_the_later_counts_and_who_did_not_look_takes_no_look_back(
    new: Report, owner: str, apps: set[str]
) -> None:
    kept = replace(new, last_seen=NOW + minutes(5)).after(OLD, THEN)
    assert (kept.owner, kept.apps) == (owner, apps)
    assert (kept.first_seen, kept.last_seen) == (NOW, NOW + minutes(5))
    assert new.after(None, THEN) == new


def test_a_report_without_a_look_makes_the_last_look_no_younger() -> None:
    kept = replace(BLIND, expires_at=NOW + minutes(600)).after(OLD, THEN)
    assert (kept.reported_at, kept.expires_at, kept.status) == (NOW, NOW + minutes(60), "affirming")


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


def test_merged_devices_have_the_id_of_the_oldest_and_all_that_the_others_had() -> None:
    old = Device("old", (OLD,), frozenset({"older"}), first_seen=NOW, last_seen=NOW)
    other = replace(OLD, source="jamf")
    new = Device("new", (other,), lost_at=NOW, first_seen=NOW + minutes(1), last_seen=NOW + minutes(2))
    for pair in ([old, new], [new, old]):
        one = merged(pair)
        assert (one.id, one.former_ids, one.lost_at) == ("old", {"older", "new"}, NOW)
        assert (one.reports, one.first_seen, one.last_seen) == ((other, OLD), NOW, NOW + minutes(2))


def test_names_that_are_ceded_are_claimed_but_not_had() -> None:
    device = Device(
        "a",
        (OLD, replace(OLD, id="8", names=frozenset({(SERIAL, "S")}))),
        ceded_names=frozenset({(KEY, "k")}),
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


def test_an_id_is_made_of_source_and_name_and_of_how_often_it_was_tried() -> None:
    made = {new_id(("a", "bc")), new_id(("ab", "c")), new_id(("a", "bc"), 1), new_id(("", "abc"))}
    assert len(made) == 4
    assert typed_id("phone-1") == "phone-1"


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


def test_a_whole_report_leaves_nothing_of_what_it_does_not_name() -> None:
    kept = replace(WHAT_IT_IS, adds=False, reported_at=NOW + minutes(1)).after(OLD, THEN)
    assert (kept.owner, kept.names) == ("", frozenset({(EAS, "appl1")}))


def test_a_part_that_is_older_changes_no_look() -> None:
    old = replace(WHAT_IS_ON_IT, reported_at=NOW - minutes(1), apps=frozenset())
    assert old.after(WHAT_IS_ON_IT, THEN).apps == {"tiktok"}


def test_a_device_comes_back_with_a_part() -> None:
    assert not WHAT_IT_IS.after(replace(OLD, gone=True), THEN).gone


def test_a_look_is_never_from_the_future() -> None:
    """Else it would hide every later one."""
    soon = replace(OLD, reported_at=NOW + minutes(9))
    assert soon.received(NOW).reported_at == NOW
    assert replace(OLD, reported_at=None).received(NOW).reported_at is None
    assert OLD.received(NOW + minutes(9)).reported_at == NOW
    assert OLD.received(NOW + minutes(9)).first_seen == NOW + minutes(9)


def test_each_attempt_makes_another_id_and_every_gate_the_same() -> None:
    made = [new_id(("jamf", "1"), attempt) for attempt in range(4)]
    assert len(set(made)) == 4
    assert made == [new_id(("jamf", "1"), attempt) for attempt in range(4)]
    assert new_id(("jamf", "1")) == made[0] != new_id(("jamf", "2"))


def test_a_look_that_is_kept_keeps_the_earliest_time_that_it_can_be_of() -> None:
    since = NOW - timedelta(days=7)
    old = Report("intune", "1", apps_complete=True, reported_at=NOW, looked_from=since)
    kept = Report("intune", "1", os="ios").after(old, NOW)
    assert (kept.os, kept.looked_from, kept.lag) == ("ios", since, timedelta(days=7))
