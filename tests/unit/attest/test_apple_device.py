from dataclasses import replace

import pytest
from tests.unit.attest.hardware_evidence import EXPECTED, verified

from mailgate.attest.apple_device import _read
from mailgate.attest.errors import EvidenceRefusedError
from mailgate.model import HardwareResult, Reason


def test_what_apple_tells_becomes_claims() -> None:
    assert verified("good-apple-acme") == HardwareResult(
        "apple-device",
        hardware="secure-enclave",
        os_version="26.1",
        serial="F4GTESTED",
        udid="00008120-000A",
        claims=(("sepos_version", "26.1"),),
    )
    mac = verified("good-apple-mac")
    assert (mac.os, mac.claims) == ("macos", (("sepos_version", "26.1"), ("kernel_extensions", "0")))


def test_what_is_held_back_is_empty() -> None:
    held = verified("good-apple-user-enrolment")
    assert (held.serial, held.udid) == ("", "")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("good-apple-acme", Reason.EVIDENCE_KEY_MISMATCH),
        ("good-apple-raw", Reason.EVIDENCE_KEY_MISMATCH),
        ("good-apple-device-information", Reason.EVIDENCE_CHALLENGE_WRONG),
    ],
)
def test_another_key_is_bound_by_the_freshness_code_alone(name: str, reason: Reason) -> None:
    """The bare challenge would let anybody enrol a key with what another device was given."""
    assert verified(name, replace(EXPECTED, thumbprint="another")).refused is reason


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"", ""),
        (b"F4G", "F4G"),
        (b"0", "0"),
        (b"\x0c\x03F4G", "F4G"),
        (b"\x13\x03F4G", "F4G"),
        (b"\x16\x03F4G", "F4G"),
        (b"\x02\x01\x05", "5"),
        (b"\x01\x01\xff", "1"),
    ],
)
def test_a_property_is_a_bare_text_or_one_der_value(value, text) -> None:
    assert _read(value) == text


@pytest.mark.parametrize("value", [b"\x05\x00", b"\x0c\x01\x07", b"a\x00", b"a" * 129])
def test_anything_else_is_refused(value) -> None:
    with pytest.raises(EvidenceRefusedError):
        _read(value)
