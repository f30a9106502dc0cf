"""What one family of signals speaks for."""

import pytest

from mailgate.classify.reading import HANDHELD_FORMS, KIND_OF_FORM, Reading
from mailgate.model import Finding, Kind, Reason, Signal


@pytest.mark.parametrize(
    ("form", "kind", "handheld"),
    [
        ("desktop", Kind.LAPTOP, False),
        ("phone", Kind.PHONE, True),
        ("tablet", Kind.TABLET, True),
        ("ereader", Kind.TABLET, True),
        ("mail_app", Kind.MAIL_APP, True),
        ("watch", Kind.OTHER, True),
        ("tv", Kind.OTHER, False),
        ("car", Kind.OTHER, False),
        ("console", Kind.OTHER, False),
        ("speaker", Kind.OTHER, False),
        ("xr", Kind.OTHER, False),
        ("device", Kind.OTHER, False),
        ("tool", Kind.TOOL, False),
        ("bot", Kind.BOT, False),
        ("", Kind.UNKNOWN, False),
    ],
)
def test_a_form_is_of_one_kind_and_carried_in_a_hand_or_not(form: str, kind: Kind, handheld: bool) -> None:
    reading = Reading(form)
    assert (reading.kind, reading.handheld) == (kind, handheld)


def test_exactly_these_forms_are_handheld() -> None:
    assert {"phone", "tablet", "ereader", "mail_app", "watch"} == HANDHELD_FORMS


def test_only_a_desktop_is_a_laptop_and_every_handheld_form_is_known() -> None:
    assert [form for form, kind in KIND_OF_FORM.items() if kind is Kind.LAPTOP] == ["desktop"]
    assert set(KIND_OF_FORM) >= HANDHELD_FORMS


def test_nothing_read_is_unknown_and_says_nothing() -> None:
    assert Reading() == ("", False, False, "", "", "", "", "", (), ())
    assert Reading().kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        (Reading(), False),
        (
            Reading(weak=True, disputes=True, os_version="1", browser="x", browser_version="1", model="x"),
            False,
        ),
        (Reading("phone"), True),
        (Reading(os="ios"), True),
        (Reading(signals=(Signal("probe", "told", ""),)), True),
        (Reading(findings=(Finding(Reason.REQUEST_MALFORMED, "x"),)), True),
    ],
)
def test_a_form_a_system_a_signal_or_a_finding_says_something(reading: Reading, says: bool) -> None:
    assert reading.says_anything is says


def test_a_contradiction_is_added_and_changes_nothing_else() -> None:
    first = Finding(Reason.KIND_CONTRADICTED, "one")
    reading = Reading("phone", os="ios", findings=(first,)).contradicted("two")
    assert reading == Reading("phone", os="ios", findings=(first, Finding(Reason.KIND_CONTRADICTED, "two")))
