import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, OKPKey
from tests.pki import NOW, name, root

from mailgate.attest import hardware
from mailgate.attest.errors import EvidenceRefusedError
from mailgate.attest.hardware import Roots, StatusError, read_status, thumbprint_of
from mailgate.model import Reason

MAKER = root()
BATCH = MAKER.authority()
LEAF = BATCH.device()


def test_a_root_that_was_signed_anew_is_the_same_root() -> None:
    """Its maker gave the same name and key a later end; devices go on sending the old one."""
    again = MAKER.sign(MAKER.certificate.subject, key=MAKER.key)
    assert again.der != MAKER.der
    presented = Roots([MAKER.certificate]).verified([LEAF.der, BATCH.der, again.der], NOW)
    assert [each.serial_number for each in presented][-1] == again.certificate.serial_number


@pytest.mark.parametrize("key", [None, MAKER.key], ids=["its name alone", "its key alone"])
def test_who_has_only_the_name_or_only_the_key_of_a_root_is_none(key) -> None:
    """A certificate that is taken for a root is left out of the path, and with it whatever is wrong with it."""
    subject = MAKER.certificate.subject if key is None else name("Somebody")
    like = MAKER.sign(subject, key=key)
    assert not Roots([MAKER.certificate])._is_root(like.certificate)
    assert Roots([MAKER.certificate])._is_root(MAKER.certificate)


def test_a_root_alone_proves_nothing() -> None:
    with pytest.raises(EvidenceRefusedError) as caught:
        Roots([MAKER.certificate]).verified([MAKER.der], NOW)
    assert caught.value.reason is Reason.EVIDENCE_UNTRUSTED


@pytest.mark.parametrize("revoked", [LEAF, BATCH, MAKER])
def test_any_certificate_of_the_chain_may_be_revoked(revoked) -> None:
    roots = Roots([MAKER.certificate], frozenset({revoked.certificate.serial_number}))
    with pytest.raises(EvidenceRefusedError) as caught:
        roots.verified([LEAF.der, BATCH.der, MAKER.der], NOW)
    assert caught.value.reason is Reason.EVIDENCE_REVOKED


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (ec.generate_private_key(ec.SECP256R1()), ECKey),
        (ed25519.Ed25519PrivateKey.generate(), OKPKey),
        (rsa.generate_private_key(65537, 2048), None),
    ],
)
def test_the_thumbprint_is_that_by_which_a_proof_names_the_key(key, kind) -> None:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    certificate = MAKER.sign(name("leaf"), key=key).certificate
    assert thumbprint_of(certificate) == (kind.import_key(pem).thumbprint() if kind else "")


def test_the_status_list_of_android() -> None:
    entries = {
        "2c8cdddfd5e03bfc": {"status": "REVOKED", "reason": "KEY_COMPROMISE"},
        "C8966FCB2FBB0D7A": {"status": "SUSPENDED", "reason": "SOFTWARE_FLAW", "comment": "x"},
        "42": {"status": "REVOKED"},
    }
    assert read_status(json.dumps({"entries": entries})) == {0x2C8CDDDFD5E03BFC, 0xC8966FCB2FBB0D7A, 0x42}
    assert read_status('{"entries": {}}') == frozenset()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"entries": []}', '{"entries": {"xyz": {"status": "REVOKED"}}}',
     '{"entries": {"42": {}}}', '{"entries": {"42": {"status": "GOOD"}}}', '{"entries": {"42": {"status": []}}}'],
)  # fmt: skip
def test_a_list_that_is_none_never_counts_as_an_empty_one(text) -> None:
    with pytest.raises(StatusError):
        read_status(text)


def test_the_steps_stand_in_their_order() -> None:
    source = Path(hardware.__file__).read_text("utf-8")
    assert [int(step) for step in re.findall(r"^(\d)\. ", source, re.MULTILINE)] == list(range(1, 6))
