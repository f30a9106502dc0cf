"""Enrolling: who is let in, and what everybody else is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.enrolling import DEVICE, GATE, OTHER, enroll, key_proof, post
from tests.unit.gateway.gates import NOW, REFERENCE, gate

from mailgate.attest.enrolment import digest_of
from mailgate.store import NotEnrolled, StoreUnavailableError

PATH = "/.mailgate/enroll"


async def test_a_device_is_told_what_it_is_called_and_when_to_report():
    on = gate()
    status, _, told = await enroll(on)
    assert status == 201
    assert told == {
        "device_id": f"enrolled-{DEVICE.thumbprint()[:16]}",
        "key_thumbprint": DEVICE.thumbprint(),
        "attest_url": f"{GATE}/.mailgate/attest",
        "report_every": 480,
        "token_lifetime": 600,
    }
    assert on.own.enrolling.enroller.enrolments[DEVICE.thumbprint()].owner == "ada@example.com"


async def test_one_that_asks_again_is_told_the_same():
    on = gate()
    first = await enroll(on)
    known = on.own.enrolling.enroller.enrolments
    known[DEVICE.thumbprint()] = replace(known[DEVICE.thumbprint()], made_at=NOW - timedelta(days=1))
    again = await enroll(on)
    assert (again[0], again[2]) == (200, first[2])


async def test_the_token_may_come_as_credentials():
    status, _, _ = await post(gate(), PATH, b"", b"Authorization: Bearer let me in")
    assert status == 201


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (NotEnrolled.UNKNOWN, "enrolment-unknown"),
        (NotEnrolled.EXPIRED, "enrolment-expired"),
        (NotEnrolled.USED_UP, "enrolment-used-up"),
        (NotEnrolled.REVOKED, "key-revoked"),
    ],
)
async def test_whoever_is_not_let_in_is_told_why(answer, reason):
    on = gate()
    on.own.enrolling.enroller.enrolments.answer = answer
    status, headers, told = await enroll(on)
    assert (status, told["reason"], told["reference"]) == (403, reason, REFERENCE)
    assert headers["Content-Type"] == "application/problem+json"
    labels = {"what": "enroll", "result": reason}
    assert on.metrics.registry.get_sample_value("mailgate_enrolments_total", labels) == 1


async def test_a_key_must_be_proved():
    status, headers, told = await enroll(gate(), proof="")
    assert (status, told["reason"], headers["WWW-Authenticate"]) == (401, "proof-missing", "DPoP")


async def test_a_proof_counts_once():
    on, proof = gate(), key_proof(PATH)
    assert (await enroll(on, proof=proof))[0] == 201
    status, _, told = await enroll(on, proof=proof)
    assert (status, told["reason"]) == (401, "proof-replayed")


@pytest.mark.parametrize(("minutes", "reason"), [(-5, "proof-stale"), (5, "proof-from-future")])
async def test_a_device_with_a_wrong_clock_is_told_the_time(minutes, reason):
    proof = key_proof(PATH, now=NOW + timedelta(minutes=minutes))
    status, headers, told = await enroll(gate(), proof=proof)
    assert (status, told["reason"], told["server_time"]) == (401, reason, int(NOW.timestamp()))
    assert headers["Date"] == "Tue, 24 Nov 2026 09:05:07 GMT"


@pytest.mark.parametrize(
    ("body", "fields", "status"),
    [
        (b"", (), 400),
        (b"[]", (), 400),
        (b"[" * 10_000, (), 400),
        ({}, (), 400),
        ({"token": ""}, (), 400),
        ({"token": 1}, (), 400),
        ({"token": "x" * 201}, (), 400),
        ({"token": "let me in", "more": 1}, (), 400),
        (b'{"token": "x", "token": "let me in"}', (), 400),
        (b'{"token": "let me in", "evidence": {"nonce": "a", "nonce": "b"}}', (), 400),
        ('{"token": "let me in"}'.encode("utf-16"), (), 400),
        (b"x" * 17_000, (), 413),
    ],
)
async def test_what_is_no_request_of_this_kind_is_refused(body, fields, status):
    on = gate()
    assert (await post(on, PATH, body, *fields))[0] == status
    assert not on.own.enrolling.enroller.enrolments


async def test_a_store_that_is_away_lets_nobody_in_and_says_so():
    on = gate()
    on.own.enrolling.enroller.enrolments.breaks = StoreUnavailableError("away")
    status, _, told = await enroll(on)
    assert (status, told["reason"]) == (503, "store-unavailable")


async def test_guessing_ends_after_some_tries():
    on = gate()
    for number in range(5):
        assert (await enroll(on, token=f"guess {number}"))[0] == 403
    status, headers, told = await enroll(on)
    assert (status, told["reason"]) == (429, "too-many-requests")
    assert headers["Retry-After"] == str(told["retry_after"]) == "600"


async def test_a_token_that_failed_too_often_is_tried_no_more_from_anywhere():
    on = gate()
    for _ in range(5):
        on.own.enrolling.enroller.failed.note(digest_of("let me in"), NOW)
    assert (await enroll(on))[0] == 429


async def test_no_log_line_names_a_token_or_a_person():
    on = gate()
    with capture_logs() as logs:
        await enroll(on)
        await enroll(on, token="guess", proof=key_proof(PATH, OTHER))
    text = repr(logs)
    assert not any(secret in text for secret in ("let me in", "guess", "ada", "192.0.2", DEVICE.thumbprint()))
    assert [line["event"] for line in logs] == ["enrolled"]
