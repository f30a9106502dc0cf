"""What a request gets, and why."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pki import root
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

from mailgate.attest.client_certs import CertificateVerifier, Revocation
from mailgate.attest.id_token import IdTokenError, TokenFault
from mailgate.classify import classify, is_checked
from mailgate.classify.discovery import is_discovery
from mailgate.gateway.evaluate.judge import certificate_result, identify, still_bound, with_earlier_facts
from mailgate.gateway.waiting import settled
from mailgate.http.client_certs import NO_PROXY
from mailgate.model import (
    AttestationResult,
    CertificateResult,
    Client,
    Compliance,
    Effect,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    Threat,
    VerifiedLogin,
)
from mailgate.policy.people import Groups
from mailgate.policy.reliefs import Cause, Relief, Reliefs

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
async def test_a_trusted_proxy_then_a_proof_then_the_login_names_the_person(trusted, proof, path, user):
    """Else a header would choose whose rules apply."""
    on = gate()
    renew(on, verifier=Believing(proof))
    said = [b"X-Forwarded-User: cy", b"Authorization: Basic " + base64.b64encode(b"bob:x")]
    said += [b"Device-Attestation: x"] if proof else []
    asked = exchange(f"POST {path} HTTP/1.1".encode(), *said)
    access, _ = await on.judge.verdict(
        facts_of(asked.head, peer="192.0.2.1", secure=True, trusted=trusted), NOW
    )
    assert access.user.name == user


async def test_a_hanging_request_is_judged_by_the_clock_as_well():
    on = mobile()
    access, decision = await on.judge.verdict(incoming_of(EAS.format("Ping")), NOW)
    assert await on.judge.judge_again(access, decision) is None
    assert (await on.judge.judge_again(access, decision, by_the_clock=True))[1] == decision


async def test_a_hanging_request_ends_when_its_group_loses_mail():
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
async def test_a_request_without_a_device_is_judged_at_once_and_alike(path, method, agent, login, user):
    on = gate()
    fields = [b"User-Agent: " + agent, *([LOGIN] if login else [])]
    fields += [b"X-Forwarded-User: " + user.encode()] if user else []
    asked = exchange(f"{method} {path} HTTP/1.1".encode(), *fields)
    incoming = facts_of(asked.head, peer="192.0.2.1", secure=True, trusted=PROXIES)
    claims = method == "GET" and "DeviceId" in path
    asks_all = on.judge._judge_device(incoming, incoming.facts, classify(incoming.facts), NOW, 0.0)
    found, asked = on.judge.judge(incoming, NOW), await asks_all
    assert isinstance(found, tuple) is not claims
    assert await settled(found) == asked


@pytest.mark.parametrize("what", ["attestation", "certificate", "id"])
async def test_a_request_that_may_name_a_device_is_not_judged_at_once(what):
    on = gate()
    on.judge.postures.at_once = lambda client, now: None if client.eas_id else Posture()
    path = EAS.format("Sync") if what == "id" else "/allow"
    head = exchange(f"POST {path} HTTP/1.1".encode(), *([TOKEN] if what == "attestation" else [])).head
    certificate = (PHONE.der,) if what == "certificate" else ()
    incoming = facts_of(head, peer="192.0.2.1", secure=True, trusted=(), certificate=certificate)
    found = on.judge.judge(incoming, NOW)
    assert not isinstance(found, tuple)
    assert await found == await on.judge.verdict(incoming, NOW)


SAFARI = b"User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
FIREFOX = b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
ADA, BOB = b"X-Forwarded-User: ada", b"Authorization: Basic " + base64.b64encode(b"bob:x")
ADAS = Posture(PostureState.CLEAN, "d1", Kind.PHONE, owner="ada", first_seen=NOW)
PEOPLE_RULES = (
    {"id": "laptop", "when": 'client.kind == "laptop"', "effect": "allow"},
    {"id": "clean", "when": 'client.handheld && device.state == "clean"', "effect": "allow"},
)


def by_person(*, known=ADAS, setting=True, rules=PEOPLE_RULES):
    """A gate that knows ada's phones and tablets together as ``known``."""
    devices = Known()
    devices.people = {"ada": known}
    devices.terms = replace(devices.terms, by_person=setting)
    on = gate(postures=devices, clock=lambda: NOW, trusted=PROXIES)
    renew(on, policy=policy(rules))
    return on


