"""Enrolling: who is let in, and what everybody else is told."""

import json
from base64 import b64encode, urlsafe_b64decode
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.pki import name, root
from tests.unit.gateway.enrolling import DEVICE, GATE, OTHER, enroll, key_proof, post, report
from tests.unit.gateway.gates import NOW, REFERENCE, gate, policy, renew
from tests.unit.gateway.wire import exchange, facts_of, handled
from tests.vectors.build_certificate_vectors import android, description, root_of_trust

from mailgate.attest import mint
from mailgate.attest.hardware import Roots
from mailgate.attest.sealing import MachineTokens, NonceOrigin
from mailgate.devices import names
from mailgate.devices.names import SERIAL
from mailgate.devices.trust import report_by
from mailgate.gateway.enrolment import hardware_result, report_of_hardware
from mailgate.gateway.evaluate.proving import NonceMode
from mailgate.gateway.pages.render import Pages
from mailgate.gateway.pages.view import Appearance
from mailgate.model import (
    Access,
    Assurance,
    AttestationResult,
    Client,
    HardwareResult,
    Kind,
    Posture,
    Reason,
    RequestFacts,
    User,
)
from mailgate.model.apps import ListedApp
from mailgate.policy import AppCatalog
from mailgate.store import NotEnrolled, StoreUnavailableError
from mailgate.store.enrolments import Computer, digest_of, name_of

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
        (NotEnrolled.WITHDRAWN, "enrolment-unknown"),
        (NotEnrolled.FULL, "machine-keys-full"),
        (NotEnrolled.REVOKED, "key-revoked"),
        (NotEnrolled.MACHINE_SHUT, "enrolment-revoked"),
        (NotEnrolled.PERSON_SHUT, "enrolment-revoked"),
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
        ({"token": "let me in", "machine": 7}, (), 400),
        ({"token": "let me in", "machine": "x" * 256}, (), 400),
        ({"token": "let me in", "owner": "ada\n"}, (), 400),
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


def a_key(number):
    return mint.make_key(number.to_bytes(32, "big"), "")


@pytest.mark.parametrize("tries", [20, 500])
@pytest.mark.parametrize("why", sorted(set(NotEnrolled) - {NotEnrolled.UNKNOWN}, key=str))
async def test_a_refusal_that_is_no_guess_keeps_nobody_beside_it_waiting(why, tries):
    """An office behind one address, where many browsers show a token that is over."""
    on = gate()
    enrolled = on.own.enrolling.enroller.enrolments
    enrolled.refuses["old"] = why
    seen = [
        (await enroll(on, token="old", proof=key_proof(PATH, a_key(number))))[0] for number in range(tries)
    ]
    of_the_key = why in (NotEnrolled.REVOKED, NotEnrolled.MACHINE_SHUT, NotEnrolled.PERSON_SHUT)
    assert seen == [403] * (tries if of_the_key else 5) + [429] * (0 if of_the_key else tries - 5)
    assert (await enroll(on))[0] == 201


@pytest.mark.parametrize("why", [NotEnrolled.REVOKED, NotEnrolled.MACHINE_SHUT, NotEnrolled.PERSON_SHUT])
async def test_a_key_that_is_shut_out_may_ask_a_few_times(why):
    on = gate()
    on.own.enrolling.enroller.enrolments.refuses["let me in"] = why
    assert [(await enroll(on))[0] for _ in range(6)] == [403] * 5 + [429]


async def test_one_mistyped_token_is_one_guess_however_many_show_it():
    on = gate()
    seen = [(await enroll(on, token="typo", proof=key_proof(PATH, a_key(n))))[0] for n in range(20)]
    assert seen == [403] * 5 + [429] * 15
    assert (await enroll(on))[0] == 201


FLEET = MachineTokens(b"s" * 32, 3)


def company():
    """A gate of a company with tokens of machines."""
    on = gate()
    renew(on, machines=FLEET)
    return on


async def show(on, machine="LT-1", owner="", *, token=None, key=DEVICE):
    body = {"token": token or FLEET.token(machine, owner), "machine": machine, "owner": owner}
    return await post(on, PATH, body, proof=key_proof(PATH, key))


