import re
from base64 import urlsafe_b64encode
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from tests.pki import FOR_CLIENTS, NOW, Issued, name, root
from tests.vectors.build_certificate_vectors import tlv

from mailgate.attest import client_certs
from mailgate.attest.certificates import MAX_CERTIFICATES, NamePattern, key_of
from mailgate.attest.client_certs import (
    CertificateVerifier,
    Revocation,
    RevocationError,
    RevocationList,
    read_lists,
    read_serials,
)
from mailgate.model import Reason

DAY = timedelta(days=1)
ROOT = root()
ISSUING = ROOT.authority()
UDID = NamePattern("san-uri", "udid", "urn:udid:")
PHONE_NAMES = [x509.UniformResourceIdentifier("urn:udid:00008120")]
PHONE = ISSUING.device(*PHONE_NAMES)


def verifier(*authorities, **how) -> CertificateVerifier:
    return CertificateVerifier([each.certificate for each in authorities or (ROOT,)], **how)


def test_a_certificate_names_its_person_apart_from_its_device() -> None:
    mailed = [*PHONE_NAMES, x509.RFC822Name("ada@example.com")]
    of = NamePattern("san-email", "user")
    on = verifier(matches=[of, UDID], person=lambda login: login.removesuffix("@example.com"))
    result = on.verify([ISSUING.device(*mailed).der, ISSUING.der], NOW)
    assert (result.names, result.persons) == ((("udid", "00008120"),), ("ada",))
    assert on.verify([PHONE.der, ISSUING.der], NOW).persons == ()


DETAILS = {
    Reason.CERTIFICATE_OVERSIZE: ["expected at most 6 certificates of 16384 bytes"],
    Reason.CERTIFICATE_MALFORMED: ["cannot be read (ValueError)"],
    Reason.CERTIFICATE_PURPOSE_WRONG: [
        "it is an authority's: expected a device's",
        "expected one for client authentication",
        "expected a key that may sign",
    ],
    Reason.CERTIFICATE_NOT_YET_VALID: ["notBefore is in the future"],
    Reason.CERTIFICATE_EXPIRED: ["notAfter has passed"],
    Reason.CERTIFICATE_UNTRUSTED: ["expected a chain to one of the authorities"],
    Reason.CERTIFICATE_REVOKED: ["it or an authority above it was revoked"],
    Reason.CERTIFICATE_REVOCATION_UNKNOWN: [
        "there is no revocation list of its issuer",
        "the revocation list of its issuer is stale",
    ],
}
"""What is said beside each reason."""


def refusal(*chain, now=NOW, on=None) -> Reason | None:
    result = (on or verifier()).verify([each.der for each in chain], now)
    assert bool(result.thumbprint) is (result.refused is None)
    assert result.detail in (DETAILS[result.refused] if result.refused else [""])
    return result.refused


def test_a_good_certificate_has_its_thumbprint_and_its_names() -> None:
    result = verifier(matches=[UDID]).verify([PHONE.der, ISSUING.der], NOW)
    assert result.refused is None
    assert result.thumbprint == urlsafe_b64encode(sha256(PHONE.der).digest()).decode().rstrip("=")
    assert result.names == (("udid", "00008120"),)
    assert result.chain == (PHONE.der, ISSUING.der)


@pytest.mark.parametrize("configured", [ISSUING, PHONE], ids=["its authority", "itself"])
def test_an_issuing_authority_or_the_certificate_itself_may_be_what_is_configured(configured: Issued) -> None:
    assert refusal(PHONE, on=verifier(configured)) is None


def test_a_certificate_without_a_usage_is_taken() -> None:
    assert refusal(ROOT.device(usage=None)) is None


SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
ANY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])


