from datetime import timedelta
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import Store, VerificationError
from tests.pki import NOW, UPN, name, root

from mailgate.attest.certificates import (
    FIELDS,
    NamePattern,
    key_of,
    names_of,
    path_to,
    read_certificate,
    too_long,
)

ROOT = root()
ISSUING = ROOT.authority()
LEAF = ISSUING.sign(name("leaf"))
TRUSTED = Store([ROOT.certificate])


def test_a_path_has_everything_from_the_leaf_to_the_trusted_one() -> None:
    path = [each.certificate for each in (LEAF, ISSUING, ROOT)]
    assert path_to(TRUSTED, path[:2], NOW) == path


@pytest.mark.parametrize("days", [-1, 30])
def test_outside_of_its_time_there_is_none(days) -> None:
    last = NOW + timedelta(days=days)
    assert len(path_to(TRUSTED, [LEAF.certificate, ISSUING.certificate], last)) == 3
    with pytest.raises(VerificationError):
        path_to(TRUSTED, [LEAF.certificate, ISSUING.certificate], last + timedelta(seconds=days))


def test_a_certificate_that_is_no_authority_signs_nothing() -> None:
    below = LEAF.sign(name("below"))
    with pytest.raises(VerificationError):
        path_to(TRUSTED, [below.certificate, LEAF.certificate, ISSUING.certificate], NOW)


def test_a_weak_key_signs_nothing() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    issuing = ROOT.authority("Weak", key=weak)
    with pytest.raises(VerificationError):
        path_to(TRUSTED, [issuing.sign(name("leaf")).certificate, issuing.certificate], NOW)


def test_the_longest_chain_that_is_looked_at_leads_to_its_root() -> None:
    chain, top = [], ROOT
    for number in range(5):
        top = top.authority(f"Level {number}")
        chain.insert(0, top)
    leaf = top.sign(name("leaf"))
    assert not too_long([leaf.der, *(each.der for each in chain)])
    assert len(path_to(TRUSTED, [each.certificate for each in (leaf, *chain)], NOW)) == 7


@pytest.mark.parametrize(
    ("lengths", "fits"),
    [([], True), ([16384] * 6, True), ([1] * 7, False), ([16385], False), ([1, 16385], False)],
)
def test_a_chain_has_at_most_six_certificates_of_sixteen_kibibytes(lengths, fits) -> None:
    says = "" if fits else "expected at most 6 certificates of 16384 bytes"
    assert too_long([b"a" * length for length in lengths]) == says


def test_an_authority_says_that_it_is_one_however_it_writes_that() -> None:
    limits = x509.BasicConstraints(True, None)
    plain = ROOT.sign(name("Issuing"), [(limits, False)])
    leaf = plain.sign(name("leaf"), [(x509.OCSPNoCheck(), False)])
    assert path_to(TRUSTED, [leaf.certificate, plain.certificate], NOW)[1] == plain.certificate


def test_a_key_is_known_by_its_own_bytes() -> None:
    """One authority that was signed anew has the same key; another of its name has not."""
    again = ROOT.sign(name("renamed"), key=ROOT.key)
    assert key_of(again.certificate) == key_of(ROOT.certificate) != key_of(root().certificate)


def test_the_last_bits_of_a_signature_all_count() -> None:
    even = next(each for each in iter(partial(ISSUING.sign, name("leaf")), None) if each.der[-1] % 2 == 0)
    assert read_certificate(even.der) == even.certificate
    at = len(even.der) - len(even.certificate.signature) - 1
    changed = even.der[:at] + b"\x01" + even.der[at + 1 :]
    with pytest.raises(ValueError, match=r"^unused bits of the signature$"):
        read_certificate(changed)


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