def browsing(*fields, path="/mail", peer="192.0.2.1", certificate=(), method="GET"):
    head = exchange(f"{method} {path} HTTP/1.1".encode(), *fields).head
    return facts_of(head, peer=peer, secure=True, trusted=PROXIES, certificate=certificate)


@pytest.mark.parametrize(
    ("fields", "changed", "state"),
    [
        ((SAFARI, ADA), {}, "clean"),
        ((SAFARI, ADA, LOGIN), {}, "clean"),
        ((SAFARI, ADA), {"setting": False}, "missing"),
        ((SAFARI,), {}, "missing"),
        ((SAFARI, LOGIN), {}, "missing"),
        ((SAFARI, b"X-Forwarded-User: bob"), {}, "missing"),
        ((SAFARI, ADA), {"peer": "203.0.113.9"}, "missing"),
        ((SAFARI, ADA, TOKEN), {}, "missing"),
        ((SAFARI, ADA), {"certificate": (PHONE.der,)}, "missing"),
        ((SAFARI, ADA), {"certificate": (root(now=NOW).device().der,)}, "missing"),
        ((ADA, b"User-Agent: curl/8.14.1"), {}, "missing"),
        ((FIREFOX, ADA), {}, "missing"),
        ((SAFARI, ADA), {"path": "/dav/", "method": "PROPFIND"}, "missing"),
        ((SAFARI, ADA), {"path": EAS.format("Sync"), "method": "POST"}, "missing"),
        *[((SAFARI, ADA), {"known": replace(ADAS, state=each)}, each.value) for each in PostureState],
        ((SAFARI, ADA), {"known": Posture()}, "missing"),
    ],
)
async def test_a_phones_browser_goes_by_its_person_where_a_proxy_has_checked_the_login(
    fields, changed, state
):
    """A name that is made up, of another, or nobody's, leaves it without a device; so does a proof that says nothing."""
    settings = {name: changed.pop(name) for name in ("known", "setting") if name in changed}
    on = by_person(**settings)
    certificates = CertificateVerifier([DEVICES.certificate])
    renew(on, verifier=Believing(AttestationResult(refused=Reason.TOKEN_EXPIRED)), certificates=certificates)
    access, decision = await on.judge.verdict(browsing(*fields, **changed), NOW)
    assert access.posture.state is PostureState(state)
    assert (decision.effect is Effect.ALLOW) is (state == "clean" or FIREFOX in fields)
    assert not access.posture.by_person or (
        (SAFARI in fields and ADA in fields) or b"X-Forwarded-User: bob" in fields
    )


MILD_RULES = (
    {"id": "bad", "when": 'device.state in ["stale", "listed"]', "effect": "block"},
    {"id": "rest", "when": "true", "effect": "allow"},
)


@pytest.mark.parametrize("rules", [PEOPLE_RULES, MILD_RULES])
@pytest.mark.parametrize("state", PostureState)
@pytest.mark.parametrize("token", [b"", b"ada@d1"])
async def test_credentials_of_somebody_else_make_no_answer_milder(rules, state, token):
    """The webmail may open the mail of either, so both readings count, and the harder answer of them."""
    on = by_token(directory=[("d1", replace(ADAS, state=state))])
    on.judge.postures.people["ada"] = replace(ADAS, state=state)
    renew(on, policy=policy(rules))
    effects = []
    for more in ((), (LOGIN,), (BOB,)):
        access, decision = await on.judge.verdict(signed_in(token, SAFARI, ADA, *more), NOW)
        effects.append(decision.effect)
        again = await on.judge.judge_again(access, decision)
        assert again is None or again[1].effect is decision.effect
    alone, same, another = effects
    assert alone is same
    assert another.severity >= alone.severity
    if rules is PEOPLE_RULES:
        assert another is Effect.BLOCK


JUNK = b"Device-Attestation: junk"