def key_usage(**uses) -> x509.KeyUsage:
    named = "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
    others = "key_cert_sign crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{use: uses.get(use, False) for use in f"{named} {others}".split()})


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ([], Reason.CERTIFICATE_MALFORMED),
        ([PHONE, *[ISSUING] * MAX_CERTIFICATES], Reason.CERTIFICATE_OVERSIZE),
        ([ROOT.device(usage=SERVER)], Reason.CERTIFICATE_PURPOSE_WRONG),
        ([ROOT.sign(name("phone"), [(key_usage(key_encipherment=True), True)])], Reason.CERTIFICATE_PURPOSE_WRONG),
        ([ISSUING], Reason.CERTIFICATE_PURPOSE_WRONG),
        ([ROOT.device(usage=ANY)], None),
        ([ROOT.device(span=(-2 * DAY, -DAY))], Reason.CERTIFICATE_EXPIRED),
        ([ROOT.device(span=(DAY, 2 * DAY))], Reason.CERTIFICATE_NOT_YET_VALID),
        ([root().device(usage=SERVER, span=(-2 * DAY, -DAY))], Reason.CERTIFICATE_PURPOSE_WRONG),
        ([root().device(span=(-2 * DAY, -DAY))], Reason.CERTIFICATE_EXPIRED),
        ([PHONE], Reason.CERTIFICATE_UNTRUSTED),
        ([root().device()], Reason.CERTIFICATE_UNTRUSTED),
        ([root("Somebody else").device()], Reason.CERTIFICATE_UNTRUSTED),
        ([ROOT.device().device(), ROOT.device()], Reason.CERTIFICATE_UNTRUSTED),
        ([ROOT.authority(path_length=0).authority("Below").device()], Reason.CERTIFICATE_UNTRUSTED),
        (
            [ROOT.sign(name("phone"), [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)])],
            Reason.CERTIFICATE_UNTRUSTED,
        ),
    ],
)  # fmt: skip
def test_the_first_check_that_fails_decides(chain, reason) -> None:
    assert refusal(*chain) is reason


@pytest.mark.parametrize(
    "extensions",
    [
        [x509.BasicConstraints(False, None)],
        [key_usage(digital_signature=True)],
        [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])],
        [x509.BasicConstraints(False, None), key_usage(digital_signature=True), FOR_CLIENTS],
    ],
)
def test_a_certificate_may_say_that_it_is_for_clients(extensions) -> None:
    assert refusal(ROOT.sign(name("phone"), [(each, True) for each in extensions])) is None


SECOND, LONG = timedelta(seconds=1), (-100 * DAY, 100 * DAY)


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (-DAY, None),
        (-DAY - SECOND, Reason.CERTIFICATE_NOT_YET_VALID),
        (30 * DAY, None),
        (30 * DAY + SECOND, Reason.CERTIFICATE_EXPIRED),
    ],
)
def test_both_ends_of_its_time_are_included(at, reason) -> None:
    """Whether or not it was verified before."""
    long = root(span=LONG)
    phone, on = long.device(), verifier(long)
    assert refusal(phone, on=verifier(long), now=NOW + at) is reason
    assert refusal(phone, on=on) is None
    assert refusal(phone, on=on, now=NOW + at) is reason


@pytest.mark.parametrize("at", [-DAY - SECOND, 2 * DAY + SECOND])
def test_an_authority_between_has_its_time_too(at) -> None:
    top = root(span=LONG)
    between = top.authority(span=(-DAY, 2 * DAY))
    phone, on = between.device(span=LONG), verifier(top)
    assert refusal(phone, between, on=on) is None
    assert refusal(phone, between, on=on, now=NOW + at) is Reason.CERTIFICATE_UNTRUSTED


def test_a_verified_chain_is_kept_for_its_time() -> None:
    on = verifier()
    first = on.verify([PHONE.der, ISSUING.der], NOW)
    for at in (-DAY, timedelta(), 30 * DAY):
        assert on.verify([PHONE.der, ISSUING.der], NOW + at).chain is first.chain
    assert on.verify([PHONE.der, ISSUING.der, ROOT.der], NOW).chain is not first.chain


def test_a_good_certificate_counts_until_the_first_end_in_its_chain() -> None:
    top, short = root(span=LONG), (-DAY, 2 * DAY)
    between = top.authority(span=short)
    for chain in ([top.device(span=short)], [between.device(span=LONG), between]):
        assert verifier(top).verify([each.der for each in chain], NOW).expires == NOW + 2 * DAY


