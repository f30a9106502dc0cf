"""What a request gets, and why."""

import base64
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW, ask, gate
from tests.unit.gateway.phones import (
    DEVICES,
    EAS,
    HANDED_ON,
    LOGIN,
    PHONE,
    PROXIES,
    Believing,
    incoming_of,
    mobile,
    with_certificates,
)
from tests.unit.gateway.wire import exchange

from mailgate.attest import CertificateVerifier
from mailgate.attest.revocation import Revocation
from mailgate.gateway.facts import read_facts
from mailgate.gateway.judging import Live
from mailgate.model import AttestationResult, Effect, Reason

ANN = AttestationResult("id", user="ann")
LATE = AttestationResult(refused=Reason.TOKEN_EXPIRED, user="ann")
SYNC = "/Microsoft-Server-ActiveSync"


@pytest.mark.parametrize(
    ("trusted", "proof", "path", "user"),
    [
        (PROXIES, ANN, "/allow", "cy"),
        (PROXIES, None, SYNC, "cy"),
        ((), ANN, "/allow", "ann"),
        ((), ANN, SYNC, "ann"),
        ((), AttestationResult("id"), SYNC, "bob"),
        ((), LATE, SYNC, "bob"),
        ((), None, SYNC, "bob"),
        ((), LATE, "/allow", ""),
        ((), None, "/allow", ""),
        ((), None, "/dav/", ""),
    ],
)
async def test_who_asks_is_told_by_a_trusted_proxy_else_proved_else_the_login_of_a_mail_app(
    trusted, proof, path, user
):
    """Else a header would choose whose rules apply."""
    on = gate()
    on.live = Live(on.live.policy, Believing(proof))
    said = [b"X-Forwarded-User: cy", b"Authorization: Basic " + base64.b64encode(b"bob:x")]
    said += [b"Device-Attestation: x"] if proof else []
    asked = exchange(f"GET {path} HTTP/1.1".encode(), *said)
    access, _ = await on.judge(read_facts(asked.head, peer="192.0.2.1", secure=True, trusted=trusted), NOW)
    assert access.user.name == user


async def test_a_hanging_request_is_judged_by_the_clock_as_well():
    times = iter([0, 9, 10])
    on = mobile(clock=lambda: NOW + timedelta(seconds=next(times)))
    access, decision = await on.judge(incoming_of(EAS.format("Ping")), on.clock())
    assert await on.judge_again(access, decision) is None
    assert (await on.judge_again(access, decision))[1] == decision


TOKEN = b"Device-Attestation: whatever Believing makes of it"


async def test_a_token_that_is_bound_to_a_certificate_is_verified_with_it():
    on, asked = with_certificates(), []

    class Asked(Believing):
        def verify(self, *_, client_cert_thumbprint, **__):
            asked.append(client_cert_thumbprint)
            return super().verify()

    on.live = Live(on.live.policy, Asked(None), on.live.certificates, on.live.proxy_form)
    for certificate in ([HANDED_ON], [b"Client-Cert: :!:"], []):
        await ask(on, EAS.format("FolderSync"), LOGIN, TOKEN, *certificate, method="POST")
    own = CertificateVerifier([DEVICES.certificate]).verify([PHONE.der], NOW)
    assert asked == [own.thumbprint, None, None]


async def test_a_hanging_request_ends_once_its_certificate_is_revoked():
    """The token that is bound to it proves nothing from then on, too."""
    on = with_certificates()
    own = CertificateVerifier([DEVICES.certificate]).verify([PHONE.der], NOW)
    proof = AttestationResult("d1", "mdm", key_thumbprint=own.thumbprint)
    on.live = Live(on.live.policy, Believing(proof), on.live.certificates, on.live.proxy_form)
    head = exchange(f"POST {EAS.format('Ping')} HTTP/1.1".encode(), TOKEN).head
    incoming = read_facts(head, peer="192.0.2.7", secure=True, trusted=(), certificate=(PHONE.der,))
    access, decision = await on.judge(incoming, NOW)
    assert decision.effect is Effect.ALLOW
    assert await on.judge_again(access, decision) is None
    on.live.certificates.revocation = Revocation(serials=frozenset({PHONE.certificate.serial_number}))
    again, decision = await on.judge_again(access, decision)
    assert again.certificate.refused is Reason.CERTIFICATE_REVOKED
    assert again.attestation.refused is Reason.PROOF_MISSING
    assert [f.reason for f in again.client.findings] == [
        Reason.ATTESTATION_INVALID,
        Reason.CERTIFICATE_INVALID,
    ]
    assert decision.effect is Effect.BLOCK


async def test_a_hanging_request_ends_once_certificates_count_no_longer():
    on = with_certificates()
    head = exchange(f"POST {EAS.format('Ping')} HTTP/1.1".encode()).head
    incoming = read_facts(head, peer="192.0.2.7", secure=True, trusted=(), certificate=(PHONE.der,))
    access, decision = await on.judge(incoming, NOW)
    on.live = Live(on.live.policy, on.live.verifier)
    again, decision = await on.judge_again(access, decision)
    assert (again.certificate, decision.effect) == (None, Effect.BLOCK)
