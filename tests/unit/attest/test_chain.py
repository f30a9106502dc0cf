from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import Store, VerificationError
from tests.pki import NOW, name, root

from mailgate.attest.chain import MAX_CERTIFICATE, MAX_CERTIFICATES, path_to, too_long

ROOT = root()
ISSUING = ROOT.authority()
LEAF = ISSUING.sign(name("leaf"))
TRUSTED = Store([ROOT.certificate])


def test_a_path_has_everything_from_the_leaf_to_the_trusted_one() -> None:
    path = [each.certificate for each in (LEAF, ISSUING, ROOT)]
    assert path_to(TRUSTED, path[0], [path[1]], NOW) == path


@pytest.mark.parametrize("days", [-2, 31])
def test_outside_of_its_time_there_is_none(days) -> None:
    with pytest.raises(VerificationError):
        path_to(TRUSTED, LEAF.certificate, [ISSUING.certificate], NOW + timedelta(days=days))


def test_who_is_no_authority_signs_nothing() -> None:
    below = LEAF.sign(name("below"))
    with pytest.raises(VerificationError):
        path_to(TRUSTED, below.certificate, [LEAF.certificate, ISSUING.certificate], NOW)


def test_a_weak_key_signs_nothing() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    issuing = ROOT.authority("Weak", key=weak)
    with pytest.raises(VerificationError):
        path_to(TRUSTED, issuing.sign(name("leaf")).certificate, [issuing.certificate], NOW)


def test_the_longest_chain_that_is_looked_at_leads_to_its_root() -> None:
    chain, top = [], ROOT
    for number in range(MAX_CERTIFICATES - 1):
        top = top.authority(f"Level {number}")
        chain.insert(0, top)
    leaf = top.sign(name("leaf"))
    assert not too_long([leaf.der, *(each.der for each in chain)])
    assert len(path_to(TRUSTED, leaf.certificate, [each.certificate for each in chain], NOW)) == 7


def test_too_many_or_too_long() -> None:
    assert too_long([b"a"] * (MAX_CERTIFICATES + 1))
    assert too_long([b"a" * (MAX_CERTIFICATE + 1)])
    assert too_long([]) == too_long([b"a" * MAX_CERTIFICATE] * MAX_CERTIFICATES) == ""