def test_the_length_of_a_path_is_kept() -> None:
    short = ROOT.authority("Short", path_length=0)
    below = short.authority("Below")
    assert refusal(short.device(), short) is None
    assert refusal(below.device(), below, short) is Reason.CERTIFICATE_UNTRUSTED


@pytest.mark.parametrize(
    ("more", "reason"), [(0, Reason.CERTIFICATE_MALFORMED), (1, Reason.CERTIFICATE_OVERSIZE)]
)
def test_a_long_certificate_is_not_looked_at(more: int, reason: Reason) -> None:
    assert verifier().verify([b"\x30" * (16384 + more)], NOW).refused is reason


def test_time_and_revocation_are_checked_at_every_use() -> None:
    on = verifier()
    assert refusal(PHONE, ISSUING, on=on) is None
    assert refusal(PHONE, ISSUING, on=on, now=NOW + 31 * DAY) is Reason.CERTIFICATE_EXPIRED
    assert refusal(PHONE, ISSUING, on=on, now=NOW - 2 * DAY) is Reason.CERTIFICATE_NOT_YET_VALID
    on.revocation = Revocation(serials=frozenset({PHONE.certificate.serial_number}))
    before = verifier().verify([PHONE.der, ISSUING.der], NOW)
    assert on.recheck(before, NOW).refused is Reason.CERTIFICATE_REVOKED
    assert verifier(root()).recheck(before, NOW).refused is Reason.CERTIFICATE_UNTRUSTED
    assert verifier().recheck(on.recheck(before, NOW), NOW).refused is Reason.CERTIFICATE_REVOKED


def listed(*serials, by=ISSUING, lasts=DAY, **more):
    return Revocation({key_of(by.certificate): RevocationList(frozenset(serials), NOW + lasts)}, **more)


@pytest.mark.parametrize(
    ("lists", "expires"),
    [
        (Revocation(), 30 * DAY),
        (listed(1), DAY),
        (listed(1, lasts=40 * DAY), 30 * DAY),
        (listed(1, accepts_stale=True), 30 * DAY),
        (Revocation({**listed(1, lasts=9 * DAY).lists, **listed(1, by=ROOT).lists}), 9 * DAY),
    ],
)
def test_a_certificate_counts_no_longer_than_its_revocation_list(lists, expires) -> None:
    on = verifier(revocation=lists)
    assert on.verify([PHONE.der, ISSUING.der], NOW).expires == NOW + expires
    assert on.verify([PHONE.der, ISSUING.der], NOW).expires == NOW + expires


@pytest.mark.parametrize(
    ("revocation", "reason"),
    [
        (listed(PHONE.certificate.serial_number), Reason.CERTIFICATE_REVOKED),
        (listed(PHONE.certificate.serial_number, lasts=-DAY), Reason.CERTIFICATE_REVOKED),
        (listed(1), None),
        (listed(1, lasts=timedelta(0)), Reason.CERTIFICATE_REVOCATION_UNKNOWN),
        (listed(1, lasts=-DAY, accepts_stale=True), None),
        (listed(ISSUING.certificate.serial_number, by=ROOT), Reason.CERTIFICATE_REVOKED),
        (listed(1, by=ROOT), Reason.CERTIFICATE_REVOCATION_UNKNOWN),
        (listed(PHONE.certificate.serial_number, by=ROOT), Reason.CERTIFICATE_REVOCATION_UNKNOWN),
    ],
)
def test_a_certificate_is_refused_if_revoked_or_unknown(revocation, reason) -> None:
    assert refusal(PHONE, ISSUING, on=verifier(revocation=revocation)) is reason


def test_a_certificate_that_is_configured_itself_has_its_own_list() -> None:
    own = PHONE.certificate.serial_number
    assert refusal(PHONE, on=verifier(PHONE, revocation=listed(own, by=PHONE))) is Reason.CERTIFICATE_REVOKED
    assert refusal(PHONE, on=verifier(PHONE, revocation=listed(1, by=PHONE))) is None
    assert refusal(PHONE, on=verifier(PHONE, revocation=listed(1))) is Reason.CERTIFICATE_REVOCATION_UNKNOWN


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_bytes_that_are_no_certificate_are_refused_and_raise_nothing(chain) -> None:
    assert verifier().verify(chain, NOW).refused is Reason.CERTIFICATE_MALFORMED