async def test_a_machine_enrols_with_its_token_for_its_owner():
    on = company()
    status, _, told = await show(on, "lt-1 ", "Bo", token=FLEET.token("LT-1", "bo"))
    assert (status, told["key_thumbprint"]) == (201, KEY)
    enrolled = on.own.enrolling.enroller.enrolments
    assert enrolled.computer == Computer("lt-1", "Bo", proven=True, most_keys=3)
    assert enrolled[KEY].owner == "Bo"


@pytest.mark.parametrize(("machine", "owner"), [("LT-2", ""), ("LT-1", "eve"), ("LT-", "1"), ("", "")])
async def test_the_token_of_one_machine_is_no_other_ones(machine, owner):
    on = company()
    status, _, told = await show(on, machine, owner, token=FLEET.token("LT-1", ""))
    assert (status, told["reason"]) == (403, "enrolment-unknown")
    assert not on.own.enrolling.enroller.enrolments


async def test_a_machine_that_a_common_token_names_is_its_own_word():
    on = company()
    assert (await show(on, "LT-1", "eve", token="let me in"))[0] == 201
    enrolled = on.own.enrolling.enroller.enrolments
    assert enrolled.computer == Computer("LT-1", "eve", proven=False, most_keys=3)
    assert enrolled[KEY].owner == "ada@example.com"


async def test_without_a_secret_no_token_of_a_machine_is_good():
    nothing = MachineTokens().token("LT-1", "")
    assert (await post(gate(), PATH, {"token": nothing, "machine": "LT-1"}))[0] == 403


async def test_tokens_of_an_earlier_secret_keep_no_neighbour_waiting():
    """An office whose computers have the tokens that the company has replaced."""
    on, before = company(), MachineTokens(b"b" * 32, 3)
    for number in range(20):
        token = before.token(f"LT-{number}", "")
        assert (await show(on, f"LT-{number}", token=token, key=a_key(number)))[0] == 403
    assert (await enroll(on))[0] == 201


async def test_a_key_with_wrong_tokens_of_machines_may_ask_a_few_times():
    on = company()
    seen = [(await show(on, token=f"mailgate-machine-{number}"))[0] for number in range(6)]
    assert seen == [403] * 5 + [429]


async def test_the_right_token_of_a_machine_waits_for_no_guesses():
    on = company()
    for number in range(5):
        await enroll(on, token=f"guess {number}", proof=key_proof(PATH, OTHER))
    assert (await enroll(on))[0] == 429
    assert (await show(on))[0] == 201


async def test_who_is_shut_out_is_told_to_admins_without_a_name():
    on = company()
    on.own.enrolling.enroller.enrolments.refuses["let me in"] = NotEnrolled.MACHINE_SHUT
    with capture_logs() as logs:
        await show(on, "LT-1", "ada", token="let me in")
    (line,) = logs
    assert (line["event"], line["shut"], line["reference"]) == ("enrolment-refused", "machine", REFERENCE)
    assert line["token"] == name_of(digest_of("let me in"))
    assert not any(name in repr(line) for name in ("LT-1", "ada", "let me in"))


def logged_in(on, person, key=DEVICE, *, by_proxy=True, at=NOW):
    """A person asks for mail by an enrolled browser."""
    proof = AttestationResult("d", self_reported=True, key_thumbprint=key.thumbprint())
    facts = RequestFacts(user=person if by_proxy else None)
    on.own.enrolling.enroller.record(
        Access(facts, Client(Kind.LAPTOP, handheld=False), Posture(), at, User(person), attestation=proof)
    )


@pytest.mark.parametrize(
    ("owner", "logins", "learned"), [("", ["bo"], "bo"), ("", ["bo", "eve"], "eve"), ("ada", ["bo"], "ada")]
)
async def test_where_the_token_names_nobody_who_logged_in_last_is_the_owner(owner, logins, learned):
    on = company()
    await show(on, owner=owner)
    for person in logins:
        logged_in(on, person)
        await report(on)
    assert on.own.enrolling.enroller.enrolments[KEY].owner == learned
    said = (await report(on))[2]["device_attestation"].split(".")[1]
    assert json.loads(urlsafe_b64decode(said + "=="))["user"] == learned