@pytest.mark.parametrize("state", PostureState)
@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize(
    ("token", "fields", "how"),
    [
        (b"@d1", (), {}),
        (b"bob@d1", (), {}),
        (b"ada@d2", (), {}),
        (b"", (JUNK,), {}),
        (b"", (), {"certificate": (b"junk",)}),
        (b"", (), {"certificate": (PHONE.der,)}),
    ],
)
async def test_a_proof_that_tells_nothing_is_never_better_than_none(state, lost, token, fields, how):
    """Where rules let unknown phones in, whoever has a phone that is kept out would else send anything that is refused."""
    on = by_token(directory=[])
    on.judge.postures.people["ada"] = replace(ADAS, state=state, lost=lost)
    certificates = CertificateVerifier([DEVICES.certificate])
    refused = Believing(AttestationResult(refused=Reason.TOKEN_EXPIRED))
    renew(on, policy=policy(MILD_RULES), verifier=refused, certificates=certificates)
    without = (await on.judge.verdict(browsing(SAFARI, ADA), NOW))[1]
    access, decision = await on.judge.verdict(signed_in(token, SAFARI, ADA, *fields, **how), NOW)
    assert decision.effect.severity >= without.effect.severity
    assert not access.posture.by_person
    again = await on.judge.judge_again(access, decision, by_the_clock=True)
    assert again is None or again[1].effect is decision.effect


async def test_a_browser_by_its_person_is_none_of_their_devices():
    """So no exemption of a device counts, and no grace of a new one; a lost phone shuts each of their browsers out."""
    rules = ({"id": "all", "when": "true", "effect": "block", "grace": "7d"},)
    on = by_person(rules=rules)
    exempt = Relief(1, Cause.EXEMPTION, "all", "a test", "root", NOW, device="d1")
    renew(on, policy=replace(policy(rules), reliefs=Reliefs(1, (exempt,))))
    access, decision = await on.judge.verdict(browsing(SAFARI, ADA), NOW)
    assert (access.posture.by_person, access.posture.device_id, decision.effect) == (True, "", Effect.BLOCK)
    on = by_person(known=replace(ADAS, lost=True))
    assert (await on.judge.verdict(browsing(SAFARI, ADA), NOW))[1].reason is Reason.DEVICE_LOST


async def test_a_running_request_goes_by_what_is_known_of_its_person_by_now():
    on = by_person()
    access, decision = await on.judge.verdict(browsing(SAFARI, ADA), NOW)
    assert await on.judge.judge_again(access, decision) is None
    on.judge.postures.people["ada"] = replace(ADAS, state=PostureState.LISTED)
    assert (await on.judge.judge_again(access, decision))[1].effect is Effect.BLOCK
    on.judge.postures.people["ada"] = ADAS
    on.judge.postures.terms = replace(on.judge.postures.terms, by_person=False)
    assert (await on.judge.judge_again(access, decision))[1].effect is Effect.BLOCK


class Logins:
    """A verifier of tokens of logins, for which the name of the person and the device stand in the token itself."""

    source = "login"

    def __init__(self, until=NOW + timedelta(hours=1)):
        self.until = until

    def verify(self, token, keys, now):
        person, _, device = token.decode().partition("@")
        if not person:
            raise IdTokenError(TokenFault.SIGNATURE)
        return VerifiedLogin(person, device, self.until)


def by_token(*, directory=(("d1", ADAS),), setting=True):
    """A gate that believes tokens of logins and knows these devices by the directory's ids."""
    on = by_person(known=replace(ADAS, state=PostureState.STALE), setting=setting)
    renew(on, login_tokens=Logins(), login_header=b"x-forwarded-id-token")
    on.judge.postures.directory = dict(directory)
    return on


def signed_in(token, *fields, peer="192.0.2.1", **how):
    said = [b"X-Forwarded-Id-Token: " + token, *fields]
    head = exchange(b"GET /mail HTTP/1.1", *said).head
    return facts_of(
        head, peer=peer, secure=True, trusted=PROXIES, login_header=b"x-forwarded-id-token", **how
    )


