"""``POST /.mailgate/enroll``: a device shows an enrolment token and proves a key of its own. From then on it is known. Hardware
evidence that comes with it becomes a report of its own."""

import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil

import structlog
from cachetools import LRUCache
from pydantic import ValidationError

from mailgate import __version__
from mailgate.attest import NonceOrigin, Nonces, mint
from mailgate.attest.errors import EvidenceRefusedError
from mailgate.attest.evidence import read_evidence, verify_evidence
from mailgate.attest.hardware import ExpectedApp, ExpectedEvidence, Roots
from mailgate.attest.jose import MalformedJwsError, parse_object
from mailgate.attest.passport import OWN_LIFETIME
from mailgate.attest.report import EnrolledDevice, SelfReport, TokenParameters, token_claims
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.gateway.answer import Answer, json_answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.proving import ASKS_FOR_NONCE, NONCE_CHALLENGE, Prover
from mailgate.gateway.keys.keyring import OwnKeys, Revocations
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.rate_limit import RateLimit
from mailgate.gateway.refusals.wording import problem
from mailgate.gateway.reporter import ASSERTION, question_told, take_report
from mailgate.http.request import RequestRefused
from mailgate.model import AttestationResult, HardwareResult, Reason
from mailgate.model.addresses import rate_limit_key
from mailgate.store import EnrolledKey, NotEnrolled, StoreUnavailableError
from mailgate.store.devices import Devices
from mailgate.store.enrolments import Enrolments, digest_of


@dataclass(slots=True)
class Enroller:
    """The enrolment state of one gate."""

    enrolments: Enrolments
    keys: OwnKeys
    revocations: Revocations
    new_id: Callable[[], str]
    """Makes a new name for every token. Nobody can guess it."""
    failed: RateLimit
    """Counts refused tries, by caller (``gateway/rate_limit.py``) and by the token that was tried."""
    reports: RateLimit
    """Counts reports, by key."""
    devices: Devices
    """Stores the reports from hardware evidence."""
    known: MutableMapping[str, bool] = field(default_factory=lambda: LRUCache(50_000))
    """Keys that have reported here."""

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
    except EvidenceRefusedError as refusal:
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
_REFUSED = {
    NotEnrolled.UNKNOWN: (403, Reason.ENROLMENT_UNKNOWN),
    NotEnrolled.EXPIRED: (403, Reason.ENROLMENT_EXPIRED),
    NotEnrolled.USED_UP: (403, Reason.ENROLMENT_USED_UP),
    NotEnrolled.REVOKED: (403, Reason.KEY_REVOKED),
}


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
    """Answer 201 with the device's name and the time of its first report, or 200 if its key was enrolled before.

    Raises RequestRefused for anything but an enrolment.
    """
    token, evidence, reports = _token_and_evidence(incoming)
    digest = digest_of(token)
    tries = (rate_limit_key(incoming.facts.remote), digest)
    for who in tries:
        if (wait := part.enroller.failed.wait(who, now)) > timedelta():
            return _count_refusal(part, "enroll", too_many_tries(wait, reference))
    proved = await part.prove_key(incoming, now)
    if proved.refused is not None:
        return _count_refusal(part, "enroll", refused_proof(proved, reference, now))
    key, vouched = proved.key_thumbprint, None
    if evidence is not None:
        asked = part.live.reporters.apps if reports else None
        vouched = hardware_result(evidence, part.live.hardware, part.prover.nonces, key, now, asked)
        if vouched.refused is not None:
            part.enroller.failed.note(tries[0], now)
            return _count_refusal(part, "enroll", refusal(403, vouched.refused, reference, vouched.detail))
    try:
        app = vouched.app if vouched else None
        enrolled = await part.enroller.enrolments.enrol(digest, key, f"enrolled-{key[:16]}", now, app)
        if vouched is not None and isinstance(enrolled, EnrolledKey):
            await part.enroller.devices.ingest([report_of_hardware(vouched, key)], now)
    except StoreUnavailableError:
        return _count_refusal(part, "enroll", refusal(503, Reason.STORE_UNAVAILABLE, reference))
    if isinstance(enrolled, NotEnrolled):
        for who in tries:
            part.enroller.failed.note(who, now)
        return _count_refusal(part, "enroll", refusal(*_REFUSED[enrolled], reference))
    part.metrics.enrolments.labels("enroll", "enrolled").inc()
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


