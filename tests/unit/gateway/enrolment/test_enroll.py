"""Enrolling: who is let in, and what everybody else is told."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.pki import name, root
from tests.unit.gateway.enrolling import DEVICE, GATE, OTHER, enroll, key_proof, post
from tests.unit.gateway.gates import NOW, REFERENCE, gate, renew
from tests.vectors.build_certificate_vectors import android, description, root_of_trust

from mailgate.attest import NonceOrigin
from mailgate.attest.enrolment import digest_of
from mailgate.attest.hardware import Roots
from mailgate.devices import names
from mailgate.devices.names import SERIAL
from mailgate.devices.trust import report_by
from mailgate.gateway.enrolment.enroll import hardware_result, report_of_hardware
from mailgate.gateway.evaluate.proving import NonceMode
from mailgate.model import HardwareResult, Reason
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
async def test_a_refused_enrolment_says_why(answer, reason):
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


async def test_a_proof_is_taken_once():
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
async def test_a_malformed_enrolment_is_refused(body, fields, status):
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


MAKER = root("Maker of phones", NOW)
BATCH = MAKER.authority("Keys of November")
KEY = DEVICE.thumbprint()


def believing():
    """A gate that believes this maker."""
    on = gate()
    renew(on, hardware={"android-key": Roots([MAKER.certificate])})
    return on


def evidence(on, key=DEVICE, **said):
    """What the hardware of a phone makes of a nonce that it was just given."""
    nonce = on.judge.prover.nonces.make(said.pop("at", NOW), bound=said.pop("bound", False))
    told = android(description(challenge=nonce.encode(), serial="R5CX10TESTED", **said))
    leaf = BATCH.sign(name("Android Keystore Key"), [told], key=key.get_op_key("sign"))
    return {
        "format": "android-key",
        "chain": [b64encode(each.der).decode() for each in (leaf, BATCH)],
        "nonce": nonce,
    }


def vouched(on, said, key=KEY, now=NOW):
    return hardware_result(said, on.in_force.live.hardware, on.judge.prover.nonces, key, now)


@pytest.mark.parametrize("bound", [False, True])
def test_a_key_of_hardware_is_vouched_for(bound):
    on = believing()
    assert vouched(on, evidence(on, bound=bound)).hardware == "tee"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"nonce": "A" * 38}, Reason.EVIDENCE_CHALLENGE_WRONG),
        ({"nonce": ""}, Reason.EVIDENCE_CHALLENGE_WRONG),
        ({"format": "apple-device"}, Reason.EVIDENCE_FORMAT_UNKNOWN),
        ({"chain": []}, Reason.EVIDENCE_MALFORMED),
        ({"chain": "x"}, Reason.EVIDENCE_MALFORMED),
        ({"more": 1}, Reason.EVIDENCE_MALFORMED),
    ],
)
def test_refused_evidence_says_why(changed, reason):
    on = believing()
    assert vouched(on, evidence(on) | changed).refused is reason


def test_a_nonce_of_another_gate_or_another_hour_is_none():
    on, other = believing(), believing()
    other.judge.prover.nonces._node = b"another!"
    old = evidence(on, at=NOW - timedelta(minutes=11))
    assert vouched(on, old).refused is Reason.EVIDENCE_CHALLENGE_WRONG
    assert vouched(on, evidence(other, bound=True)).refused is Reason.EVIDENCE_CHALLENGE_WRONG


def test_evidence_of_another_key_is_none():
    on = believing()
    assert vouched(on, evidence(on, OTHER)).refused is Reason.EVIDENCE_KEY_MISMATCH


def test_evidence_of_hardware_tells_names_and_no_apps():
    found = HardwareResult("apple-device", "secure-enclave", os_version="26.1", serial="F4G", udid="0000")
    assert report_of_hardware(found, "thumb") == report_by(
        "apple-device", "thumb", os_version="26.1", serial="F4G", udid="0000", keys=("thumb",)
    )


async def test_a_device_enrols_with_evidence_and_its_serial_number_is_stored():
    on = believing()
    body = {"token": "let me in", "evidence": evidence(on)}
    status, _, told = await post(on, "/.mailgate/enroll", body)
    assert (status, told["hardware"], told["key_thumbprint"]) == (201, "tee", KEY)
    assert [(each.source, each.names) for each in on.own.enrolling.enroller.devices] == [
        ("android-key", {(SERIAL, "R5CX10TESTED"), (names.KEY, KEY)})
    ]


@pytest.mark.parametrize(
    ("mode", "given"), [(NonceMode.OFF, False), (NonceMode.OFFER, True), (NonceMode.REQUIRE, True)]
)
async def test_a_device_without_a_proof_is_given_a_nonce(mode, given):
    on = believing()
    on.judge.prover.mode = mode
    status, headers, told = await enroll(on, proof="")
    assert (status, told["reason"]) == (401, "proof-missing")
    assert ("DPoP-Nonce" in headers) is given
    if given:
        assert on.judge.prover.nonces.read(headers["DPoP-Nonce"], NOW).origin in (
            NonceOrigin.SHARED,
            NonceOrigin.OWN,
        )


async def test_evidence_may_come_beside_credentials():
    on = believing()
    bearer = b"Authorization: Bearer let me in"
    status, _, told = await post(on, "/.mailgate/enroll", {"evidence": evidence(on)}, bearer)
    assert (status, told["hardware"]) == (201, "tee")
    status, _, _ = await post(on, "/.mailgate/enroll", {"token": "let me in"}, bearer)
    assert status == 400


async def test_bad_evidence_enrols_nobody_and_counts_as_a_refused_try():
    on = believing()
    body = {"token": "let me in", "evidence": evidence(on, boot=root_of_trust(locked=False))}
    for _ in range(5):
        status, _, told = await post(on, "/.mailgate/enroll", body, proof=key_proof("/.mailgate/enroll"))
        assert (status, told["reason"]) == (403, "evidence-unlocked")
    assert (await post(on, "/.mailgate/enroll", body))[0] == 429
    assert (on.own.enrolling.enroller.enrolments, on.own.enrolling.enroller.devices) == ({}, [])
    labels = {"what": "enroll", "result": "evidence-unlocked"}
    assert on.metrics.registry.get_sample_value("mailgate_enrolments_total", labels) == 5


async def test_without_evidence_nothing_is_stored_but_the_key():
    on = believing()
    assert "hardware" not in (await enroll(on))[2]
    assert on.own.enrolling.enroller.devices == []


async def test_a_token_that_lets_nobody_in_stores_no_serial_number():
    on = believing()
    body = {"token": "guess", "evidence": evidence(on)}
    assert (await post(on, "/.mailgate/enroll", body))[0] == 403
    assert on.own.enrolling.enroller.devices == []


async def test_a_store_that_is_away_says_so():
    on = believing()

    async def away(records, now):
        raise StoreUnavailableError("away")

    on.own.enrolling.enroller.devices.ingest = away
    status, _, told = await post(on, "/.mailgate/enroll", {"token": "let me in", "evidence": evidence(on)})
    assert (status, told["reason"]) == (503, "store-unavailable")


async def test_a_changed_limit_counts_at_once():
    enroller = gate().own.enrolling.enroller
    enroller.failed.note("a", NOW)
    enroller.limit(1, timedelta(minutes=1))
    assert enroller.failed.wait("a", NOW) == timedelta(minutes=1)