@pytest.mark.parametrize(
    ("token", "fields", "how", "state", "by_person"),
    [
        (b"ada@d1", (SAFARI, ADA), {}, "clean", False),
        (b"ADA@d1", (SAFARI, ADA), {}, "clean", False),
        (b"ada@", (SAFARI, ADA), {}, "stale", True),
        (b"ada@d2", (SAFARI, ADA), {}, "missing", False),
        (b"@d1", (SAFARI, ADA), {}, "missing", False),
        (b"bob@d1", (SAFARI, ADA), {}, "missing", False),
        (b"ada@d1", (SAFARI, ADA, b"X-Forwarded-Id-Token: ada@d1"), {}, "missing", False),
        (b"ada@d1", (SAFARI,), {}, "missing", False),
        (b"ada@d1", (SAFARI, ADA), {"peer": "203.0.113.9"}, "missing", False),
        (b"ada@d1", (SAFARI, ADA, TOKEN), {}, "missing", False),
        (b"ada@d1", (SAFARI, ADA), {"certificate": (PHONE.der,)}, "missing", False),
        (b"bob@d1", (SAFARI, b"X-Forwarded-User: bob"), {}, "missing", False),
    ],
)
async def test_a_phones_browser_is_the_device_that_the_token_of_its_login_names(
    token, fields, how, state, by_person
):
    """A token that is refused, or of another person, or one of two, leaves it without any, as one of a device that nobody knows does."""
    on = by_token()
    certificates = CertificateVerifier([DEVICES.certificate])
    renew(on, verifier=Believing(AttestationResult(refused=Reason.TOKEN_EXPIRED)), certificates=certificates)
    access, decision = await on.judge.verdict(signed_in(token, *fields, **how), NOW)
    assert (access.posture.state, access.posture.by_person) == (PostureState(state), by_person)
    assert (decision.effect is Effect.ALLOW) is (state == "clean")
    of_another = Reason.DEVICE_OF_ANOTHER in [each.reason for each in access.client.findings]
    assert of_another is (token == b"bob@d1" and ADA not in fields)


async def test_a_computers_login_on_a_phone_makes_no_laptop():
    on = by_token()
    access, _ = await on.judge.verdict(signed_in(b"ada@d1", FIREFOX, ADA), NOW)
    assert (access.client.kind, access.client.handheld) == (Kind.PHONE, True)


async def test_a_login_on_a_computer_makes_no_phone_clean():
    on = by_token(directory=[("d1", replace(ADAS, kind=Kind.LAPTOP))])
    access, decision = await on.judge.verdict(signed_in(b"ada@d1", SAFARI, ADA), NOW)
    assert (access.posture.state, decision.effect) == (PostureState.MISSING, Effect.BLOCK)
    assert await on.judge.judge_again(access, decision) is None


async def test_a_running_request_ends_with_the_token_of_its_login():
    on = by_token(setting=False)
    access, decision = await on.judge.verdict(signed_in(b"ada@d1", SAFARI, ADA), NOW)
    assert await on.judge.judge_again(access, decision) is None
    assert on.verdicts.until(access, decision) == NOW + timedelta(hours=1)
    on.judge.postures.directory["d1"] = replace(ADAS, owner="bob")
    again = await on.judge.judge_again(access, decision)
    assert again[1].effect is Effect.BLOCK
    assert await on.judge.judge_again(*again) is None
    on.judge.postures.directory["d1"] = ADAS
    over = replace(access, login=replace(access.login, expires=NOW))
    assert (await on.judge.judge_again(over, decision))[1].effect is Effect.BLOCK


@pytest.mark.parametrize("token", [b"ada@d2", b"@d1"])
async def test_no_token_of_a_login_makes_way_for_the_person_by_running_out(token):
    """Somebody else's phones are all that is known to be clean here, so the browser waits for a token that says which it is on."""
    on = by_token()
    on.judge.postures.people["ada"] = ADAS
    access, decision = await on.judge.verdict(signed_in(token, SAFARI, ADA), NOW)
    over = replace(access, login=replace(access.login, expires=NOW))
    for each in (access, over):
        again = await on.judge.judge_again(each, decision, by_the_clock=True)
        assert (again[0].posture.by_person, again[1].effect) == (False, Effect.BLOCK)
        assert (await on.judge.judge_again(*again, by_the_clock=True))[1].effect is Effect.BLOCK


ADAS_PHONE = replace(KNOWN, owner="ada")


@pytest.mark.parametrize(
    ("fields", "let_in"), [((ADA,), True), ((BOB,), False), ((ADA, BOB), False), ((), True)]
)
async def test_a_certificate_opens_mail_for_the_owner_of_its_device_alone(fields, let_in):
    on = with_certificates()
    on.judge.postures.certified_posture = ADAS_PHONE
    access, decision = await on.judge.verdict(browsing(SAFARI, *fields, certificate=(PHONE.der,)), NOW)
    assert (decision.effect is Effect.ALLOW) is let_in
    if not let_in:
        assert access.certificate.refused is Reason.DEVICE_OF_ANOTHER
        assert (access.posture.state, access.client.kind) == (PostureState.MISSING, Kind.PHONE)


