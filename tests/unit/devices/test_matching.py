"""Which reports are of one device, in whatever order they come."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.examples import NOW, minutes

from mailgate.devices.device import Device, Report, new_id
from mailgate.devices.matching import (
    PLACEHOLDER_MIN_IDS,
    DeviceSet,
    ReportChange,
    contradictions,
    looks_like_placeholder,
    shared_name,
)
from mailgate.devices.names import CERT, EAS, KEY, SERIAL, UDID, Name
from mailgate.devices.trust import ENROLLED
from mailgate.model import Kind, Reason
from mailgate.model.phrase import translate
from mailgate.texts import console_languages

THEN = NOW + minutes(24 * 60)
"""Later than every report here."""


def report(slot: str, *names: str, at: float = 0, **fields: object) -> Report:
    """``jamf:1`` with names such as ``serial:S1``; it came ``at`` minutes after now."""
    source, _, name = slot.partition(":")
    pairs = frozenset((kind, text) for kind, _, text in (each.partition(":") for each in names))
    seen = NOW + minutes(at)
    base = Report(source, name, names=pairs, reported_at=seen, first_seen=seen, last_seen=seen)
    return replace(base, **fields)  # type: ignore[arg-type]


def put(*reports: Report) -> DeviceSet:
    device_set = DeviceSet((), THEN)
    for each in reports:
        device_set.add(each)
    return device_set


def together(devices: Iterable[Device]) -> set[frozenset[str]]:
    """Which reports are of one device."""
    return {frozenset(f"{each.source}:{each.id}" for each in device.reports) for device in devices}


def groups(text: str) -> set[frozenset[str]]:
    return {frozenset(each.split("+")) for each in text.split()}


A, B, C = "jamf:1", "intune:2", "google:3"


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        # one strong name in common is enough, whichever it is
        ([(A, "serial:S1"), (B, "serial:S1")], "jamf:1+intune:2"),
        ([(A, "udid:U1"), (B, "udid:U1")], "jamf:1+intune:2"),
        ([(A, "key:k1"), (B, "key:k1")], "jamf:1+intune:2"),
        ([(A, "cert:c1"), (B, "cert:c1")], "jamf:1+intune:2"),
        ([(A, "eas:e1"), (B, "eas:e1")], "jamf:1+intune:2"),
        ([(A, "eas:x1"), (B, "key:x1")], "jamf:1 intune:2"),
        ([(A,), (B,)], "jamf:1 intune:2"),
        # one that has names of several makes them one
        ([(A, "serial:S1"), (B, "eas:e1"), (C, "serial:S1", "eas:e1")], "jamf:1+intune:2+google:3"),
        ([(A, "key:k1"), (B, "udid:U1", "eas:e1"), (C, "key:k1", "eas:e1")], "jamf:1+intune:2+google:3"),
        # the hardware's names outrank the others, and the serial number the UDID
        ([(A, "serial:S1", "eas:e1"), (B, "serial:S2", "eas:e1")], "jamf:1 intune:2"),
        ([(A, "serial:S1", "key:k1"), (B, "serial:S2", "key:k1")], "jamf:1 intune:2"),
        ([(A, "udid:U1", "eas:e1"), (B, "udid:U2", "eas:e1")], "jamf:1 intune:2"),
        ([(A, "serial:S1", "udid:U1"), (B, "serial:S2", "udid:U1")], "jamf:1 intune:2"),
        ([(A, "serial:S1", "udid:U1"), (B, "serial:S1", "udid:U2")], "jamf:1+intune:2"),
        ([(A, "serial:S1", "udid:U1", "eas:e1"), (B, "udid:U2", "eas:e1")], "jamf:1 intune:2"),
        ([(A, "serial:S1", "eas:e1"), (B, "udid:U2", "eas:e1")], "jamf:1+intune:2"),
        # two ids of one source
        ([(A, "serial:S1"), ("jamf:2", "serial:S1")], "jamf:1+jamf:2"),
    ],
)
def test_one_strong_name_in_common_makes_one_device(reports: list[tuple[str, ...]], expected: str) -> None:
    made = [report(slot, *names) for slot, *names in reports]
    for order in permutations(made):
        assert together(put(*order)) == groups(expected)


PHONE, LAPTOP = "intune:phone", "jamf:laptop"


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        # a device's own word joins the device that somebody else knows by that key
        ([(f"{ENROLLED}:e", "key:k1"), (PHONE, "key:k1", "serial:S1")], "enrolled:e+intune:phone"),
        # and joins no two devices of others, by whatever it proves
        (
            [(PHONE, "key:k1"), (LAPTOP, "cert:c1"), (f"{ENROLLED}:e", "key:k1", "cert:c1")],
            "intune:phone+enrolled:e jamf:laptop",
        ),
        (
            [
                (PHONE, "serial:S1", "key:k1"),
                (LAPTOP, "serial:S2", "cert:c1"),
                (f"{ENROLLED}:e", "cert:c1", "key:k1"),
            ],
            "intune:phone+enrolled:e jamf:laptop",
        ),
        # two devices that enrolled are two, unless somebody else says that they are one
        (
            [(f"{ENROLLED}:e", "cert:c1", "key:k1"), (PHONE, "cert:c1", "serial:S1")],
            "enrolled:e intune:phone",
        ),
        ([(f"{ENROLLED}:e", "key:k1"), (f"{ENROLLED}:f", "key:k2")], "enrolled:e enrolled:f"),
        (
            [(f"{ENROLLED}:e", "key:k1"), (f"{ENROLLED}:f", "key:k2"), (PHONE, "key:k1", "key:k2")],
            "enrolled:e+enrolled:f+intune:phone",
        ),
    ],
)
def test_a_devices_own_word_joins_it_to_one_device_at_most(
    reports: list[tuple[str, ...]], expected: str
) -> None:
    made = [report(slot, *names) for slot, *names in reports]
    for order in permutations(made):
        assert together(put(*order)) == groups(expected)


def test_a_name_of_others_does_not_go_to_a_device_that_only_claims_it() -> None:
    own = report(f"{ENROLLED}:e", "key:k1", "cert:c1", at=9)
    for order in permutations([report(LAPTOP, "cert:c1"), own]):
        device_set = put(report(PHONE, "key:k1"), *order)
        laptop = device_set.at(("jamf", "laptop"))
        assert laptop is not None
        assert device_set.named([(CERT, "c1")]) == laptop
        assert [each.reason for each in laptop.findings] == [Reason.DEVICE_NAME_CONTRADICTED]


def home(device_set: DeviceSet, slot: str) -> Device:
    """The device with this report."""
    device = device_set.at((slot.partition(":")[0], slot.partition(":")[2]))
    assert device is not None
    return device


SHARED = (EAS, "e1")


@pytest.mark.parametrize(
    ("one", "two", "holder"),
    [
        ({"at": 1}, {}, A),
        ({"at": -1}, {}, B),
        ({"at": 1, "gone": True}, {}, B),
        ({"expires_at": NOW + minutes(2)}, {"expires_at": NOW + minutes(1)}, A),
        ({"expires_at": NOW + minutes(1)}, {"expires_at": NOW + minutes(2)}, B),
        ({"last_seen": NOW + minutes(2)}, {"last_seen": NOW + minutes(1)}, A),
        ({"last_seen": NOW + minutes(1)}, {"last_seen": NOW + minutes(2)}, B),
        ({"last_seen": THEN + minutes(9)}, {}, B),
        ({"reported_at": THEN + minutes(9)}, {}, B),
        ({}, {}, max(A, B, key=lambda slot: new_id((slot.partition(":")[0], slot.partition(":")[2])))),
    ],
    ids=["newer", "older", "gone", "longer", "shorter", "seen last", "seen first", "seen at no time", "of no time", "alike"],
)  # fmt: skip
def test_a_shared_name_goes_to_the_last_reported_device(
    one: dict[str, Any], two: dict[str, Any], holder: str
) -> None:
    reports = [report(A, "serial:S1", "eas:e1", **one), report(B, "serial:S2", "eas:e1", **two)]
    device_set = put(*(replace(each, gone=False) for each in reports), *reports)
    assert device_set.named([SHARED]) == home(device_set, holder)
    for slot, other in ((A, B), (B, A)):
        device = home(device_set, slot)
        assert device.ceded_names == (frozenset() if slot == holder else {SHARED})
        assert [(each.reason, each.about, each.detail) for each in device.findings] == [
            (
                Reason.DEVICE_NAME_CONTRADICTED,
                "eas e1",
                f"the eas name e1 is reported for {home(device_set, other).id} too, which is another device",
            )
        ]


def test_only_reports_that_claim_a_name_count_for_it() -> None:
    two = (report(A, "serial:S1", "eas:e1"), report(C, "serial:S1", at=9))
    device_set = put(*two, report(B, "serial:S2", "eas:e1", at=1))
    assert device_set.named([SHARED]) == home(device_set, B)


def test_every_device_that_claims_a_name_is_told_the_others() -> None:
    device_set = put(*(report(f"jamf:{n}", f"serial:S{n}", "eas:e1", "key:k1", at=n) for n in range(3)))
    ids = {device.id for device in device_set}
    for device in device_set:
        assert [each.about for each in device.findings] == ["eas e1", "key k1"]
        for each in device.findings:
            assert all((other in each.detail) is (other != device.id) for other in ids)


def test_each_change_of_a_shared_name_settles_all_its_devices() -> None:
    device_set = put(report(A, "serial:S1", "eas:e1", at=2), report(B, "serial:S2"))
    assert not any(device.findings for device in device_set)
    device_set.add(report(B, "serial:S2", "eas:e1", at=1))
    assert [home(device_set, slot).ceded_names for slot in (A, B)] == [frozenset(), {SHARED}]
    device_set.add(report(B, "serial:S2", "eas:e1", at=3))
    assert [home(device_set, slot).ceded_names for slot in (A, B)] == [{SHARED}, frozenset()]
    device_set.add(report(B, "serial:S2", at=4))
    assert not any(device.findings or device.ceded_names for device in device_set)
    assert device_set.named([SHARED]) == home(device_set, A)


def test_a_contradiction_is_told_after_the_name_is_gone() -> None:
    device_set = put(report(A, "serial:S1", os="ios"), report(B, "serial:S1", os="ios"))
    device_set.add(report(A, at=1, os="ios"))
    device_set.add(report(B, at=1, os="ios"))
    device_set.add(report(B, at=2, os="android"))
    assert [each.reason for each in home(device_set, A).findings] == [Reason.DEVICE_OS_CONTRADICTED]
    device_set.remove(report(B))
    assert home(device_set, A).findings == ()


def test_a_report_that_is_removed_leaves_its_names_to_others_that_claim_them() -> None:
    one, two = report(A, "serial:S1", "eas:e1"), report(B, "serial:S2", "eas:e1", at=1)
    device_set = put(one, two)
    device_set.remove(two)
    assert device_set.at(two.key) is None
    assert device_set.named([SHARED]) == home(device_set, A)
    assert device_set.named([(SERIAL, "S2")]) is None
    assert (home(device_set, A).ceded_names, home(device_set, A).findings) == (frozenset(), ())
    assert sorted(len(device.reports) for device in device_set) == [0, 1]
    device_set.remove(two)
    assert device_set.add(two) is ReportChange.NEW


@pytest.mark.parametrize(
    ("one", "two", "names", "expected"),
    [
        (("key:k1", 1), ("eas:e1", 0), ("eas:e1", "key:k1"), A),
        (("eas:e1", 0), ("key:k1", 1), ("eas:e1", "key:k1"), B),
        (("cert:k1", 0), ("key:c1", 1), ("cert:k1", "key:c1"), B),
        (("eas:e1", 1), ("eas:e1", 0), ("eas:e1",), B),
        (("eas:e1", 0), ("eas:e1", 1), ("eas:e1",), A),
        (("eas:e1 key:k1", 1), ("cert:c1", 0), ("eas:e1", "key:k1", "cert:c1"), A),
        (("cert:c1", 0), ("eas:e1 key:k1", 1), ("eas:e1", "key:k1", "cert:c1"), B),
        (("eas:e1", 0), ("eas:e1", 0), ("eas:e1",), min(A, B, key=lambda slot: new_id((slot.partition(":")[0], slot.partition(":")[2])))),
    ],
)  # fmt: skip
def test_a_report_goes_to_the_strongest_name_then_the_oldest_device(
    one: tuple[str, float], two: tuple[str, float], names: tuple[str, ...], expected: str
) -> None:
    made = [report(slot, f"serial:{slot}", *own.split(), at=at) for slot, (own, at) in ((A, one), (B, two))]
    for order in permutations(made):
        device_set = put(*order, report(C, *names, at=2))
        assert home(device_set, C).id == home(device_set, expected).id


def test_a_device_stays_itself_when_it_is_reported_anew() -> None:
    device_set = put(report(A, "serial:S1", "eas:e1"))
    before = home(device_set, A).id
    assert device_set.add(report(A, "serial:S1", "eas:e1", at=1, os="ios")) is ReportChange.CHANGED
    (device,) = device_set
    assert (device.id, device.former_ids, len(device.reports)) == (before, frozenset(), 1)


def test_the_word_of_a_device_links_no_source_to_the_report_of_another() -> None:
    device_set = put(report(PHONE, "key:k1", "serial:S1"), report(f"{ENROLLED}:e", "key:k1"))
    device_set.add(report(PHONE, "serial:S1", at=1))
    device_set.add(report(LAPTOP, "key:k1", at=2))
    assert together(device_set) == groups("intune:phone+enrolled:e jamf:laptop")


def test_a_contradiction_that_is_over_is_told_no_more() -> None:
    device_set = put(report(A, "serial:S1", "eas:e1"), report(B, "serial:S2", "eas:e1"))
    assert device_set.add(report(B, "serial:S1", "eas:e1", at=1)) is ReportChange.CHANGED
    (device,) = device_set
    assert (together([device]), device.findings, device.ceded_names) == (
        groups("jamf:1+intune:2"),
        (),
        frozenset(),
    )


def test_a_contradiction_is_told_since_it_was_found_first() -> None:
    device_set = put(report(A, "serial:S1", "eas:e1"), report(B, "serial:S2", "eas:e1", at=1))
    device_set.add(report(B, "serial:S2", "eas:e1", "key:k1", at=2))
    assert {each.since for device in device_set for each in device.findings} == {NOW + minutes(1)}


def test_a_report_leaves_a_device_that_the_others_say_it_cannot_be() -> None:
    """A source that gives the id of a broken phone to the one that took its place."""
    device_set = put(report(A, "serial:S1", "eas:e1"), report(B, "serial:S1"))
    assert device_set.add(report(A, "serial:S2", "eas:e1", at=1)) is ReportChange.CHANGED
    assert together(device_set) == groups("jamf:1 intune:2")
    assert len({device.id for device in device_set}) == 2
    assert device_set.named([SHARED]) == device_set.named([(SERIAL, "S2")]) == home(device_set, A)
    assert device_set.named([(SERIAL, "S1")]) == home(device_set, B)
    assert not any(device.findings or device.ceded_names for device in device_set)


def test_a_source_alone_may_correct_its_own_names() -> None:
    device_set = put(report(A, "serial:S1"), report(B, "serial:S2"))
    device_set.add(report(A, "serial:S2", at=1))
    assert together(device_set) == groups("jamf:1+intune:2")


def test_a_device_stays_one_after_its_common_name_is_gone() -> None:
    device_set = put(report(A, "serial:S1"), report(B, "serial:S1"))
    device_set.add(report(B, at=1))
    assert together(device_set) == groups("jamf:1+intune:2")


def test_a_report_is_new_or_news_or_none() -> None:
    device_set = DeviceSet((), THEN)
    one = report(A, "serial:S1")
    assert device_set.add(one) is ReportChange.NEW
    assert device_set.add(replace(one, last_seen=NOW + minutes(1))) is ReportChange.SAME
    assert device_set.add(report(B, "serial:S1")) is ReportChange.CHANGED
    assert device_set.add(replace(one, gone=True)) is ReportChange.CHANGED
    assert device_set.add(replace(one, gone=True)) is ReportChange.SAME
    assert device_set.add(report(C, gone=True)) is ReportChange.SAME
    (device,) = device_set
    assert device.last_seen == NOW + minutes(1)
    assert device_set.add(report("google:4", "serial:S4")) is ReportChange.NEW
    assert device_set.add(report(A, "serial:S1", "serial:S4", at=2)) is ReportChange.CHANGED
    assert len([*device_set]) == 1


def test_an_id_that_is_taken_is_given_to_no_other_device() -> None:
    slot = ("jamf", "1")
    for taken in (Device(new_id(slot)), Device("x", former_ids=frozenset({new_id(slot)}))):
        device_set = DeviceSet([taken], THEN)
        device_set.add(report(A))
        device = device_set.at(slot)
        assert device is not None
        assert device.id == new_id(slot, 1)


_NAMES: list[Name] = [(kind, f"{kind}{n}") for kind in (SERIAL, UDID, KEY, CERT, EAS) for n in range(6)]


@st.composite
def agreeing(draw: st.DrawFn) -> list[Report]:
    """Reports of some devices by several sources that all tell the truth, if not all of it."""
    made = []
    for device in range(draw(st.integers(1, 3))):
        own = [(kind, text) for kind, text in _NAMES if int(text[-1]) % 3 == device]
        hardware = [name for name in own if name[0] in (SERIAL, UDID) and int(name[1][-1]) < 3]
        others = [name for name in own if name[0] not in (SERIAL, UDID)]
        for source in draw(
            st.lists(st.sampled_from(["jamf", "intune", "google", ENROLLED]), max_size=4, unique=True)
        ):
            allowed = [name for name in others if name[0] != EAS] if source == ENROLLED else hardware + others
            names = draw(st.frozensets(st.sampled_from(allowed), max_size=3))
            made.append(report(f"{source}:{device}", at=draw(st.integers(0, 3)), names=names))
    return made


@given(agreeing(), st.data())
def test_without_contradictions_the_order_makes_no_difference(
    reports: list[Report], data: st.DataObject
) -> None:
    own_word = [each for each in reports if each.source == ENROLLED]
    # two devices of one person that each say the same of themselves are told apart by who comes first
    if len({name for each in own_word for name in each.names}) < sum(len(each.names) for each in own_word):
        return
    shuffled = data.draw(st.permutations(reports))
    one, other = put(*reports), put(*shuffled)
    assert together(one) == together(other)
    assert not [device for device in one if device.findings and not own_word]


@given(agreeing())
def test_no_two_devices_have_one_name_and_every_claimed_name_is_had(reports: list[Report]) -> None:
    device_set = put(*reports)
    had = [name for device in device_set for name in device.names]
    assert len(had) == len(set(had))
    assert set(had) == {name for each in reports for name in each.names}


def test_a_name_of_very_many_devices_joins_none_of_them() -> None:
    """A placeholder that no table knows: without this a whole fleet would become one device."""
    reports = [report(f"jamf:{number}", "serial:FACTORY01") for number in range(PLACEHOLDER_MIN_IDS + 9)]
    device_set = put(*reports)
    sizes = sorted(len(device.reports) for device in device_set)
    assert sizes == [1] * 9 + [PLACEHOLDER_MIN_IDS]
    crowded = device_set.named([(SERIAL, "FACTORY01")])
    assert crowded is not None
    assert [each.reason for each in crowded.findings] == [Reason.DEVICE_NAME_CONTRADICTED]
    assert all(device_set.add(each) is ReportChange.SAME for each in reports)
    device_set.add(report("intune:1", "serial:FACTORY01"))
    assert max(len(device.reports) for device in device_set) == PLACEHOLDER_MIN_IDS + 1
    device_set.add(report("jamf:own", "serial:FACTORY01", "eas:e1"))
    assert home(device_set, "jamf:own").names == {SHARED}


def test_phones_that_are_gone_make_no_crowd() -> None:
    device_set = DeviceSet((), THEN)
    for number in range(PLACEHOLDER_MIN_IDS + 9):
        device_set.add(report(f"jamf:{number}", "serial:SERIAL1", at=number))
        device_set.add(report(f"jamf:{number}", gone=True))
    (device,) = device_set
    assert (len(device.reports), device.findings) == (PLACEHOLDER_MIN_IDS + 9, ())


def test_a_device_is_found_by_the_id_of_any_source() -> None:
    device_set = put(report(A, "serial:S1"), report(B, "serial:S1"), report(C, "serial:S2"))
    for own_id, found in (("1", {"1", "2"}), ("2", {"1", "2"}), ("3", {"3"})):
        device = device_set.called(own_id)
        assert device is not None
        assert {each.id for each in device.reports} == found
    assert device_set.called("S1") is None


KIND, OS, OWNER = (
    Reason.DEVICE_KIND_CONTRADICTED,
    Reason.DEVICE_OS_CONTRADICTED,
    Reason.DEVICE_OWNER_CONTRADICTED,
)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {}, []),
        ({"kind": Kind.PHONE}, {"kind": Kind.LAPTOP}, [KIND]),
        ({"kind": Kind.PHONE}, {"kind": Kind.TABLET}, []),
        ({"kind": Kind.PHONE}, {"kind": Kind.UNKNOWN}, []),
        ({"kind": Kind.LAPTOP}, {"kind": Kind.UNKNOWN}, []),
        ({"kind": Kind.LAPTOP}, {"kind": None}, []),
        ({"kind": Kind.UNKNOWN}, {"kind": None}, []),
        ({"os": "ios"}, {"os": "android"}, [OS]),
        ({"os": "ios"}, {"os": "iPadOS"}, []),
        ({"os": "Android"}, {"os": "android"}, []),
        ({"os": "macos"}, {"os": "ios"}, [OS]),
        ({"os": "ios"}, {"os": ""}, []),
        ({"owner": "ada"}, {"owner": "bob"}, [OWNER]),
        ({"owner": "Ada@example.com"}, {"owner": "ada@example.com"}, []),
        ({"owner": "ada"}, {"owner": "ada@example.com"}, []),
        ({"owner": "ada@example.org"}, {"owner": "ada@example.com"}, [OWNER]),
        ({"owner": "ada"}, {"owner": ""}, []),
        ({"owner": "ada"}, {"owner": "bob", "gone": True}, []),
        ({"apps": frozenset({"tiktok"})}, {"apps_complete": True}, []),
        ({"kind": Kind.PHONE, "os": "ios"}, {"kind": Kind.LAPTOP, "os": "macos"}, [KIND, OS]),
    ],
)
def test_reports_contradict_each_other_in_kind_system_and_owner(
    one: dict[str, object], other: dict[str, object], expected: list[Reason]
) -> None:
    reports = [Report("jamf", "1", **one), Report("intune", "2", **other)]  # type: ignore[arg-type]
    for order in (reports, reports[::-1]):
        assert [each.reason for each in contradictions(order)] == expected
    assert contradictions(reports[:1]) == ()


@pytest.mark.parametrize(
    ("told", "detail"),
    [
        (
            {"jamf": {"kind": Kind.PHONE}, "intune": {"kind": Kind.LAPTOP}, "google": {"kind": Kind.TABLET}},
            "kind: laptop says intune, phone or tablet says google and jamf",
        ),
        (
            {"jamf": {"os": "iPadOS"}, "intune": {"os": "macOS"}, "google": {"os": "ios"}},
            "operating system: ios or ipados says google and jamf, macos says intune",
        ),
        (
            {"jamf": {"owner": "Ada"}, "intune": {"owner": "bob"}, "google": {"owner": "ada@example.com"}},
            "owner: ada says google and jamf, bob says intune",
        ),
    ],
)
def test_the_words_name_who_says_what_each_source_once(told: dict[str, dict[str, Any]], detail: str) -> None:
    reports = [Report(source, own_id, **fields) for source, fields in told.items() for own_id in "12"]
    assert [each.detail for each in contradictions(reports)] == [detail]
    assert [each.about for each in contradictions(reports)] == [""]


@pytest.mark.parametrize(("count", "is_placeholder"), [(15, False), (16, True), (17, True)])
def test_sixteen_devices_of_one_source_are_no_device(count: int, is_placeholder: bool) -> None:
    others = [Report("intune", "x"), *(Report("jamf", f"gone {number}", gone=True) for number in range(9))]
    reports = [*(Report("jamf", str(number)) for number in range(count)), *others]
    assert looks_like_placeholder(reports, "jamf") is is_placeholder
    assert not looks_like_placeholder(reports, "intune")
    told = [(each.reason, each.about, each.detail) for each in contradictions(reports)]
    detail = "jamf has 16 devices or more of one name, which is probably a placeholder"
    assert told == ([(Reason.DEVICE_NAME_CONTRADICTED, "", detail)] if is_placeholder else [])


def test_one_of_two_sources_with_a_placeholder_is_named() -> None:
    reports = [Report(source, str(number)) for source in ("jamf", "intune") for number in range(16)]
    (found,) = contradictions(reports)
    assert found.detail.startswith("intune has")


def test_a_contradiction_is_told_in_the_readers_language() -> None:
    found = contradictions((Report("jamf", "1", kind=Kind.PHONE), Report("intune", "1", kind=Kind.LAPTOP)))
    german = [translate(each.detail, console_languages()["de"]) for each in found]
    assert german == ["Art: Laptop laut intune, Smartphone oder Tablet laut jamf"]


def test_a_shared_name_is_told_with_the_other_device() -> None:
    found = shared_name((EAS, "applx1"), ["abcd-efgh-ijkl"])
    assert (found.reason, found.about) == (Reason.DEVICE_NAME_CONTRADICTED, "eas applx1")
    assert found.detail == "the eas name applx1 is reported for abcd-efgh-ijkl too, which is another device"
    for others, told in (("cab", "a, b, c"), ("dcba", "a, b, c and 1 more"), ("edcba", "a, b, c and 2 more")):
        detail = shared_name((EAS, "applx1"), others).detail
        assert detail == f"the eas name applx1 is reported for {told} too, which is another device"
