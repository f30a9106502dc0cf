"""Reporting to the gate: the token that comes of it, and how it is taken at the gate itself."""

import json
from dataclasses import replace

import pytest
from tests.unit.gateway.enrolling import DEVICE, GATE, OTHER, enroll, key_proof, post, report
from tests.unit.gateway.gates import NOW, gate, policy, renew
from tests.unit.gateway.wire import exchange, facts_of, handled

from mailgate.attest import mint
from mailgate.gateway.evaluate.proving import NonceMode
from mailgate.model import Assurance, Kind, Reason
from mailgate.policy import AppCatalog
from mailgate.policy.apps import ListedApp
from mailgate.store import StoreUnavailableError

PATH = "/.mailgate/attest"
LAPTOP = b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
FENNEC = b"User-Agent: Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"


@pytest.fixture
async def on():
    """A gate with which one device is enrolled."""
    made = gate()
    assert (await enroll(made))[0] == 201
    return made


async def judged(on, token, *fields, prove=True):
    """What the gate makes of a request with a token."""
    lines = [b"Device-Attestation: " + token.encode(), *fields]
    if prove:
        proof = mint.sign_proof(token, DEVICE, method="GET", url=f"{GATE}/allow", jti="p-judged", now=NOW)
        lines.append(b"DPoP: " + proof.encode())
    asked = exchange(b"GET /allow HTTP/1.1", *lines)
    access, _ = await on.judge.verdict(facts_of(asked.head, peer="192.0.2.7", secure=True, trusted=()), NOW)
    return access


async def test_the_answer_asks_about_listed_extensions(on):
    listed = ListedApp("tiktok", "TikTok", extensions=("abcdefghijklmnopabcdefghijklmnop",))
    renew(on, policy=replace(policy(), catalog=AppCatalog({"tiktok": listed})))
    _, _, told = await report(on)
    assert told["listed_extensions"] == ["abcdefghijklmnopabcdefghijklmnop"]


async def test_a_report_becomes_a_token_of_ten_minutes(on):
    status, _, told = await report(on)
    assert status == 200
    assert told["expires_at"] - told["server_time"] == 600
    assert (told["report_every"], told["server_time"]) == (480, int(NOW.timestamp()))
    access = await judged(on, told["device_attestation"], FENNEC)
    assert access.attestation.refused is None
    assert (access.client.kind, access.client.assurance) == (Kind.PHONE, Assurance.ATTESTED)
    assert access.user.name == "ada@example.com"


async def test_a_token_counts_without_a_proof_only_where_it_says_so(on):
    _, _, plain = await report(on)
    _, _, bearer = await report(on, {"os": "android", "bearer": True})
    refused = (await judged(on, plain["device_attestation"], prove=False)).attestation.refused
    assert refused is Reason.PROOF_MISSING
    assert (await judged(on, bearer["device_attestation"], prove=False)).attestation.refused is None


@pytest.mark.parametrize(
    ("headers", "kind", "assurance"),
    [(LAPTOP, Kind.LAPTOP, Assurance.ATTESTED), (b"User-Agent: x", Kind.UNKNOWN, Assurance.CLAIMED)],
)
async def test_a_self_reported_laptop_needs_the_headers_of_one(on, headers, kind, assurance):
    _, _, told = await report(on, {"os": "windows", "form_factors": ["Desktop"]})
    access = await judged(on, told["device_attestation"], headers)
    assert access.attestation.kind is Kind.LAPTOP
    assert (access.client.kind, access.client.assurance) == (kind, assurance)


async def test_a_phone_that_calls_itself_a_laptop_stays_a_phone(on):
    _, _, told = await report(on, {"os": "windows"})
    access = await judged(on, told["device_attestation"], FENNEC)
    assert access.client.handheld
    assert access.client.contradicted


async def test_the_keys_are_published_without_their_secrets(on):
    asked = exchange(b"GET /.mailgate/jwks.json HTTP/1.1")
    await handled(on, asked)
    head, _, body = asked.connection.transport.written.partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: application/jwk-set+json\r\n" in head
    (key,) = json.loads(body)["keys"]
    assert "d" not in key
    assert key["kid"] == on.own.enrolling.enroller.keys.signing_key().kid


async def test_a_key_that_did_not_enrol_gets_no_token(on):
    status, _, told = await report(on, proof=key_proof(PATH, OTHER))
    assert (status, told["reason"]) == (403, "key-not-enrolled")


async def test_a_revoked_key_gets_no_token_and_those_it_has_are_worth_nothing(on):
    _, _, bearer = await report(on, {"os": "android", "bearer": True})
    keys = on.own.enrolling.enroller.enrolments
    keys[DEVICE.thumbprint()] = replace(keys[DEVICE.thumbprint()], revoked_at=NOW)
    status, _, told = await report(on)
    assert (status, told["reason"]) == (403, "key-revoked")
    await on.own.enrolling.enroller.revocations.poll()
    status, _, told = await report(on)
    assert (status, told["reason"]) == (403, "key-revoked")
    for prove in (True, False):
        access = await judged(on, bearer["device_attestation"], prove=prove)
        assert access.attestation.refused is Reason.KEY_REVOKED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        {},
        {"os": "beos"},
        {"os": "linux", "secret-member": 1},
        {"os": "linux", "managed": "secret"},
    ],
)
async def test_a_malformed_report_is_refused_without_repeating_it(on, body):
    status, _, told = await post(on, PATH, body)
    assert (status, told["reason"]) == (400, "request-malformed")
    assert "secret" not in told["detail"]


async def test_a_report_has_at_most_16_kib(on):
    status, _, told = await post(on, PATH, b" " * (16 * 1024 + 1))
    assert (status, told["reason"]) == (413, "request-body-too-large")


async def test_a_store_that_is_away_gives_no_token(on):
    on.own.enrolling.enroller.enrolments.breaks = StoreUnavailableError("away")
    status, _, told = await report(on)
    assert (status, told["reason"]) == (503, "store-unavailable")


async def test_a_key_may_report_a_few_times_in_its_span(on):
    for _ in range(5):
        assert (await report(on))[0] == 200
    status, headers, told = await report(on)
    assert (status, told["reason"], headers["Retry-After"]) == (429, "too-many-requests", "600")


async def test_a_stranger_may_try_a_few_times_in_a_span(on):
    for _ in range(5):
        assert (await report(on, proof=key_proof(PATH, OTHER)))[0] == 403
    assert (await report(on, proof=key_proof(PATH, OTHER)))[0] == 429


async def test_strangers_do_not_block_reports_of_their_network(on):
    await report(on)
    for _ in range(6):
        await report(on, proof=key_proof(PATH, OTHER))
    assert (await report(on))[0] == 200


async def test_reports_are_counted(on):
    await report(on)
    await report(on, proof="")
    for result in ("attested", "proof-missing"):
        labels = {"what": "attest", "result": result}
        assert on.metrics.registry.get_sample_value("mailgate_enrolments_total", labels) == 1


async def test_a_nonce_may_be_required_of_reports_too(on):
    on.judge.prover.mode = NonceMode.REQUIRE
    on.in_force.live.verifier._nonce_required = True
    status, headers, told = await report(on)
    assert (status, told["reason"]) == (401, "proof-nonce-missing")
    assert headers["WWW-Authenticate"] == 'DPoP error="use_dpop_nonce"'
    proof = key_proof(PATH, nonce=headers["DPoP-Nonce"])
    assert (await report(on, proof=proof))[0] == 200
