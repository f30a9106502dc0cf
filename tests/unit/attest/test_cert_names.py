import pytest
from cryptography import x509
from tests.pki import UPN, name, root

from mailgate.attest.cert_names import FIELDS, NamePattern, names_of

SUBJECT = name("phone-7", serial="C02XK1TESTED")
CERTIFICATE = (
    root()
    .device(
        x509.UniformResourceIdentifier("urn:udid:00008120"),
        x509.UniformResourceIdentifier("tag:mdm.example.com,2026:42"),
        x509.DNSName("00008120.devices.example.com"),
        x509.RFC822Name("00008120@devices.example.com"),
        x509.OtherName(UPN, b"\x0c\x0a42@example"),
        x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"),
        subject=SUBJECT,
    )
    .certificate
)


@pytest.mark.parametrize(
    ("match", "found"),
    [
        (NamePattern("san-uri", "udid", "urn:udid:"), ["00008120"]),
        (NamePattern("san-uri", "mdm"), ["urn:udid:00008120", "tag:mdm.example.com,2026:42"]),
        (NamePattern("san-dns", "udid", suffix=".devices.example.com"), ["00008120"]),
        (NamePattern("san-email", "udid", suffix="@devices.example.com"), ["00008120"]),
        (NamePattern("san-dns", "udid", suffix=".devices.example.net"), []),
        (NamePattern("san-dns", "udid", "0000", ".devices.example.com"), ["8120"]),
        (NamePattern("san-dns", "udid", "0001", ".devices.example.com"), []),
        (NamePattern("san-dns", "udid", "0000", ".devices.example.net"), []),
        (NamePattern("san-email", "udid", suffix="@example.com"), []),
        (NamePattern("san-upn", "mdm", suffix="@example"), ["42"]),
        (NamePattern("serial-number", "serial"), ["C02XK1TESTED"]),
        (NamePattern("common-name", "eas", "phone-"), ["7"]),
        (NamePattern("common-name", "eas", "tablet-"), []),
        (NamePattern("common-name", "eas", "phone-7"), []),
        (NamePattern("common-name", "eas", "phone", "phone-7"), []),
    ],
)
def test_a_field_names_the_device_between_prefix_and_suffix(match, found) -> None:
    assert names_of(CERTIFICATE, [match]) == tuple((match.names, each) for each in found)


def test_nothing_is_a_name_but_what_is_configured() -> None:
    assert names_of(CERTIFICATE, []) == ()


def test_names_come_in_the_order_of_the_settings_and_once() -> None:
    serial, udid = NamePattern("serial-number", "serial"), NamePattern("san-uri", "udid", "urn:udid:")
    assert [kind for kind, _ in names_of(CERTIFICATE, [udid, serial, udid])] == ["udid", "serial"]


def test_a_certificate_without_such_fields_names_nothing() -> None:
    plain = root().device(subject=x509.Name([])).certificate
    assert names_of(plain, [NamePattern(field, "mdm") for field in FIELDS]) == ()


@pytest.mark.parametrize("value", ["a" * 256, "a\nb", "", "\x00"])
def test_an_impossible_name_is_ignored(value) -> None:
    assert NamePattern("common-name", "serial").name_in(value) == ""


@pytest.mark.parametrize("value", ["a", "a b", "é", "a" * 254, "a" * 255])
def test_any_other_text_is_one(value) -> None:
    assert NamePattern("common-name", "serial").name_in(value) == value
    assert NamePattern("common-name", "serial", "<", ">").name_in(f"<{value}>") == value


def test_a_principal_name_that_is_no_text_is_an_error() -> None:
    odd = root().device(x509.OtherName(UPN, b"\x05\x00")).certificate
    with pytest.raises(ValueError):
        names_of(odd, [NamePattern("san-upn", "mdm")])
