import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.attest.hardware_evidence import EXPECTED, proved, verified
from tests.vectors.build_certificate_vectors import (
    BATCH,
    ENROLS,
    android,
    attested,
    description,
    root_of_trust,
)

from mailgate.attest import android_key
from mailgate.attest.hardware import ExpectedEvidence
from mailgate.model import HardwareResult, Reason


def test_the_hardware_attestation_becomes_claims() -> None:
    assert verified("good-android-tee") == HardwareResult(
        "android-key",
        hardware="tee",
        os="android",
        os_version="16.0.0",
        patch_level="2026-11",
        serial="R5CX10TESTED",
        claims=(("model", "Phone 9"), ("vendor_patch", "2026-11-05"), ("boot_patch", "2026-11-05")),
    )
    assert verified("good-android-strongbox").hardware == "strongbox"


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        (replace(EXPECTED, challenge=EXPECTED.challenge + b"A"), Reason.EVIDENCE_CHALLENGE_WRONG),
        (replace(EXPECTED, challenge=EXPECTED.challenge[:-1]), Reason.EVIDENCE_CHALLENGE_WRONG),
        (replace(EXPECTED, challenge=b""), Reason.EVIDENCE_CHALLENGE_WRONG),
        (replace(EXPECTED, thumbprint=""), Reason.EVIDENCE_KEY_MISMATCH),
        (replace(EXPECTED, thumbprint="~"), Reason.EVIDENCE_KEY_MISMATCH),
    ],
)
def test_an_attestation_for_another_challenge_or_key_is_refused(
    expected: ExpectedEvidence, reason: Reason
) -> None:
    assert verified("good-android-tee", expected).refused is reason


def told(**said: object) -> HardwareResult:
    return proved("android-key", attested(android(description(**said))), BATCH)


@pytest.mark.parametrize(
    ("number", "version"),
    [(160000, "16.0.0"), (80001, "8.0.1"), (149998, "14.99.98"), (0, ""), (None, ""), (1, "0.0.1")],
)
def test_a_version_is_two_digits_each(number: int | None, version: str) -> None:
    assert told(os_version=number).os_version == version


@pytest.mark.parametrize(
    ("level", "month"),
    [
        (202611, "2026-11"),
        (20261105, "2026-11-05"),
        (0, ""),
        (None, ""),
        (2026, ""),
        (20261, ""),
        (2026110, ""),
        (202611051, ""),
    ],
)
def test_a_patch_level_is_a_month_or_a_day(level: int | None, month: str) -> None:
    result = told(os_patch=level, vendor_patch=level, boot_patch=20261231, model="")
    boot = ("boot_patch", "2026-12-31")
    assert result.patch_level == month
    assert result.claims == ((("vendor_patch", month), boot) if month else (boot,))


@pytest.mark.parametrize(
    ("level", "hardware"), [(0, None), (1, "tee"), (2, "strongbox"), (3, None), (127, None)]
)
def test_only_the_two_kinds_of_hardware_are_believed(level: int, hardware: str | None) -> None:
    result = told(level=level)
    assert result.refused is (None if hardware else Reason.EVIDENCE_SOFTWARE_ONLY)
    assert result.hardware == (hardware or "")


STEPS: list[tuple[Reason, dict[str, object]]] = [
    (Reason.EVIDENCE_CHALLENGE_WRONG, {"challenge": b"B" * 38}),
    (Reason.EVIDENCE_KEY_MISMATCH, {"number": 41}),
    (Reason.EVIDENCE_SOFTWARE_ONLY, {"level": 0}),
    (Reason.EVIDENCE_KEY_IMPORTED, {"origin": 2}),
    (Reason.EVIDENCE_UNLOCKED, {"boot": root_of_trust(locked=False, state=1)}),
    (Reason.EVIDENCE_BOOT_UNVERIFIED, {"boot": root_of_trust(state=1)}),
]


@pytest.mark.parametrize("at", range(len(STEPS)), ids=[reason for reason, _ in STEPS])
def test_the_first_step_that_fails_decides_whatever_else_is_wrong(at: int) -> None:
    wrong: dict[str, object] = {"number": ENROLS}
    for _, changes in reversed(STEPS[at:]):
        wrong |= changes
    number = wrong.pop("number")
    leaf = attested(android(description(**wrong)), number=number)
    assert proved("android-key", leaf, BATCH).refused is STEPS[at][0]


@pytest.mark.parametrize("origin", [1, 2, 3, None])
def test_only_a_key_that_was_made_in_the_hardware_counts(origin: int | None) -> None:
    assert told(origin=origin).refused is Reason.EVIDENCE_KEY_IMPORTED


def test_the_steps_follow_those_that_all_formats_share() -> None:
    source = Path(android_key.__file__).read_text("utf-8")
    assert [int(step) for step in re.findall(r"^(\d+)\. ", source, re.MULTILINE)] == list(range(6, 13))
