from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.pki import NOW, root
from tests.vectors.build_certificate_vectors import tlv

from mailgate.attest.certificates import key_of
from mailgate.attest.revocation import Revocation, RevocationError, RevocationList, read_lists, read_serials

DAY = timedelta(days=1)
ROOT, OTHER = root(), root("Other")
AUTHORITIES = [ROOT.certificate, OTHER.certificate]
ISSUER = key_of(ROOT.certificate)


def pem(*lists) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in lists)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_list_is_read_in_either_encoding(encoding) -> None:
    found = read_lists(ROOT.revoke(5, 2**150).public_bytes(encoding), AUTHORITIES)
    assert found == {ISSUER: RevocationList(frozenset({5, 2**150}), NOW + 7 * DAY)}


def test_the_newest_list_of_an_authority_counts() -> None:
    old, new, other = ROOT.revoke(1, made=-DAY), ROOT.revoke(2), OTHER.revoke(3)
    for file in (pem(old, new, other), pem(new, other, old)):
        found = read_lists(file, AUTHORITIES)
        assert {frozenset(each.serials) for each in found.values()} == {frozenset({2}), frozenset({3})}


def test_an_authority_that_changed_its_key_has_a_list_for_each() -> None:
    renewed = root()
    assert renewed.certificate.subject == ROOT.certificate.subject
    found = read_lists(pem(ROOT.revoke(1), renewed.revoke(2)), [*AUTHORITIES, renewed.certificate])
    assert found[ISSUER].serials == frozenset({1})
    assert found[key_of(renewed.certificate)].serials == frozenset({2})


def test_the_first_of_two_simultaneous_lists_counts() -> None:
    assert read_lists(pem(ROOT.revoke(1), ROOT.revoke(2)), AUTHORITIES)[ISSUER].serials == frozenset({1})


def test_a_file_may_tell_of_its_lists_in_words() -> None:
    """As openssl writes them with ``-text``."""
    found = read_lists(b"Certificate Revocation List (CRL):\n" + pem(ROOT.revoke(1)) + b"\n", AUTHORITIES)
    assert found[ISSUER].serials == frozenset({1})


def test_a_file_has_a_hundred_lists_at_most() -> None:
    one = pem(ROOT.revoke(1))
    assert read_lists(one * 100, AUTHORITIES)[ISSUER].serials == frozenset({1})
    with pytest.raises(RevocationError) as caught:
        read_lists(one * 101, AUTHORITIES)
    assert str(caught.value) == NO_LIST


def spoiled(kind: str) -> x509.Certificate:
    """The root with a key that cannot sign lists: of another kind, of an unknown one, or no point on its curve."""
    if kind == "of another kind":
        return ROOT.sign(ROOT.certificate.subject, key=x25519.X25519PrivateKey.generate()).certificate
    der = ROOT.der
    point = ROOT.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    changes = {
        "of an unknown kind": (bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d0209")),
        "no point": (point, b"\x04" + bytes(64)),
    }
    return x509.load_der_x509_certificate(der.replace(*changes[kind]))


@pytest.mark.parametrize("kind", ["of another kind", "of an unknown kind", "no point"])
def test_an_authority_whose_key_cannot_sign_lists_is_strangers_not_recorded(kind: str) -> None:
    odd = spoiled(kind)
    assert set(read_lists(pem(ROOT.revoke(1)), [odd, *AUTHORITIES])) == {ISSUER}
    with pytest.raises(RevocationError, match="signed by none of the authorities"):
        read_lists(pem(ROOT.revoke(1)), [odd])


def without_end(crl: x509.CertificateRevocationList) -> bytes:
    """The same list in DER without its nextUpdate, the second of its two times, signed anew by `ROOT`."""
    signed = crl.tbs_certlist_bytes
    algorithm = signed[signed.index(b"\x30\x0a") :][:12]
    header = 2 + (signed[1] & 0x7F) * (signed[1] >> 7)
    first = signed.index(b"\x17\x0d")
    whole = tlv(b"\x30", signed[header : first + 15] + signed[first + 30 :])
    signature = ROOT.key.sign(whole, ec.ECDSA(hashes.SHA256()))
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
        (ROOT.pem, NO_LIST),
        (pem(ROOT.revoke()).replace(b"\nMI", b"\nMJ", 1), CANNOT_BE_READ),
        (pem(OTHER.revoke(), root().revoke()), f"list 2: {NO_AUTHORITY}"),
        (pem(OTHER.revoke(issuer=ROOT.certificate.subject)), f"list 1: {NO_AUTHORITY}"),
        (pem(OTHER.revoke(), ROOT.revoke(extension=x509.DeltaCRLIndicator(1))), f"list 2: {PARTIAL}"),
        (without_end(ROOT.revoke()), "list 1: no nextUpdate; RFC 5280, section 5.1.2.5, expects one"),
        (pem(ROOT.revoke(extension=UNREADABLE)), "list 1: an extension that cannot be read"),
        (
            pem(
                ROOT.revoke(
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
