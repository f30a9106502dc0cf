from datetime import timedelta
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import Store, VerificationError
from tests.pki import NOW, name, root

from mailgate.attest.chain import key_of, path_to, read_certificate, too_long

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
