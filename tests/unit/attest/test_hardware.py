import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, OKPKey
from tests.pki import NOW, Issued, name, root

from mailgate.attest import Refused, hardware
from mailgate.attest.hardware import Roots, StatusError, read_status, thumbprint_of
from mailgate.model import Reason

MAKER = root()
BATCH = MAKER.authority()
LEAF = BATCH.device()
LONG = (timedelta(days=-100), timedelta(days=100))
OLD = root("An older maker", span=LONG)
SECOND = timedelta(seconds=1)


def test_a_root_that_was_signed_anew_is_the_same_root() -> None:
    """Its maker gave the same name and key a later end; devices go on sending the old one."""
    again = MAKER.sign(MAKER.certificate.subject, key=MAKER.key)
    assert again.der != MAKER.der
    presented = Roots([MAKER.certificate]).verified([LEAF.der, BATCH.der, again.der], NOW)
    assert presented == [LEAF.certificate, BATCH.certificate, again.certificate]


def refusal(*chain: Issued, now: datetime = NOW) -> Reason | None:
    """Why a chain of these certificates is refused, up to one of two roots."""
    try:
        Roots([OLD.certificate, MAKER.certificate]).verified([each.der for each in chain], now)
    except Refused as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ((LEAF, BATCH), None),
        ((LEAF, BATCH, MAKER), None),
        ((MAKER.device(),), None),
        ((MAKER.device(), MAKER), None),
        ((LEAF,), Reason.EVIDENCE_UNTRUSTED),
        ((LEAF, MAKER), Reason.EVIDENCE_UNTRUSTED),
        ((BATCH, LEAF), Reason.EVIDENCE_UNTRUSTED),
        ((LEAF, BATCH, MAKER.authority("Other")), Reason.EVIDENCE_UNTRUSTED),
        ((LEAF, BATCH, MAKER, MAKER), Reason.EVIDENCE_UNTRUSTED),
        ((MAKER,), Reason.EVIDENCE_UNTRUSTED),
        ((LEAF, BATCH, root()), Reason.EVIDENCE_UNTRUSTED),  # its name alone is that of a root
        (
            (LEAF, BATCH, MAKER.sign(name("Somebody"), key=MAKER.key)),
            Reason.EVIDENCE_UNTRUSTED,
        ),  # its key alone
    ],
)
def test_every_certificate_is_needed_in_this_order(chain: tuple[Issued, ...], reason: Reason | None) -> None:
    assert refusal(*chain) is reason


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (timedelta(days=-1), None),
        (timedelta(days=-1) - SECOND, Reason.EVIDENCE_NOT_YET_VALID),
        (timedelta(days=30), None),
        (timedelta(days=30) + SECOND, Reason.EVIDENCE_EXPIRED),
    ],
)
def test_each_is_in_its_time_with_both_of_its_ends(at: timedelta, reason: Reason | None) -> None:
    assert refusal(OLD.device(), now=NOW + at) is reason
    between = OLD.authority()
    assert refusal(between.device(span=LONG), between, now=NOW + at) is reason
    assert refusal(OLD.device(span=LONG), OLD, now=NOW + at) is None


@pytest.mark.parametrize("at", [0, 1])
def test_an_extension_that_cannot_be_read_is_no_certificate(at: int) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.15"), b"\xff")
    chain = [LEAF.der, BATCH.der]
    chain[at] = MAKER.sign(name("odd"), [(odd, False)]).der
    with pytest.raises(Refused) as caught:
        Roots([MAKER.certificate]).verified(chain, NOW)
    assert caught.value.reason is Reason.EVIDENCE_MALFORMED
    assert caught.value.detail == "expected X.509 certificates in DER"


def test_roots_of_the_same_certificates_are_the_same() -> None:
    """So a reload sees whether they changed."""
    assert Roots([MAKER.certificate]) == Roots([MAKER.certificate]) != Roots([BATCH.certificate])
    assert Roots([MAKER.certificate], frozenset({1})) != Roots([MAKER.certificate])


@pytest.mark.parametrize("revoked", [LEAF, BATCH, MAKER])
def test_any_certificate_of_the_chain_may_be_revoked(revoked) -> None:
    roots = Roots([MAKER.certificate], frozenset({revoked.certificate.serial_number}))
    with pytest.raises(Refused) as caught:
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


def test_revoked_and_suspended_serial_numbers_are_read() -> None:
    entries = {
        "2c8cdddfd5e03bfc": {"status": "REVOKED", "reason": "KEY_COMPROMISE"},
        "C8966FCB2FBB0D7A": {"status": "SUSPENDED", "reason": "SOFTWARE_FLAW", "comment": "x"},
        "42": {"status": "REVOKED"},
    }
    assert read_status(json.dumps({"entries": entries})) == {0x2C8CDDDFD5E03BFC, 0xC8966FCB2FBB0D7A, 0x42}
    assert read_status('{"entries": {}}') == frozenset()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"entries": []}', '{"entries": {"xyz": {"status": "REVOKED"}}}', '{"entries": {"42": "REVOKED"}}',
     '{"entries": {"42": {}}}', '{"entries": {"42": {"status": []}}}', '{"entries": ' + "[" * 100_000],
)  # fmt: skip
def test_a_list_that_is_none_never_counts_as_an_empty_one(text) -> None:
    with pytest.raises(StatusError) as caught:
        read_status(text)
    assert str(caught.value) == 'use {"entries": {"SERIAL IN HEX": {"status": "REVOKED"}}}'


@pytest.mark.parametrize("status", ["GOOD", "", "revoked", "REVOKED ", "ZZZ"])
def test_a_status_that_is_not_known_makes_the_list_none(status: str) -> None:
    entries = {"41": {"status": "REVOKED"}, "42": {"status": status}}
    with pytest.raises(StatusError, match=r"^use REVOKED or SUSPENDED as status$"):
        read_status(json.dumps({"entries": entries}))


def test_the_steps_stand_in_their_order() -> None:
    source = Path(hardware.__file__).read_text("utf-8")
    assert [int(step) for step in re.findall(r"^(\d)\. ", source, re.MULTILINE)] == list(range(1, 6))