async def test_a_phone_stays_one_by_the_certificate_of_another_person():
    """Whoever names somebody else beside it would be a laptop by the headers alone."""
    on = by_person(setting=False)
    renew(on, certificates=CertificateVerifier([DEVICES.certificate]))
    on.judge.postures.certified_posture = ADAS_PHONE
    incoming = browsing(FIREFOX, b"X-Forwarded-User: bob", certificate=(PHONE.der,))
    access, decision = await on.judge.verdict(incoming, NOW)
    assert (access.client.kind, decision.effect) == (Kind.PHONE, Effect.BLOCK)


async def test_a_hanging_request_ends_once_its_device_belongs_to_somebody_else():
    on = with_certificates()
    on.judge.postures.certified_posture = ADAS_PHONE
    incoming = browsing(SAFARI, ADA, certificate=(PHONE.der,))
    access, decision = await on.judge.verdict(incoming, NOW)
    assert await on.judge.judge_again(access, decision) is None
    on.judge.postures.certified_posture = replace(ADAS_PHONE, owner="bob")
    again, decision = await on.judge.judge_again(access, decision)
    assert (again.certificate.refused, decision.effect) == (Reason.DEVICE_OF_ANOTHER, Effect.BLOCK)


ELSEWHERE = [
    "/inbox",
    "/dav/",
    "/EWS/Exchange.asmx",
    "/index.php/Microsoft-Server-ActiveSync",
    f"{SYNC}/",
    f"{SYNC}?_task=mail",
]
PILOT = {"id": "pilot", "when": "true", "effect": "block", "groups": ("pilot",)}
ALL = {"id": "all", "when": "true", "effect": "allow"}


async def decided(rules, target, *fields, groups=(), method="POST", posture=None, **changed):
    """The access and the decision about a request that names ada in Basic credentials."""
    on = gate(postures=Named(posture or Posture(), **changed))
    renew(on, policy=policy(tuple(rules)), groups=Groups.of_members({"pilot": groups} if groups else {}))
    head = exchange(f"{method} {target} HTTP/1.1".encode(), LOGIN, *fields).head
    return await on.judge.verdict(facts_of(head, peer="192.0.2.7", secure=True, trusted=()), NOW)


class Named(Known):
    """A store with one device, by the ActiveSync id ``a``."""

    def __init__(self, posture, asked=None):
        super().__init__()
        self.device, self.asked = posture, asked if asked is not None else []

    async def current(self, client, proof, now):
        self.asked.append(client.eas_id)
        return self.device if client.eas_id == "a" else Posture()

    def at_once(self, client, now):
        return None if client.eas_id else Posture()


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_a_name_that_nobody_checks_leaves_no_group(target):
    access, decision = await decided([PILOT, ALL], target, groups=["bob"])
    assert (access.user.name, decision.rule) == ("", "pilot")
    access, decision = await decided([PILOT, ALL], SYNC, groups=["bob"])
    assert (access.user.name, access.claims, decision.rule) == ("ada", (), "all")


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_a_rule_about_a_person_holds_wherever_their_name_is(target):
    not_ada = {"id": "not-ada", "when": 'user.name == "ada"', "effect": "block"}
    access, decision = await decided([not_ada, ALL], target)
    assert (access.user.name, decision.rule, decision.claimed) == ("", "not-ada", True)


CLEAN = {"id": "clean", "when": 'client.handheld && device.state == "clean"', "effect": "allow"}
LISTED = {"id": "listed", "when": 'device.state == "listed"', "effect": "block"}
ON_IT = Posture(PostureState.LISTED, "d1", lists=("prohibited",), owner="ada")
SPELLED = [f"/x{SYNC}", SYNC.lower(), f"{SYNC}/default.eas", f"{SYNC}/"]


@pytest.mark.parametrize("target", SPELLED)
async def test_a_device_that_is_named_elsewhere_restricts_and_opens_nothing(target):
    query = "?Cmd=Sync&DeviceId=a&DeviceType=iPhone"
    clean = Posture(PostureState.CLEAN, "d1")
    assert (await decided([CLEAN], SYNC + query, posture=clean))[1].effect is Effect.ALLOW
    assert (await decided([CLEAN], target + query, posture=clean))[1].effect is Effect.BLOCK
    access, decision = await decided([LISTED, ALL], target + query, posture=ON_IT)
    assert (decision.rule, decision.claimed, access.posture, access.client.eas_id) == (
        "listed",
        True,
        Posture(),
        "",
    )
    lost = await decided([ALL], target + query, posture=Posture(device_id="d1", lost=True))
    assert lost[1].reason is Reason.DEVICE_LOST


