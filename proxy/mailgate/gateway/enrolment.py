"""``POST /.mailgate/enroll``: a device shows an enrolment token and proves a key of its own. From then on it is known. Hardware
evidence that comes with it becomes a report of its own."""

import json
from collections.abc import Callable, Hashable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil

import structlog
from cachetools import LRUCache
from pydantic import ValidationError

from mailgate import __version__
from mailgate.attest import Refused, mint
from mailgate.attest.evidence import read_evidence, verify_evidence
from mailgate.attest.hardware import ExpectedApp, ExpectedEvidence, Roots
from mailgate.attest.jose import MalformedJwsError, parse_object
from mailgate.attest.passport import OWN_LIFETIME
from mailgate.attest.report import SelfReport, TokenParameters, token_claims, written_report
from mailgate.attest.sealing import NonceOrigin, Nonces, is_of_machine
from mailgate.devices.device import Report
from mailgate.devices.names import user_text
from mailgate.devices.trust import report_by
from mailgate.gateway.answer import Answer, RateLimit, json_answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.proving import ASKS_FOR_NONCE, NONCE_CHALLENGE, Prover
from mailgate.gateway.keyring import OwnKeys, Revocations
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.refusals.wording import problem
from mailgate.gateway.reporter import ASSERTION, question_told, take_report
from mailgate.http.request import RequestRefused
from mailgate.model import Access, AttestationResult, Decision, HardwareResult, Reason
from mailgate.model.addresses import rate_limit_key
from mailgate.store import EnrolledKey, NotEnrolled, StoreUnavailableError
from mailgate.store.devices import Devices
from mailgate.store.enrolments import Computer, Enrolments, digest_of, name_of


@dataclass(slots=True)
class Enroller:
    """The enrolment state of one gate."""

    enrolments: Enrolments
    keys: OwnKeys
    revocations: Revocations
    new_id: Callable[[], str]
    """Makes a new name for every token. Nobody can guess it."""
    failed: RateLimit
    """Counts guesses by caller, and refusals by the token or the key that was refused."""
    reports: RateLimit
    devices: Devices
    logins: MutableMapping[str, tuple[str, datetime]] = field(default_factory=lambda: LRUCache(50_000))
    """The person who logged in last by each enrolled browser, by its key, as a trusted proxy says, and when."""

    def record(self, access: Access, *_: object) -> None:
        """Note who has logged in (a ``DecisionListener``, ``gateway/recorder.py``)."""
        proof = access.attestation
        if proof is not None and proof.self_reported and access.facts.user:
            self.logins[proof.key_thumbprint] = access.user.name, access.now

    def recurring(self, _access: Access, _decision: Decision) -> None:
        """The same request again says the same."""

    def limit(self, most: int, span: timedelta) -> None:
        """Use a changed limit. The tries counted so far stay counted."""
        for rates in (self.failed, self.reports):
            rates.max_tries, rates.span = most, span


def hardware_result(
    said: object,
    believed: Mapping[str, Roots],
    nonces: Nonces,
    thumbprint: str,
    now: datetime,
    reporters: Mapping[str, ExpectedApp] | None = None,
) -> HardwareResult:
    """Verify evidence about the key with this thumbprint. Never raises on input. ``believed`` has the roots by format, and
    ``reporters`` the apps by format, if one of them has to hold the key."""
    try:
        evidence = read_evidence(said)
    except Refused as refusal:
        return HardwareResult("", refused=refusal.reason, detail=refusal.detail)
    if nonces.read(evidence.nonce, now).origin not in (NonceOrigin.SHARED, NonceOrigin.OWN):
        detail = "expected a nonce of this gate from the last minutes"
        return HardwareResult(evidence.format, refused=Reason.EVIDENCE_CHALLENGE_WRONG, detail=detail)
    app = reporters.get(evidence.format) if reporters is not None else None
    if reporters is not None and app is None:
        detail = f"expected the evidence of a reporter: {', '.join(sorted(reporters)) or 'none is set'}"
        return HardwareResult(evidence.format, refused=Reason.EVIDENCE_FORMAT_UNKNOWN, detail=detail)
    expected = ExpectedEvidence(evidence.nonce.encode(), thumbprint, now, app, evidence.integrity)
    return verify_evidence(evidence, believed, expected)


def report_of_hardware(vouched: HardwareResult, thumbprint: str) -> Report:
    """The report of the maker about the device with this key. It says nothing about apps, so it makes no device clean."""
    return report_by(
        source=vouched.format,
        device_id=thumbprint,
        os=vouched.os,
        os_version=vouched.os_version,
        serial=vouched.serial,
        udid=vouched.udid,
        keys=(thumbprint,),
    )