@given(st.data())
def test_a_changed_byte_makes_no_good_certificate(data) -> None:
    """A certificate ends with its signature, so that the whole of it is signed or is what signs."""
    at = data.draw(st.integers(0, len(PHONE.der) - 1))
    changed = bytes([*PHONE.der[:at], PHONE.der[at] ^ data.draw(st.integers(1, 255)), *PHONE.der[at + 1 :]])
    result = verifier(matches=[UDID]).verify([changed, ISSUING.der], NOW)
    assert result.refused is not None


def test_bits_that_do_not_count_make_no_second_certificate_of_one() -> None:
    """The one byte that nothing signs: X.690, section 8.6.2.2. Half of all signatures end in a bit that could be left out."""
    even = next(each for each in iter(partial(ISSUING.device, *PHONE_NAMES), None) if each.der[-1] % 2 == 0)
    at = len(even.der) - len(even.certificate.signature) - 1
    changed = even.der[:at] + b"\x01" + even.der[at + 1 :]
    assert verifier().verify([changed, ISSUING.der], NOW).refused is Reason.CERTIFICATE_MALFORMED


def test_the_document_tells_every_reason() -> None:
    document = (Path(__file__).parents[3] / "docs" / "client-certificates.md").read_text("utf-8")
    ours = {reason for reason in Reason if reason.startswith("certificate-")}
    assert ours <= set(re.findall(r"`(certificate-[a-z-]+)`", document))


def test_the_steps_stand_in_the_code_in_their_order() -> None:
    source = Path(client_certs.__file__).read_text("utf-8")
    assert [int(step) for step in re.findall(r"^(\d)\. ", source, re.MULTILINE)] == list(range(1, 7))


ROOT_REVOCATION, OTHER = root(), root("Other")
AUTHORITIES = [ROOT_REVOCATION.certificate, OTHER.certificate]
ISSUER = key_of(ROOT_REVOCATION.certificate)


def pem(*lists) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in lists)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_list_is_read_in_either_encoding(encoding) -> None:
    found = read_lists(ROOT_REVOCATION.revoke(5, 2**150).public_bytes(encoding), AUTHORITIES)
    assert found == {ISSUER: RevocationList(frozenset({5, 2**150}), NOW + 7 * DAY)}


def test_the_newest_list_of_an_authority_counts() -> None:
    old, new, other = ROOT_REVOCATION.revoke(1, made=-DAY), ROOT_REVOCATION.revoke(2), OTHER.revoke(3)
    for file in (pem(old, new, other), pem(new, other, old)):
        found = read_lists(file, AUTHORITIES)
        assert {frozenset(each.serials) for each in found.values()} == {frozenset({2}), frozenset({3})}


def test_an_authority_that_changed_its_key_has_a_list_for_each() -> None:
    renewed = root()
    assert renewed.certificate.subject == ROOT_REVOCATION.certificate.subject
    found = read_lists(pem(ROOT_REVOCATION.revoke(1), renewed.revoke(2)), [*AUTHORITIES, renewed.certificate])
    assert found[ISSUER].serials == frozenset({1})
    assert found[key_of(renewed.certificate)].serials == frozenset({2})


def test_the_first_of_two_simultaneous_lists_counts() -> None:
    assert read_lists(pem(ROOT_REVOCATION.revoke(1), ROOT_REVOCATION.revoke(2)), AUTHORITIES)[
        ISSUER
    ].serials == frozenset({1})


def test_a_file_may_tell_of_its_lists_in_words() -> None:
    """As openssl writes them with ``-text``."""
    found = read_lists(
        b"Certificate Revocation List (CRL):\n" + pem(ROOT_REVOCATION.revoke(1)) + b"\n", AUTHORITIES
    )
    assert found[ISSUER].serials == frozenset({1})