def _token_and_evidence(incoming: Incoming) -> tuple[str, object, bool]:
    """The token or the pairing code, from Bearer credentials (RFC 6750) or from ``token`` in a JSON object, the hardware
    evidence if that object has some, and whether a reporter enrols."""
    scheme, _, value = incoming.facts.headers.get("authorization", "").partition(" ")
    bearer = scheme.lower() == "bearer"
    said = json_object(incoming) if incoming.body or not bearer else {}
    evidence, reports = said.pop("evidence", None), said.pop("reporter", False)
    if not bearer:
        token = said.pop("token", None)
        value = token if isinstance(token, str) else ""
    if said or not 0 < len(value.strip()) <= _MAX_TOKEN:
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, 'Expected {"token": "…"} or Bearer credentials.')
    if not isinstance(reports, bool) or (reports and evidence is None):
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "Expected the evidence of a reporter.")
    return value, evidence, reports


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
    """A problem document."""
    told = problem(status, reason, reference, detail=detail)
    return replace(told, body=json.dumps(json.loads(told.body) | more).encode() + b"\n") if more else told


def _count_refusal(part: EnrolmentParts, what: str, answer: Answer) -> Answer:
    """Count a refusal."""
    part.metrics.enrolments.labels(what, json.loads(answer.body)["reason"]).inc()
    return answer


async def attest(part: EnrolmentParts, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Answer 200 with the token and the time of the next report. Raises RequestRefused for anything but a report."""
    report = _report(incoming)
    answer = await _attest(part, incoming, report, reference, now)
    result = "attested" if answer.status == 200 else json.loads(answer.body)["reason"]
    part.metrics.enrolments.labels("attest", result).inc()
    return answer


async def _attest(
    part: EnrolmentParts, incoming: Incoming, report: SelfReport, reference: str, now: datetime
) -> Answer:
    enroller, caller = part.enroller, rate_limit_key(incoming.facts.remote)
    signs = report.apps is not None or ASSERTION in incoming.facts.headers
    proved = await part.prove_key(incoming, now, with_body=signs)
    if proved.refused is not None:
        return refused_proof(proved, reference, now)
    # strangers must not lock out devices that report from the same network
    stranger = proved.key_thumbprint not in enroller.known
    for wait in (
        enroller.failed.wait(caller, now) if stranger else timedelta(),
        enroller.reports.wait(proved.key_thumbprint, now),
    ):
        if wait > timedelta():
            return too_many_tries(wait, reference)
    enroller.reports.note(proved.key_thumbprint, now)
    try:
        key = await enroller.enrolments.key(proved.key_thumbprint)
        if key is None or key.revoked_at:
            enroller.failed.note(caller, now)
            reason = Reason.KEY_NOT_ENROLLED if key is None else Reason.KEY_REVOKED
            return refusal(403, reason, reference)
        await take_report(part.live, enroller.enrolments, enroller.devices, key, report, incoming, now)
    except EvidenceRefusedError as refused:
        told = {}
        if key is not None and refused.reason is Reason.QUESTION_CHANGED:
            told = question_told(key, part.live.policy.catalog)
        else:
            enroller.failed.note(caller, now)
        return refusal(409 if told else 403, refused.reason, reference, refused.detail, **told)
    except StoreUnavailableError:
        return refusal(503, Reason.STORE_UNAVAILABLE, reference)
    enroller.known[proved.key_thumbprint] = True
    return json_answer(200, _token(part, key, report, now))


def _token(part: EnrolmentParts, key: EnrolledKey, report: SelfReport, now: datetime) -> dict[str, object]:
    enrolled = EnrolledDevice(key.device, key.owner, key.thumbprint)
    issuing = TokenParameters(part.public_url, __version__, part.enroller.new_id(), now)
    claims = token_claims(report, enrolled, issuing, part.live.policy.catalog.match)
    return question_told(key, part.live.policy.catalog) | {
        "device_attestation": mint.sign_token(claims, part.enroller.keys.signing_key()),
        "expires_at": int((now + OWN_LIFETIME).timestamp()),
        "report_every": int(REPORT_INTERVAL.total_seconds()),
        "server_time": int(now.timestamp()),
        "listed_extensions": list(part.live.policy.catalog.extensions),
        "company": part.live.responses.pages.company,
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
