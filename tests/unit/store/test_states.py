"""What a report is worth, by what it says and how old it is."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from tests.unit.store.examples import CATALOG, MAX_AGE, NOW

from mailgate.model import Kind, Posture, PostureState
from mailgate.store.devices import Device
from mailgate.store.states import posture_of, posture_of_person, stricter

CLEAN = {"reported_at": NOW, "apps_complete": True}
TIKTOK = {"apps": frozenset({"tiktok"})}
PAST = {"expires_at": NOW}


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
        (CLEAN | {"status": "warning"}, 0, "clean"),
        (CLEAN | {"status": "contraindicated"}, 0, "partial"),
        (CLEAN | {"apps": frozenset({"chess"})}, 0, "clean"),
        (CLEAN | TIKTOK, 0, "prohibited"),
        (CLEAN | TIKTOK, 999, "prohibited"),
        (CLEAN | TIKTOK | {"apps_complete": False}, 0, "prohibited"),
        (CLEAN | TIKTOK | {"status": "contraindicated"}, 0, "prohibited"),
    ],
)
def test_state(report: dict[str, object], age: float, expected: str) -> None:
    device = Device("https://mdm.example.com", "phone-1", **report)  # type: ignore[arg-type]
    assert posture_of(device, CATALOG, MAX_AGE, NOW + timedelta(hours=age)).state is PostureState(expected)


def test_apps_that_are_not_listed_any_more_are_not_told() -> None:
    device = Device(
        "", "phone-1", apps=frozenset({"chess", "tiktok", "gone"}), reported_at=NOW, apps_complete=True
    )
    posture = posture_of(device, CATALOG, MAX_AGE, NOW)
    assert (posture.apps, posture.lists) == (("chess", "tiktok"), ("prohibited",))


def device(**report: object) -> Device:
    return Device("https://mdm.example.com", "a-device", **report)  # type: ignore[arg-type]


PROHIBITED, MISSING = device(**CLEAN | TIKTOK), device()
STALE, PARTIAL = device(reported_at=NOW - MAX_AGE), device(reported_at=NOW, apps_complete=False)
FINE = device(**CLEAN)


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ([], "missing"),
        ([FINE], "clean"),
        ([FINE, PARTIAL], "partial"),
        ([FINE, PARTIAL, STALE], "stale"),
        ([FINE, PARTIAL, STALE, MISSING], "missing"),
        ([FINE, PARTIAL, STALE, MISSING, PROHIBITED], "prohibited"),
        ([FINE, replace(PROHIBITED, kind=Kind.LAPTOP)], "clean"),
        ([replace(FINE, kind=Kind.LAPTOP)], "missing"),
        ([FINE, replace(PROHIBITED, kind=Kind.TABLET)], "prohibited"),
        ([FINE, replace(PROHIBITED, kind=Kind.UNKNOWN)], "prohibited"),
    ],
)
def test_the_most_restrictive_device_of_a_person_counts_and_a_computer_never(
    devices: list[Device], expected: str
) -> None:
    for order in permutations(devices[:4]):
        told = posture_of_person([*order, *devices[4:]], CATALOG, MAX_AGE, NOW)
        assert told.state is PostureState(expected)


@pytest.mark.parametrize("other", [state for state in PostureState if state is not PostureState.PROHIBITED])
def test_the_stricter_of_two_postures_is_never_the_clean_one(other: PostureState) -> None:
    clean, strict = Posture(PostureState.CLEAN), Posture(other)
    assert stricter(clean, strict).state is stricter(strict, clean).state is other
    assert stricter(strict, Posture(PostureState.PROHIBITED)).state is PostureState.PROHIBITED