def test_a_file_has_a_hundred_lists_at_most() -> None:
    one = pem(ROOT_REVOCATION.revoke(1))
    assert read_lists(one * 100, AUTHORITIES)[ISSUER].serials == frozenset({1})
    with pytest.raises(RevocationError) as caught:
        read_lists(one * 101, AUTHORITIES)
    assert str(caught.value) == NO_LIST


def spoiled(kind: str) -> x509.Certificate:
    """The root with a key that cannot sign lists: of another kind, of an unknown one, or no point on its curve."""
    if kind == "of another kind":
        return ROOT_REVOCATION.sign(
            ROOT_REVOCATION.certificate.subject, key=x25519.X25519PrivateKey.generate()
        ).certificate
    der = ROOT_REVOCATION.der
    point = ROOT_REVOCATION.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    changes = {
        "of an unknown kind": (bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d0209")),
        "no point": (point, b"\x04" + bytes(64)),
    }
    return x509.load_der_x509_certificate(der.replace(*changes[kind]))


@pytest.mark.parametrize("kind", ["of another kind", "of an unknown kind", "no point"])
def test_an_authority_whose_key_cannot_sign_lists_is_strangers_not_recorded(kind: str) -> None:
    odd = spoiled(kind)
    assert set(read_lists(pem(ROOT_REVOCATION.revoke(1)), [odd, *AUTHORITIES])) == {ISSUER}
    with pytest.raises(RevocationError, match="signed by none of the authorities"):
        read_lists(pem(ROOT_REVOCATION.revoke(1)), [odd])


def without_end(crl: x509.CertificateRevocationList) -> bytes:
    """The same list in DER without its nextUpdate, the second of its two times, signed anew by `ROOT_REVOCATION`."""
    signed = crl.tbs_certlist_bytes
    algorithm = signed[signed.index(b"\x30\x0a") :][:12]
    header = 2 + (signed[1] & 0x7F) * (signed[1] >> 7)
    first = signed.index(b"\x17\x0d")
    whole = tlv(b"\x30", signed[header : first + 15] + signed[first + 30 :])
    signature = ROOT_REVOCATION.key.sign(whole, ec.ECDSA(hashes.SHA256()))
    return tlv(b"\x30", whole, algorithm, tlv(b"\x03", b"\0" + signature))


UNREADABLE = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.20"), b"\xff")
NO_LIST = "no certificate revocation list, or more than 100; expected PEM or DER"
CANNOT_BE_READ = "cannot be read as a certificate revocation list; expected PEM or DER"
NO_AUTHORITY = "signed by none of the authorities; expected one of those in their file"
PARTIAL = "a partial list; expected the full list of its issuer's own certificates"


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", NO_LIST),
        (b"\x30\x03\x02\x01\x00", CANNOT_BE_READ),
        (ROOT_REVOCATION.pem, NO_LIST),
        (pem(ROOT_REVOCATION.revoke()).replace(b"\nMI", b"\nMJ", 1), CANNOT_BE_READ),
        (pem(OTHER.revoke(), root().revoke()), f"list 2: {NO_AUTHORITY}"),
        (pem(OTHER.revoke(issuer=ROOT_REVOCATION.certificate.subject)), f"list 1: {NO_AUTHORITY}"),
        (
            pem(OTHER.revoke(), ROOT_REVOCATION.revoke(extension=x509.DeltaCRLIndicator(1))),
            f"list 2: {PARTIAL}",
        ),
        (
            without_end(ROOT_REVOCATION.revoke()),
            "list 1: no nextUpdate; RFC 5280, section 5.1.2.5, expects one",
        ),
        (pem(ROOT_REVOCATION.revoke(extension=UNREADABLE)), "list 1: an extension that cannot be read"),
        (
            pem(
                ROOT_REVOCATION.revoke(
                    extension=x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
                )
            ),
            f"list 1: {PARTIAL}",
        ),
    ],
)
def test_a_file_that_tells_nothing_says_why(data, wrong) -> None:
    with pytest.raises(RevocationError) as caught:
        read_lists(data, AUTHORITIES)
    assert str(caught.value) == wrong


