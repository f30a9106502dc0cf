from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.pki import NOW, root

from mailgate.attest.chain import key_of
from mailgate.attest.revocation import Revocation, RevocationError, RevocationList, read_lists, read_serials

DAY = timedelta(days=1)
ROOT, OTHER = root(), root("Other")
AUTHORITIES = [ROOT.certificate, OTHER.certificate]
ISSUER = key_of(ROOT.certificate)


def pem(*lists) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in lists)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_list_in_either_form(encoding) -> None:
    found = read_lists(ROOT.revoke(5, 2**150).public_bytes(encoding), AUTHORITIES)
    assert found == {ISSUER: RevocationList(frozenset({5, 2**150}), NOW + 7 * DAY)}


def test_of_one_authority_the_newest_list_counts_wherever_it_stands() -> None:
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


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "expected PEM or DER"),
        (b"\x30\x03\x02\x01\x00", "expected PEM or DER"),
        (ROOT.pem, "expected PEM or DER"),
        (pem(ROOT.revoke()).replace(b"\nMI", b"\nMJ", 1), "expected PEM or DER"),
        (pem(OTHER.revoke(), root().revoke()), "list 2: signed by none"),
        (pem(OTHER.revoke(issuer=ROOT.certificate.subject)), "signed by none"),
        (pem(ROOT.revoke(extension=x509.DeltaCRLIndicator(1))), "a partial list"),
        (
            pem(
                ROOT.revoke(
                    extension=x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
                )
            ),
            "a partial list",
        ),
    ],
)
def test_a_file_that_tells_nothing_says_why(data, wrong) -> None:
    with pytest.raises(RevocationError, match=wrong):
        read_lists(data, AUTHORITIES)


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
    assert known.unknown(ISSUER, NOW - DAY) == ""
    assert "stale" in known.unknown(ISSUER, NOW)
    assert "no revocation list" in known.unknown(b"other", NOW - DAY)
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
def test_what_is_known_of_an_issuer_is_known_until_its_own_list_is_stale(lists, accepts_stale, until) -> None:
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
def test_of_several_lists_the_first_that_is_stale_is_told(ends, stale_since, next_update) -> None:
    known = Revocation(
        {bytes([n]): RevocationList(frozenset(), NOW + end * DAY) for n, end in enumerate(ends)}
    )
    assert (known.stale_since(NOW), known.next_update) == (stale_since, next_update)


def test_without_lists_only_serial_numbers_revoke() -> None:
    known = Revocation(serials=frozenset({5}))
    assert known.revoked(b"any", 5)
    assert known.unknown(b"any", NOW) == ""
    assert (known.stale_since(NOW), known.next_update) == (None, None)


def test_serial_numbers_as_openssl_prints_them() -> None:
    lines = ["# lost in June", "", "0A3F", "0a:3f:01  # phone 7", " 7 ", "f" * 40]
    assert read_serials(lines) == {0x0A3F, 0x0A3F01, 7, 16**40 - 1}


@pytest.mark.parametrize("line", ["serial=0A", "0x0A", "0A 3F", "0A:3", "-1", "f" * 41, "١"])
def test_a_line_that_is_none_is_named(line) -> None:
    with pytest.raises(RevocationError, match="line 2 "):
        read_serials(["0A", line])
