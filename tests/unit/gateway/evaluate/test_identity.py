from dataclasses import replace

import pytest
from tests.pki import NOW, root

from mailgate.attest import CertificateVerifier
from mailgate.gateway.evaluate.identity import (
    certificate_result,
    identify,
    still_bound,
    with_earlier_facts,
)
from mailgate.model import (
    AttestationResult,
    CertificateResult,
    Client,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
)

MAIL = Client(Kind.MAIL_APP, handheld=True, eas_id="A")
GOOD = CertificateResult("thumbprint")
REFUSED = CertificateResult(refused=Reason.CERTIFICATE_REVOKED, detail="it was revoked")
NONE, UNAVAILABLE = Posture(), Posture(PostureState.UNAVAILABLE)
CLEAN = Posture(PostureState.CLEAN, "d1", Kind.PHONE, source="mdm")
OTHER = Posture(PostureState.LISTED, "d2", Kind.PHONE, source="mdm")


async def identified(said: Posture, certified: Posture, certificate: CertificateResult | None = GOOD):
    async def named(client, proof, now):
        assert (client, proof, now) == (MAIL, None, NOW)
        return said

    async def by_certificate(given, now):
        assert (given, now) == (certificate, NOW)
        return certified

    return await identify(MAIL, None, certificate, NOW, named=named, certified=by_certificate)


@pytest.mark.parametrize(
    ("said", "certified", "counts", "contradicted"),
    [
        (NONE, CLEAN, CLEAN, False),
        (CLEAN, CLEAN, CLEAN, False),
        (CLEAN, NONE, CLEAN, False),
        (NONE, NONE, NONE, False),
        (CLEAN, OTHER, OTHER, True),
        (OTHER, CLEAN, OTHER, True),
        (CLEAN, replace(CLEAN, device_id="d3"), CLEAN, True),
        (NONE, UNAVAILABLE, UNAVAILABLE, False),
        (CLEAN, UNAVAILABLE, CLEAN, False),
        (UNAVAILABLE, CLEAN, CLEAN, False),
    ],
)
async def test_the_certificate_names_the_device_and_of_two_the_stricter_counts(
    said, certified, counts, contradicted
):
    client, posture = await identified(said, certified)
    assert posture is counts or (contradicted and posture.state is counts.state)
    assert [f.reason for f in client.findings] == [Reason.TWO_DEVICES] * contradicted


async def test_without_a_certificate_nothing_is_asked_of_one():
    assert await identified(CLEAN, OTHER, None) == (MAIL, CLEAN)


async def test_a_refused_certificate_names_no_device():
    client, posture = await identified(CLEAN, OTHER, REFUSED)
    assert posture is CLEAN
    assert [f.reason for f in client.findings] == [Reason.CERTIFICATE_INVALID]


def test_certificates_are_checked_where_any_count():
    authority = root()
    verifier, chain = CertificateVerifier([authority.certificate]), (authority.device().der,)
    assert certificate_result(verifier, chain, NOW).thumbprint
    assert certificate_result(None, chain, NOW) is None
    assert certificate_result(verifier, (), NOW) is None
    assert certificate_result(verifier, REFUSED, NOW) is REFUSED


BOUND = AttestationResult("d1", key_thumbprint="thumbprint")


@pytest.mark.parametrize(
    ("proof", "before", "now", "refused"),
    [
        (BOUND, GOOD, REFUSED, Reason.PROOF_MISSING),
        (BOUND, GOOD, None, Reason.PROOF_MISSING),
        (BOUND, GOOD, GOOD, None),
        (replace(BOUND, key_thumbprint="another"), GOOD, REFUSED, None),
        (BOUND, REFUSED, REFUSED, None),
        (AttestationResult(refused=Reason.TOKEN_EXPIRED), REFUSED, REFUSED, Reason.TOKEN_EXPIRED),
    ],
)
def test_a_token_proves_nothing_once_its_certificate_counts_no_longer(proof, before, now, refused):
    assert still_bound(proof, before, now).refused is refused


def test_a_request_without_a_token_loses_none():
    assert still_bound(None, GOOD, REFUSED) is None


def test_a_key_in_two_places_stays_a_finding_of_the_request():
    found, other = Finding(Reason.KEY_IN_TWO_PLACES, "x"), Finding(Reason.CERTIFICATE_INVALID, "y")
    before = replace(MAIL, findings=(found, other))
    assert with_earlier_facts(before, MAIL).findings == (found,)
    assert with_earlier_facts(MAIL, MAIL) is MAIL


def test_a_proved_handheld_stays_one_for_the_request():
    """Its headers may name a computer, and its token may run out."""
    laptop, phone = Client(Kind.LAPTOP, handheld=False), Client(Kind.PHONE, handheld=True)
    kept = with_earlier_facts(phone, laptop)
    assert (kept.kind, kept.handheld) == (Kind.PHONE, True)
    assert with_earlier_facts(laptop, phone) is phone
    assert with_earlier_facts(laptop, laptop) is laptop
