"""What a request gets, and why."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.gates import NOW, Known, ask, gate, policy, renew
from tests.unit.gateway.phones import (
    DEVICES,
    EAS,
    HANDED_ON,
    KNOWN,
    LOGIN,
    PHONE,
    PROXIES,
    Believing,
    incoming_of,
    mobile,
    with_certificates,
)
from tests.unit.gateway.wire import exchange, facts_of

from mailgate.attest import CertificateVerifier
from mailgate.attest.revocation import Revocation
from mailgate.gateway.http1.client_certs.presented import NO_PROXY
from mailgate.model import AttestationResult, Effect, Kind, Posture, Reason
from mailgate.policy.groups import Groups

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
    renew(on, verifier=Believing(proof))
    said = [b"X-Forwarded-User: cy", b"Authorization: Basic " + base64.b64encode(b"bob:x")]
    said += [b"Device-Attestation: x"] if proof else []
    asked = exchange(f"GET {path} HTTP/1.1".encode(), *said)
    access, _ = await on.judge.verdict(
        facts_of(asked.head, peer="192.0.2.1", secure=True, trusted=trusted), NOW
    )
    assert access.user.name == user


async def test_a_hanging_request_is_judged_by_the_clock_as_well():
    on = mobile()
    access, decision = await on.judge.verdict(incoming_of(EAS.format("Ping")), NOW)
    assert await on.judge.judge_again(access, decision) is None
    assert (await on.judge.judge_again(access, decision, by_the_clock=True))[1] == decision


async def test_a_hanging_request_ends_once_its_person_is_in_a_group_that_gets_no_mail():
    leavers = {"id": "leavers", "when": "true", "effect": "block", "groups": ("leavers",)}
    rules = policy((leavers, {"id": "all", "when": "true", "effect": "allow"}))
    on = mobile(clock=lambda: NOW)
    renew(on, policy=rules, groups=Groups.of_members({"leavers": ["bob"]}))
    head = exchange(f"POST {EAS.format('Ping')} HTTP/1.1".encode(), LOGIN).head
    incoming = facts_of(head, peer="192.0.2.7", secure=False, trusted=())
    access, decision = await on.judge.verdict(incoming, NOW)
    assert (access.user.name, decision.effect) == ("ada", Effect.ALLOW)
    assert await on.judge.judge_again(access, decision) is None
    renew(on, policy=rules, groups=Groups.of_members({"leavers": ["ada"]}))
    assert (await on.judge.judge_again(access, decision))[1].effect is Effect.BLOCK


TOKEN = b"Device-Attestation: whatever Believing makes of it"


async def test_a_token_that_is_bound_to_a_certificate_is_verified_with_it():
    on, asked = with_certificates(), []

    class Asked(Believing):
        def verify(self, *_, client_cert_thumbprint, **__):
            asked.append(client_cert_thumbprint)
            return super().verify()

    renew(on, verifier=Asked(None))
    for certificate in ([HANDED_ON], [b"Client-Cert: :!:"], []):
        await ask(on, EAS.format("FolderSync"), LOGIN, TOKEN, *certificate, method="POST")
    own = CertificateVerifier([DEVICES.certificate]).verify([PHONE.der], NOW)
    assert asked == [own.thumbprint, None, None]


async def test_a_hanging_request_ends_once_its_certificate_is_revoked():
    """The token that is bound to it proves nothing from then on, too."""
    on = with_certificates()
    own = CertificateVerifier([DEVICES.certificate]).verify([PHONE.der], NOW)
    proof = AttestationResult("d1", "mdm", key_thumbprint=own.thumbprint)
    renew(on, verifier=Believing(proof))
    head = exchange(f"POST {EAS.format('Ping')} HTTP/1.1".encode(), TOKEN).head
    incoming = facts_of(head, peer="192.0.2.7", secure=True, trusted=(), certificate=(PHONE.der,))
    access, decision = await on.judge.verdict(incoming, NOW)
    assert decision.effect is Effect.ALLOW
    assert await on.judge.judge_again(access, decision) is None
    on.in_force.live.certificates.revocation = Revocation(
        serials=frozenset({PHONE.certificate.serial_number})
    )
    again, decision = await on.judge.judge_again(access, decision)
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
    incoming = facts_of(head, peer="192.0.2.7", secure=True, trusted=(), certificate=(PHONE.der,))
    access, decision = await on.judge.verdict(incoming, NOW)
    renew(on, certificates=None, proxy_form=NO_PROXY)
    again, decision = await on.judge.judge_again(access, decision)
    assert (again.certificate, decision.effect) == (None, Effect.BLOCK)


@pytest.mark.parametrize(
    ("agent", "lost", "allowed"),
    [
        ("iPhone; CPU iPhone OS 18_6", Reason.KEY_REVOKED, False),
        ("iPhone; CPU iPhone OS 18_6", Reason.TOKEN_EXPIRED, False),
        ("Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", Reason.TOKEN_EXPIRED, False),
        ("iPhone; CPU iPhone OS 18_6", None, True),
    ],
)
async def test_a_running_request_ends_once_its_token_is_refused(agent, lost, allowed):
    """Also if its headers name a computer that would be let in without a token."""

    class Named(Known):
        async def current(self, client, proof, now):
            return KNOWN if proof is not None and proof.refused is None else Posture()

    rules = (
        {"id": "laptop", "when": 'client.kind == "laptop"', "effect": "allow"},
        {"id": "clean", "when": 'client.handheld && device.state == "clean"', "effect": "allow"},
    )
    on = gate(postures=Named(), policy=policy(rules))
    renew(on, verifier=Believing(AttestationResult("d1", "mdm", kind=Kind.PHONE)))
    head = exchange(b"GET /events HTTP/1.1", TOKEN, b"User-Agent: Mozilla/5.0 (" + agent.encode()).head
    access, decision = await on.judge.verdict(facts_of(head, peer="192.0.2.7", secure=True, trusted=()), NOW)
    assert (access.client.kind, decision.effect) == (Kind.PHONE, Effect.ALLOW)
    assert await on.judge.judge_again(access, decision, [b"x"]) is None
    renew(on, verifier=Believing(AttestationResult(refused=lost) if lost else access.attestation))
    again = await on.judge.judge_again(access, decision, [b"x"])
    assert (again is None) is allowed
    if again:
        assert (again[0].client.kind, again[1].effect) == (Kind.PHONE, Effect.BLOCK)


AGENTS = st.sampled_from([b"", b"curl/8.14.1", b"Thunderbird", b"Mozilla/5.0 (Android 15; Mobile)"])
PATHS = st.sampled_from(
    ["/allow", "/block", "/warn", "/", "/dav/", SYNC, EAS.format("Sync"), EAS.format("Ping")]
)


@given(
    path=PATHS,
    method=st.sampled_from(["GET", "POST", "OPTIONS"]),
    agent=AGENTS,
    login=st.booleans(),
    user=st.sampled_from(["", "cy"]),
)
async def test_whoever_names_no_device_is_judged_at_once_as_with_all_questions_asked(
    path, method, agent, login, user
):
    on = gate()
    fields = [b"User-Agent: " + agent, *([LOGIN] if login else [])]
    fields += [b"X-Forwarded-User: " + user.encode()] if user else []
    asked = exchange(f"{method} {path} HTTP/1.1".encode(), *fields)
    incoming = facts_of(asked.head, peer="192.0.2.1", secure=True, trusted=PROXIES)
    assert on.judge.at_once(incoming, NOW) == await on.judge._judge_device(incoming, NOW)


@pytest.mark.parametrize("what", ["attestation", "certificate", "id"])
async def test_whoever_may_name_a_device_is_not_judged_at_once(what):
    on = gate()
    on.judge.postures.unnamed = lambda client: None if client.eas_id else Posture()
    path = EAS.format("Sync") if what == "id" else "/allow"
    head = exchange(f"GET {path} HTTP/1.1".encode(), *([TOKEN] if what == "attestation" else [])).head
    certificate = (PHONE.der,) if what == "certificate" else ()
    incoming = facts_of(head, peer="192.0.2.1", secure=True, trusted=(), certificate=certificate)
    assert on.judge.at_once(incoming, NOW) is None
