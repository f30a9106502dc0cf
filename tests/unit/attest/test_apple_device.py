from dataclasses import replace

import pytest
from tests.unit.attest.hardware_evidence import EXPECTED, proved, verified
from tests.vectors.build_certificate_vectors import BETWEEN, CHALLENGE, ENROLS, apple

from mailgate.model import HardwareResult, Reason

NO_TEXT = "expected the properties as texts or numbers"


def told(**properties: bytes) -> HardwareResult:
    """What a chain with these properties proves, by names such as ``n9_1``."""
    return proved(
        "apple-device", BETWEEN.sign("attested", ENROLS, apple(n11_1=CHALLENGE, **properties)), BETWEEN
    )


def test_an_apple_attestation_becomes_claims() -> None:
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


def test_withheld_identifiers_are_empty() -> None:
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
@pytest.mark.parametrize("thumbprint", ["", "another", "~"])
def test_another_key_is_bound_by_the_freshness_code_alone(name: str, reason: Reason, thumbprint: str) -> None:
    """The bare challenge would let anybody enrol a key with what another device was given."""
    assert verified(name, replace(EXPECTED, thumbprint=thumbprint)).refused is reason


def test_a_freshness_code_may_be_an_octet_string() -> None:
    for code in (b"\x04\x26" + CHALLENGE, CHALLENGE):
        leaf = BETWEEN.sign("attested", ENROLS, apple(n11_1=code))
        assert proved("apple-device", leaf, BETWEEN).refused is None
    for code in (b"\x05\x26" + CHALLENGE, b"\x04" + CHALLENGE, b"\x04\x27" + CHALLENGE + b"\0"):
        leaf = BETWEEN.sign("attested", ENROLS, apple(n11_1=code))
        assert proved("apple-device", leaf, BETWEEN).refused is Reason.EVIDENCE_CHALLENGE_WRONG


def test_each_property_has_its_claim() -> None:
    """apple/device-management, ``mdm/commands/information.device.yaml``."""
    result = told(
        n9_1=b"serial", n9_2=b"udid", n9_4=b"update", n10_1=b"1", n10_2=b"2", n10_3=b"3", n13_3=b"4"
    )
    assert (result.serial, result.udid, result.os_version, result.os) == ("serial", "udid", "1", "")
    assert result.claims == (
        ("software_update_id", "update"),
        ("sepos_version", "2"),
        ("llb_version", "3"),
        ("kernel_extensions", "4"),
    )


@pytest.mark.parametrize("status", [b"1", b"", b"00", b"\x02\x01\x01"])
def test_a_mac_has_its_integrity_protected(status: bytes) -> None:
    assert told(n13_1=status).refused is Reason.EVIDENCE_INTEGRITY_OFF
    assert told(n13_1=b"\x02\x01\x00").os == told(n13_1=b"0").os == "macos"


@pytest.mark.parametrize("word", [b"Reduced Security", b"Apple", b"", b"full security"])
def test_a_mac_boots_securely(word: bytes) -> None:
    assert told(n13_2=word).refused is Reason.EVIDENCE_BOOT_UNVERIFIED
    assert told(n13_2=b"Full Security").refused is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"", ""),
        (b"F4G", "F4G"),
        (b"0", "0"),
        (b" a", " a"),
        ("é".encode() * 128, "é" * 128),
        (b"\x0c\x02\xc3\xa9", "é"),
        (b"\x01\x01\x00", "0"),
        (b"\x0c\x03F4G", "F4G"),
        (b"\x13\x03F4G", "F4G"),
        (b"\x16\x03F4G", "F4G"),
        (b"\x02\x01\x05", "5"),
        (b"\x01\x01\xff", "1"),
    ],
)
def test_a_property_is_a_bare_text_or_one_der_value(value, text) -> None:
    result = told(n9_1=value)
    assert (result.refused, result.serial) == (None, text)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"\x05\x00", NO_TEXT),
        (b"\x1f", NO_TEXT),
        (b"\x0c\x01\x07", NO_TEXT),
        (b"a\x00", NO_TEXT),
        (b"a" * 129, NO_TEXT),
        (b"\x0c\x81\x81" + b"a" * 129, NO_TEXT),
        (b"a\xff", "cannot be read (UnicodeDecodeError)"),
        (b"\x0c\x02a", "cannot be read (ValueError)"),
        (b"\x13\x01*", "cannot be read (ValueError)"),
    ],
)
def test_anything_else_is_refused(value: bytes, says: str) -> None:
    result = told(n9_1=value)
    assert (result.refused, result.detail) == (Reason.EVIDENCE_MALFORMED, says)