@given(st.binary(max_size=200))
def test_no_other_error_leaves_it(data) -> None:
    for start in (b"", b"\x30", b"-----BEGIN X509 CRL-----\n"):
        with pytest.raises(RevocationError):
            read_lists(start + data, AUTHORITIES)


def test_a_stale_list_goes_on_revoking_and_vouches_for_nobody() -> None:
    known = Revocation({ISSUER: RevocationList(frozenset({5}), NOW)})
    assert known.revoked(ISSUER, 5)
    assert not known.revoked(ISSUER, 6)
    assert not known.revoked(b"other", 5)
    assert known.unknown(ISSUER, NOW - timedelta(microseconds=1)) == ""
    for later in (NOW, NOW + DAY):
        assert known.unknown(ISSUER, later) == "the revocation list of its issuer is stale"
    assert known.unknown(b"other", NOW - DAY) == "there is no revocation list of its issuer"
    assert Revocation({ISSUER: known.lists[ISSUER]}, frozenset({6})).revoked(b"other", 6)
    assert Revocation(known.lists, accepts_stale=True).unknown(ISSUER, NOW) == ""
    assert (known.stale_since(NOW), known.stale_since(NOW - DAY), known.next_update) == (NOW, None, NOW)


SOON, LATE = RevocationList(frozenset(), NOW), RevocationList(frozenset(), NOW + DAY)


@pytest.mark.parametrize(
    ("lists", "accepts_stale", "until"),
    [
        ({ISSUER: SOON}, False, NOW),
        ({ISSUER: LATE, b"other": SOON}, False, NOW + DAY),
        ({ISSUER: SOON}, True, None),
        ({b"other": SOON}, False, None),
        ({}, False, None),
        ({}, True, None),
    ],
)
def test_revocation_is_known_until_the_issuers_list_is_stale(lists, accepts_stale, until) -> None:
    """The first moment at which it is unknown, if ever: what was decided by a list does not stand longer."""
    known = Revocation(lists, accepts_stale=accepts_stale)
    assert known.known_until(ISSUER) == until
    if until is not None:
        before = until - timedelta(microseconds=1)
        assert (known.unknown(ISSUER, before), bool(known.unknown(ISSUER, until))) == ("", True)


@pytest.mark.parametrize(
    ("ends", "stale_since", "next_update"),
    [
        ([], None, None),
        ([1, 2], None, NOW + DAY),
        ([2, 0, 1], NOW, NOW),
        ([2, -1, -3], NOW - 3 * DAY, NOW - 3 * DAY),
    ],
)
def test_the_list_that_is_stale_first_is_told(ends, stale_since, next_update) -> None:
    known = Revocation(
        {bytes([n]): RevocationList(frozenset(), NOW + end * DAY) for n, end in enumerate(ends)}
    )
    assert (known.stale_since(NOW), known.next_update) == (stale_since, next_update)


def test_without_lists_only_serial_numbers_revoke() -> None:
    known = Revocation(serials=frozenset({5}))
    assert known.revoked(b"any", 5)
    assert known.unknown(b"any", NOW) == ""
    assert (known.stale_since(NOW), known.next_update) == (None, None)


def test_serial_numbers_are_read_as_openssl_prints_them() -> None:
    lines = ["# lost in June", "", "0A3F", "0a:3f:01  # phone 7", " 7 ", "f" * 40, "9", ":".join(["AB"] * 21)]
    assert read_serials(lines) == {0x0A3F, 0x0A3F01, 7, 16**40 - 1, 9, int("AB" * 21, 16)}
    assert read_serials([]) == frozenset()


@pytest.mark.parametrize("line", ["serial=0A", "0x0A", "0A 3F", "0A:3", "-1", "f" * 41, "١"])
def test_a_line_that_is_none_is_named(line) -> None:
    with pytest.raises(RevocationError) as caught:
        read_serials(["0A", line, line])
    assert str(caught.value) == "line 2 is no serial number; expected hex digits, like 0A3F or 0A:3F"