@pytest.mark.parametrize("path", ["/.mailgate/status", f"/.mailgate/status{SYNC}", f"/.mailgate{SYNC}"])
async def test_the_gates_own_addresses_read_no_id(path):
    asked = []
    target = f"{path}?Cmd=Sync&DeviceId=a&DeviceType=iPhone"
    kind = b"Content-Type: application/vnd.ms-sync"
    for method in ("GET", "POST", "OPTIONS"):
        access, _ = await decided([LISTED, ALL], target, kind, method=method, posture=ON_IT, asked=asked)
        assert (access.client.eas_id, access.posture) == ("", Posture())
    assert asked == []


async def test_a_claim_is_looked_at_again_while_a_request_hangs():
    store = Named(Posture(device_id="d1"))
    on = gate(postures=store, clock=lambda: NOW)
    renew(on, policy=policy((LISTED, ALL)))
    incoming = incoming_of(f"/x{EAS.format('Ping')}")
    access, decision = await on.judge.verdict(incoming, NOW)
    assert decision.effect is Effect.ALLOW
    assert await on.judge.judge_again(access, decision) is None
    store.device = ON_IT
    again, decision = await on.judge.judge_again(access, decision)
    assert (decision.rule, again.posture) == ("listed", Posture())


BROWSERS = [
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604.1",
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    b"Apple-iPhone15C2/2107.102",
    b"DAVx5/4.4 (Android 15)",
    b"curl/8.14.1",
    b"",
]
LAPTOPS = {"id": "laptops", "when": 'client.kind == "laptop" && !client.contradicted', "effect": "allow"}
HANDHELDS = {"id": "handhelds", "when": "client.handheld", "effect": "block"}
WARNED = {"id": "warned", "when": "client.handheld", "effect": "warn"}
OTHERS = {"id": "others", "when": 'client.kind != "laptop"', "effect": "allow"}
RULES_OF_COMPANIES = [
    (LAPTOPS, LISTED, CLEAN, HANDHELDS),
    (LISTED, ALL),
    (LAPTOPS, CLEAN, WARNED, OTHERS),
    (PILOT, LISTED, ALL),
    (WARNED | {"groups": ("pilot",)}, LAPTOPS, CLEAN, HANDHELDS, OTHERS),
    (WARNED | {"share": "50%"}, LAPTOPS, CLEAN, HANDHELDS, OTHERS),
    ({"id": "execs", "when": "true", "effect": "allow", "groups": ("execs",)}, LAPTOPS, CLEAN),
    ({"id": "ada", "when": 'user.name == "ada"', "effect": "allow"}, LAPTOPS, CLEAN),
    ({"id": "not-ada", "when": 'user.name == "ada"', "effect": "block"}, LISTED, ALL),
    ({"id": "old-phones", "when": 'client.eas_type == "iPhone"', "effect": "block"}, LISTED, ALL),
    ({"id": "half", "when": "client.handheld", "effect": "block", "share": "50%"}, ALL),
]
COMPANY = Groups.of_members({"pilot": ["bob"], "execs": ["ada"]})
EXEMPT = Reliefs(
    1,
    (
        Relief(1, Cause.EXEMPTION, "", "x", "x", NOW, person="ada"),
        Relief(2, Cause.EXEMPTION, "", "x", "x", NOW, device="d1"),
    ),
)
STORED = [
    Posture(PostureState.CLEAN, "d1", owner="ada"),
    ON_IT,
    Posture(PostureState.MISSING, "d1", lost=True),
    Posture(PostureState.CLEAN, "d1", Kind.TABLET),
]
PATHS_SAID = [
    "",
    SYNC,
    f"{SYNC}/",
    SYNC.lower(),
    f"{SYNC}/..",
    "/%4dicrosoft-Server-ActiveSync",
    "/dav",
    "/EWS",
    "/mapi/nspi",
    "/jmap",
]
QUERIES_SAID = [
    "",
    "DeviceId=a",
    "DeviceId=a&_task=mail",
    "DeviceType=WindowsOutlook15&DeviceId=a",
    "DeviceType=iPhone&DeviceId=b",
    "User=ada",
]
FIELDS_SAID = [
    LOGIN,
    b"Authorization: Basic " + base64.b64encode(b"bob:x"),
    b"Authorization: Basic " + base64.b64encode(b"carol:x"),
    b"Content-Type: application/vnd.ms-sync.wbxml",
    b"Content-Type: text/calendar",
    b"Depth: 1",
    b"MS-ASProtocolVersion: 14.1",
    b"Cookie: session=1",
    b"X-Forwarded-User: ada",
    b"From: ada@example.com",
]
said = st.tuples(
    st.sampled_from(PATHS_SAID),
    st.sampled_from(QUERIES_SAID),
    st.lists(st.sampled_from(FIELDS_SAID), max_size=4, unique_by=lambda field: field.partition(b":")[0]),
)