log = structlog.get_logger()

ATTEST_PATH = "/.mailgate/attest"
REPORT_INTERVAL = timedelta(minutes=8)
"""How often a device reports: early enough for a second try before its token ends."""
_MAX_TOKEN = 200
_MAX_NAME = 255
_REFUSED = {
    NotEnrolled.UNKNOWN: (403, Reason.ENROLMENT_UNKNOWN),
    NotEnrolled.WITHDRAWN: (403, Reason.ENROLMENT_UNKNOWN),
    NotEnrolled.EXPIRED: (403, Reason.ENROLMENT_EXPIRED),
    NotEnrolled.USED_UP: (403, Reason.ENROLMENT_USED_UP),
    NotEnrolled.FULL: (403, Reason.MACHINE_KEYS_FULL),
    NotEnrolled.REVOKED: (403, Reason.KEY_REVOKED),
    NotEnrolled.MACHINE_SHUT: (403, Reason.ENROLMENT_REVOKED),
    NotEnrolled.PERSON_SHUT: (403, Reason.ENROLMENT_REVOKED),
}
_SHUT = (NotEnrolled.MACHINE_SHUT, NotEnrolled.PERSON_SHUT)
_OF_THE_KEY = (*_SHUT, NotEnrolled.REVOKED)
"""Refusals that say nothing against the token, with which others may enrol."""


@dataclass(frozen=True, slots=True)
class EnrolmentParts:
    """The parts that enrolling and reporting need."""

    in_force: InForce
    prover: Prover
    enroller: Enroller
    metrics: Metrics
    public_url: str

    @property
    def live(self) -> Live:
        return self.in_force.live

    async def prove_key(
        self, incoming: Incoming, now: datetime, *, with_body: bool = False
    ) -> AttestationResult:
        """Verify that the sender has a key. The result has the key, or the reason why it is not proved."""
        url = self.public_url + incoming.facts.path
        return await self.prover.prove_key(self.live.verifier, incoming, url, now, with_body=with_body)


