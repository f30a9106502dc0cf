import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.attest.hardware_evidence import EXPECTED, verified

from mailgate.attest import android_key
from mailgate.attest.android_key import _month, _version
from mailgate.attest.hardware import Expected
from mailgate.model import HardwareResult, Reason


def test_what_the_hardware_tells_becomes_claims() -> None:
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
        (replace(EXPECTED, challenge=b"B" * 38), Reason.EVIDENCE_CHALLENGE_WRONG),
        (replace(EXPECTED, thumbprint=""), Reason.EVIDENCE_KEY_MISMATCH),
    ],
    ids=["another challenge", "another key"],
)
def test_what_was_good_for_one_challenge_and_key_is_not_for_another(
    expected: Expected, reason: Reason
) -> None:
    assert verified("good-android-tee", expected).refused is reason


@pytest.mark.parametrize(
    ("number", "version"), [(160000, "16.0.0"), (80001, "8.0.1"), (140102, "14.1.2"), (0, "")]
)
def test_a_version_is_two_digits_each(number, version) -> None:
    assert _version(number) == version


@pytest.mark.parametrize(
    ("level", "month"), [(202611, "2026-11"), (20261105, "2026-11-05"), (0, ""), (2026, ""), (2026110, "")]
)
def test_a_patch_level_is_a_month_or_a_day(level, month) -> None:
    assert _month(level) == month


def test_the_steps_follow_those_that_all_formats_share() -> None:
    source = Path(android_key.__file__).read_text("utf-8")
    assert [int(step) for step in re.findall(r"^(\d+)\. ", source, re.MULTILINE)] == list(range(6, 13))