@settings(max_examples=400)
@given(
    rules=st.sampled_from(RULES_OF_COMPANIES),
    stored=st.sampled_from(STORED),
    agent=st.sampled_from(BROWSERS),
    method=st.sampled_from(["GET", "POST", "OPTIONS", "PROPFIND"]),
    folder=st.sampled_from(["/mail", "/index.php", ""]),
    mode=st.sampled_from(
        [(), (b"Sec-Fetch-Mode: navigate",), (b"Accept: text/html",), (b"Sec-Fetch-Mode: cors",)]
    ),
    more=said,
)
async def test_no_claim_of_a_request_makes_its_answer_milder(
    rules, stored, agent, method, folder, mode, more
):
    """Save where the webmail is bound to check it."""
    on = gate(postures=Named(stored))
    renew(on, policy=replace(policy(rules), reliefs=EXEMPT), groups=COMPANY)

    async def effect(path, query, fields):
        target = (f"{folder}{path}" or "/") + (f"?{query}" if query else "")
        sent = [b"User-Agent: " + agent, *mode, *fields]
        head = exchange(f"{method} {target} HTTP/1.1".encode(), *sent).head
        access, decision = await on.judge.verdict(
            facts_of(head, peer="192.0.2.7", secure=True, trusted=()), NOW
        )
        return decision.effect.severity, is_checked(access.facts, access.client) or is_discovery(access.facts)

    path, query, fields = more
    (bare, _), (full, checked) = await effect("", "", []), await effect(path, query, fields)
    assert checked or full >= bare
    for each in fields:
        fewer, _ = await effect(path, query, [field for field in fields if field is not each])
        assert checked or full >= fewer, each


MAIL = Client(Kind.MAIL_APP, handheld=True, eas_id="A")
GOOD = CertificateResult("thumbprint")
REFUSED = CertificateResult(refused=Reason.CERTIFICATE_REVOKED, detail="it was revoked")
NONE, UNAVAILABLE = Posture(), Posture(PostureState.UNAVAILABLE)
CLEAN_PHONE = Posture(PostureState.CLEAN, "d1", Kind.PHONE, source="mdm")
OTHER = Posture(PostureState.LISTED, "d2", Kind.PHONE, source="mdm")


async def identified(
    said: Posture,
    certified: Posture,
    certificate: CertificateResult | None = GOOD,
    seen: Client = MAIL,
    logins: tuple[str, ...] = (),
):
    async def named(client, proof, now):
        assert (client, proof, now) == (seen, None, NOW)
        return said

    async def by_certificate(given, now):
        assert (given, now) == (certificate, NOW)
        return certified

    return await identify(seen, None, certificate, NOW, logins=logins, named=named, certified=by_certificate)


@pytest.mark.parametrize(
    ("said", "certified", "counts", "contradicted"),
    [
        (NONE, CLEAN_PHONE, CLEAN_PHONE, False),
        (CLEAN_PHONE, CLEAN_PHONE, CLEAN_PHONE, False),
        (CLEAN_PHONE, NONE, CLEAN_PHONE, False),
        (NONE, NONE, NONE, False),
        (CLEAN_PHONE, OTHER, OTHER, True),
        (OTHER, CLEAN_PHONE, OTHER, True),
        (CLEAN_PHONE, replace(CLEAN_PHONE, device_id="d3"), CLEAN_PHONE, True),
        (NONE, UNAVAILABLE, UNAVAILABLE, False),
        (CLEAN_PHONE, UNAVAILABLE, CLEAN_PHONE, False),
        (UNAVAILABLE, CLEAN_PHONE, CLEAN_PHONE, False),
    ],
)
async def test_the_certificate_names_the_device_and_of_two_the_stricter_counts(
    said, certified, counts, contradicted
):
    client, posture, certificate = await identified(said, certified)
    assert certificate is GOOD
    assert posture is counts or (contradicted and posture.state is counts.state)
    assert [f.reason for f in client.findings] == [Reason.TWO_DEVICES] * contradicted