async def enroll(part: EnrolmentParts, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Answer 201 with the device's name and the time of its first report, or 200 if its key was enrolled before. Raises RequestRefused."""
    return _counted(part, "enroll", await _enroll(part, incoming, reference, now))


async def _enroll(part: EnrolmentParts, incoming: Incoming, reference: str, now: datetime) -> Answer:
    said = _enrolment_in(incoming)
    computer, digest = _computer(part.live, said), digest_of(said.token)
    caller, failed = rate_limit_key(incoming.facts.remote), part.enroller.failed
    # a machine's token cannot be guessed, so whoever has it does not wait for those who guess beside it
    for who in (digest,) if computer.proven else (digest, caller):
        if (wait := failed.wait(who, now)) > timedelta():
            return too_many_tries(wait, reference)
    proved = await part.prove_key(incoming, now)
    if proved.refused is not None:
        return refused_proof(proved, reference, now)
    key, vouched = proved.key_thumbprint, None
    if (wait := failed.wait(key, now)) > timedelta():
        return too_many_tries(wait, reference)
    if said.evidence is not None:
        asked = part.live.reporters.apps if said.reports else None
        vouched = hardware_result(said.evidence, part.live.hardware, part.prover.nonces, key, now, asked)
        if vouched.refused is not None:
            _note_refusal(failed, key, caller, now)
            return refusal(403, vouched.refused, reference, vouched.detail)
    try:
        app = vouched.app if vouched else None
        device = f"enrolled-{key[:16]}"
        enrolled = await part.enroller.enrolments.enrol(digest, key, device, now, app, computer)
        if vouched is not None and isinstance(enrolled, EnrolledKey):
            await part.enroller.devices.ingest([report_of_hardware(vouched, key)], now)
    except StoreUnavailableError:
        return refusal(503, Reason.STORE_UNAVAILABLE, reference)
    if isinstance(enrolled, NotEnrolled):
        unknown, of_machine = enrolled is NotEnrolled.UNKNOWN, is_of_machine(said.token)
        who = key if enrolled in _OF_THE_KEY or (unknown and of_machine) else digest
        _note_refusal(failed, who, caller if unknown and not of_machine else "", now)
        if enrolled in _SHUT:
            log.warning("enrolment-refused", reference=reference, token=name_of(digest), shut=enrolled.value)
        return refusal(*_REFUSED[enrolled], reference)
    hardware = vouched.hardware if vouched else ""
    log.info("enrolled", reference=reference, token=enrolled.token, hardware=hardware)
    return _welcome(part, enrolled, hardware, now)


def _welcome(part: EnrolmentParts, enrolled: EnrolledKey, hardware: str, now: datetime) -> Answer:
    told = question_told(enrolled, part.live.policy.catalog)
    told |= {"hardware": hardware} if hardware else {}
    return json_answer(
        201 if enrolled.made_at == now else 200,
        told
        | {
            "device_id": enrolled.device,
            "key_thumbprint": enrolled.thumbprint,
            "attest_url": part.public_url + ATTEST_PATH,
            "report_every": int(REPORT_INTERVAL.total_seconds()),
            "token_lifetime": int(OWN_LIFETIME.total_seconds()),
        },
    )


def _note_refusal(failed: RateLimit, refused: Hashable, guesser: str, now: datetime) -> None:
    """Count a refusal of a token or a key, so that neither is looked up for ever; and, if it was a guess, for who guessed. The same again
    is no further guess, so nobody has to wait because others behind their address have a token that is used up, or one that is mistyped."""
    if failed.note(refused, now) == 1 and guesser:
        failed.note(guesser, now)


@dataclass(frozen=True, slots=True)
class _Enrolment:
    """What a device sends to enrol."""

    token: str
    """The token or the pairing code, from Bearer credentials (RFC 6750) or from ``token`` in a JSON object."""
    evidence: object
    reports: bool
    """Whether a reporter enrols."""
    machine: str
    owner: str


def _enrolment_in(incoming: Incoming) -> _Enrolment:
    scheme, _, value = incoming.facts.headers.get("authorization", "").partition(" ")
    bearer = scheme.lower() == "bearer"
    said = json_object(incoming) if incoming.body or not bearer else {}
    evidence, reports = said.pop("evidence", None), said.pop("reporter", False)
    machine, owner = (_name_in(said, name) for name in ("machine", "owner"))
    if not bearer:
        token = said.pop("token", None)
        value = token if isinstance(token, str) else ""
    if said or not 0 < len(value.strip()) <= _MAX_TOKEN:
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, 'Expected {"token": "…"} or Bearer credentials.')
    if not isinstance(reports, bool) or (reports and evidence is None):
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "Expected the evidence of a reporter.")
    return _Enrolment(value.strip(), evidence, reports, machine, owner)


def _name_in(said: dict[str, object], member: str) -> str:
    name = said.pop(member, "")
    if not isinstance(name, str) or len(name) > _MAX_NAME or not name.isprintable():
        told = f'Expected "{member}" to be one line of at most {_MAX_NAME} characters.'
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, told)
    return name.strip()


def _computer(live: Live, said: _Enrolment) -> Computer:
    proven = live.machines.proves(said.token, said.machine, said.owner)
    return Computer(said.machine, live.logins.person(said.owner), proven, live.machines.keys_a_machine)


def json_object(incoming: Incoming) -> dict[str, object]:
    """The body of a request. Raises RequestRefused for anything but one JSON object in UTF-8 without duplicate names."""
    if incoming.facts.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestRefused(415, Reason.REQUEST_NOT_SUPPORTED, "Expected application/json.")
    try:
        return parse_object(incoming.body, "The body")
    except MalformedJwsError as error:
        told = f"{error}. Expected one JSON object."
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, told) from None


def refused_proof(proved: AttestationResult, reference: str, now: datetime) -> Answer:
    """The answer to a refused proof. It has the time, so that a client with a wrong clock can tell its user."""
    reason = proved.refused or Reason.PROOF_MISSING
    if reason is Reason.KEY_REVOKED:  # the proof is good, so another one would not help
        return refusal(403, reason, reference, proved.detail)
    challenge = (NONCE_CHALLENGE,) if reason in ASKS_FOR_NONCE else (("WWW-Authenticate", "DPoP"),)
    told = refusal(401, reason, reference, proved.detail, server_time=int(now.timestamp()))
    return replace(told, headers=challenge)


def too_many_tries(wait: timedelta, reference: str) -> Answer:
    seconds = ceil(wait.total_seconds())
    told = refusal(429, Reason.TOO_MANY_REQUESTS, reference, retry_after=seconds)
    return replace(told, headers=(("Retry-After", str(seconds)),))


def refusal(status: int, reason: Reason, reference: str, detail: str = "", **more: object) -> Answer:
    told = problem(status, reason, reference, detail=detail)
    return replace(told, body=json.dumps(json.loads(told.body) | more).encode() + b"\n") if more else told