@pytest.mark.parametrize(("minutes", "owner"), [(10, "bo"), (11, ""), (-11, "")])
async def test_who_logged_in_long_ago_was_maybe_not_the_last(minutes, owner):
    """Somebody else may have come by another gate since, and their report too; or a clock was set back since."""
    on = company()
    await show(on)
    logged_in(on, "bo", at=NOW - timedelta(minutes=minutes))
    await report(on)
    assert on.own.enrolling.enroller.enrolments[KEY].owner == owner


async def test_a_name_that_no_proxy_says_is_no_owners():
    on = company()
    await show(on)
    logged_in(on, "bo", by_proxy=False)
    await report(on)
    assert on.own.enrolling.enroller.enrolments[KEY].owner == ""


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
    for number in range(4):  # and so does each further device at this address
        wrong = body | {"evidence": evidence(on, OTHER)}
        assert (await post(on, PATH, wrong, proof=key_proof(PATH, a_key(number))))[0] == 403
    assert (await enroll(on, proof=key_proof(PATH, OTHER)))[0] == 429
    labels = {"what": "enroll", "result": "evidence-unlocked"}
    assert on.metrics.registry.get_sample_value("mailgate_enrolments_total", labels) == 5


async def test_one_device_with_bad_evidence_keeps_no_neighbour_waiting():
    on = believing()
    body = {"token": "let me in", "evidence": evidence(on, boot=root_of_trust(locked=False))}
    seen = [(await post(on, PATH, body))[0] for _ in range(20)]
    assert seen == [403] * 5 + [429] * 15
    assert (await enroll(on, proof=key_proof(PATH, OTHER)))[0] == 201


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


PATH_ATTEST = "/.mailgate/attest"
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


async def test_the_answer_names_the_company_for_the_head_of_the_popup(on):
    assert (await report(on))[2]["company"] == ""
    named = replace(on.in_force.live.responses, pages=Pages(Appearance("Example company mail")))
    renew(on, responses=named)
    assert (await report(on))[2]["company"] == "Example company mail"


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
    status, _, told = await report(on, proof=key_proof(PATH_ATTEST, OTHER))
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
    status, _, told = await post(on, PATH_ATTEST, body)
    assert (status, told["reason"]) == (400, "request-malformed")
    assert "secret" not in told["detail"]


async def test_a_report_has_at_most_16_kib(on):
    status, _, told = await post(on, PATH_ATTEST, b" " * (16 * 1024 + 1))
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


async def test_many_forgotten_keys_at_one_address_lock_nobody_out(on):
    """As after a holiday that was longer than silent keys are kept."""
    for number in range(30):
        status, _, told = await report(on, proof=key_proof(PATH_ATTEST, a_key(number)))
        assert (status, told["reason"]) == (403, "key-not-enrolled")
    assert (await enroll(on, proof=key_proof(PATH, a_key(1))))[0] == 201


async def test_a_stranger_may_try_a_few_times_in_a_span(on):
    for _ in range(5):
        assert (await report(on, proof=key_proof(PATH_ATTEST, OTHER)))[0] == 403
    assert (await report(on, proof=key_proof(PATH_ATTEST, OTHER)))[0] == 429


async def test_strangers_do_not_block_reports_of_their_network(on):
    await report(on)
    for _ in range(6):
        await report(on, proof=key_proof(PATH_ATTEST, OTHER))
    assert (await report(on))[0] == 200


async def test_a_report_is_kept_without_its_apps_and_its_token(on):
    said = {"os": "linux", "browser": {"name": "Firefox", "version": "153.0"}, "install_type": "admin"}
    status, _, told = await report(on, said | {"listed_extensions": ["abc"], "bearer": True})
    (key,) = on.own.enrolling.enroller.enrolments.values()
    assert status == 200
    assert json.loads(key.said).items() >= said.items()
    assert not {"listed_extensions", "bearer", "apps"} & json.loads(key.said).keys()
    assert told["device_attestation"] not in key.said


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
    proof = key_proof(PATH_ATTEST, nonce=headers["DPoP-Nonce"])
    assert (await report(on, proof=proof))[0] == 200