async def test_without_a_certificate_nothing_is_asked_of_one():
    assert await identified(CLEAN_PHONE, OTHER, None) == (MAIL, CLEAN_PHONE, None)


async def test_a_refused_certificate_names_no_device():
    client, posture, certificate = await identified(CLEAN_PHONE, OTHER, REFUSED)
    assert certificate is REFUSED
    assert posture is CLEAN_PHONE
    assert [f.reason for f in client.findings] == [Reason.CERTIFICATE_INVALID]


OF_ADA = replace(CLEAN_PHONE, owner="Ada", apps=("tiktok",), lists=("prohibited",))
FOR_ADA = replace(GOOD, persons=("ada@mail.example.com", "ada"))
SEEN_PHONE = Client(Kind.PHONE, handheld=True)


@pytest.mark.parametrize(
    ("logins", "owner", "certificate", "of_another"),
    [
        ((), "Ada", FOR_ADA, False),
        (("ada",), "Ada", GOOD, False),
        (("ada",), "", GOOD, False),
        (("ADA",), "Ada", FOR_ADA, False),
        (("bob",), "Ada", GOOD, True),
        (("ada", "bob"), "Ada", GOOD, True),
        (("ada@example.com",), "Ada", GOOD, True),
        (("bob",), "", FOR_ADA, True),
        (("bob",), "Bob", FOR_ADA, True),
        (("bob",), "", GOOD, False),
    ],
)
async def test_a_certificate_of_another_person_than_the_login_is_refused(
    logins, owner, certificate, of_another
):
    own = replace(CLEAN_PHONE, owner=owner)
    client, posture, worth = await identified(NONE, own, certificate, SEEN_PHONE, logins)
    if not of_another:
        assert (posture, worth) == (own, certificate)
        return
    assert (posture.state, posture.device_id, posture.owner) == (PostureState.MISSING, "", "")
    assert worth == CertificateResult(refused=Reason.DEVICE_OF_ANOTHER, detail=worth.detail)
    assert [each.reason for each in client.findings] == [Reason.CERTIFICATE_INVALID, Reason.DEVICE_OF_ANOTHER]
    assert client.assurance is SEEN_PHONE.assurance


@pytest.mark.parametrize("lost", [False, True])
async def test_of_another_persons_device_only_what_speaks_against_it_counts(lost):
    """It is no computer because somebody else's computer has the certificate, and a phone whatever its browser says."""
    _, posture, _ = await identified(NONE, replace(OF_ADA, lost=lost), GOOD, SEEN_PHONE, ("bob",))
    assert (posture.kind, posture.lists, posture.lost) == (Kind.PHONE, ("prohibited",), lost)
    warned = replace(OF_ADA, compliance=Compliance.NONCOMPLIANT, threat=Threat.HIGH)
    _, posture, _ = await identified(NONE, warned, GOOD, SEEN_PHONE, ("bob",))
    assert (posture.compliance, posture.threat) == (Compliance.NONCOMPLIANT, Threat.HIGH)
    praised = replace(OF_ADA, compliance=Compliance.COMPLIANT, threat=Threat.SECURED)
    _, posture, _ = await identified(NONE, praised, GOOD, SEEN_PHONE, ("bob",))
    assert (posture.compliance, posture.threat) == (Compliance.NONE, Threat.NONE)
    windows = replace(OF_ADA, kind=Kind.LAPTOP)
    unclear = Client(Kind.UNKNOWN, handheld=False)
    client, posture, _ = await identified(NONE, windows, GOOD, unclear, ("bob",))
    assert (client.kind, posture.kind) == (Kind.UNKNOWN, None)
    _, posture, _ = await identified(CLEAN_PHONE, replace(OF_ADA, lost=lost), GOOD, MAIL, ("bob",))
    assert (posture.state, posture.lists, posture.lost) == (PostureState.MISSING, ("prohibited",), lost)


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