def _counted(part: EnrolmentParts, what: str, answer: Answer) -> Answer:
    result = f"{what}ed" if answer.status < 300 else json.loads(answer.body)["reason"]
    part.metrics.enrolments.labels(what, result).inc()
    return answer


async def attest(part: EnrolmentParts, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Answer 200 with the token and the time of the next report. Raises RequestRefused for anything but a report."""
    return _counted(part, "attest", await _attest(part, incoming, _report(incoming), reference, now))


async def _attest(
    part: EnrolmentParts, incoming: Incoming, report: SelfReport, reference: str, now: datetime
) -> Answer:
    enroller = part.enroller
    signs = report.apps is not None or ASSERTION in incoming.facts.headers
    proved = await part.prove_key(incoming, now, with_body=signs)
    if proved.refused is not None:
        return refused_proof(proved, reference, now)
    # nobody can guess a key, so what counts is how often one reports, whatever comes of it, and never who is beside it
    if (wait := enroller.reports.wait(proved.key_thumbprint, now)) > timedelta():
        return too_many_tries(wait, reference)
    enroller.reports.note(proved.key_thumbprint, now)
    thumbprint, key = proved.key_thumbprint, None
    try:
        # an app has more to show than its key, so it is not noted yet
        key = None if signs else await enroller.enrolments.reporting(thumbprint, now, written_report(report))
        noted, key = key is not None, key or await enroller.enrolments.key(thumbprint)
        if key is None or key.revoked_at:
            return refusal(403, Reason.KEY_NOT_ENROLLED if key is None else Reason.KEY_REVOKED, reference)
        key = await _owned(part, key, now)
        if not noted:
            await take_report(part.live, enroller.enrolments, enroller.devices, key, report, incoming, now)
    except Refused as refused:
        changed = key is not None and refused.reason is Reason.QUESTION_CHANGED
        told = question_told(key, part.live.policy.catalog) if key is not None and changed else {}
        return refusal(409 if told else 403, refused.reason, reference, refused.detail, **told)
    except StoreUnavailableError:
        return refusal(503, Reason.STORE_UNAVAILABLE, reference)
    return json_answer(200, _token(part, key, report, now))


async def _owned(part: EnrolmentParts, key: EnrolledKey, now: datetime) -> EnrolledKey:
    """The key with its owner. Where the machine's token named nobody, that is who has logged in last by this browser. Who came by
    an earlier token was maybe not the last one, since another gate may have seen somebody since."""
    person, at = part.enroller.logins.pop(key.thumbprint, ("", now))
    if (
        not person
        or abs(now - at) > OWN_LIFETIME
        or not key.proven
        or user_text(key.owner) == user_text(person)
    ):
        return key
    nobodys = name_of(digest_of(part.live.machines.token(key.machine, "")))
    return await part.enroller.enrolments.own(key, person) if key.token == nobodys else key


def _token(part: EnrolmentParts, key: EnrolledKey, report: SelfReport, now: datetime) -> dict[str, object]:
    issuing = TokenParameters(
        part.public_url, __version__, part.enroller.new_id(), now, key.thumbprint, key.device, key.owner
    )
    claims = token_claims(report, issuing, part.live.policy.catalog.match)
    return question_told(key, part.live.policy.catalog) | {
        "device_attestation": mint.sign_token(claims, part.enroller.keys.signing_key()),
        "expires_at": int((now + OWN_LIFETIME).timestamp()),
        "report_every": int(REPORT_INTERVAL.total_seconds()),
        "server_time": int(now.timestamp()),
        "listed_extensions": list(part.live.policy.catalog.extensions),
        "company": part.live.responses.pages.appearance.name,
    }


def _report(incoming: Incoming) -> SelfReport:
    said = json_object(incoming)
    try:
        return SelfReport.model_validate(said)
    except ValidationError as error:
        # the place and what was expected, never the value that was sent
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(
            str(part) for part in first["loc"] if isinstance(part, int) or part in SelfReport.model_fields
        )
        raise RequestRefused(
            400,
            Reason.REQUEST_MALFORMED,
            f"This is no report. {place or 'an unknown member'}: {first['msg']}",
        ) from None


async def publish_keys(part: EnrolmentParts, _incoming: Incoming, _reference: str, _now: datetime) -> Answer:
    """``GET /.mailgate/jwks.json``: the public keys of the gate's own tokens (RFC 7517)."""
    return Answer(200, part.enroller.keys.jwks().encode(), "application/jwk-set+json")
