"""``POST /.mailgate/attest``: an enrolled device reports, and gets a token of the gate's own for ten minutes."""

import json
from datetime import datetime, timedelta

import structlog
from pydantic import ValidationError

from mailgate import __version__
from mailgate.attest import mint
from mailgate.attest.passport import OWN_LIFETIME
from mailgate.attest.report import EnrolledDevice, SelfReport, TokenParameters, token_claims
from mailgate.gateway.answer import Answer, json_answer
from mailgate.gateway.enrolment.enroll import (
    REPORT_INTERVAL,
    EnrolmentParts,
    json_object,
    refusal,
    refused_proof,
    too_many_tries,
)
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.http.request import RequestRefused
from mailgate.model import Reason
from mailgate.model.addresses import rate_limit_key
from mailgate.store import EnrolledKey, StoreUnavailableError

log = structlog.get_logger()


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
    proved = await part.prove_key(incoming, now)
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
        if key is None or key.revoked_at or not await enroller.enrolments.reported(key.thumbprint, now):
            enroller.failed.note(caller, now)
            reason = Reason.KEY_NOT_ENROLLED if key is None else Reason.KEY_REVOKED
            return refusal(403, reason, reference)
    except StoreUnavailableError:
        return refusal(503, Reason.STORE_UNAVAILABLE, reference)
    enroller.known[proved.key_thumbprint] = True
    return json_answer(200, _token(part, key, report, now))


def _token(part: EnrolmentParts, key: EnrolledKey, report: SelfReport, now: datetime) -> dict[str, object]:
    enrolled = EnrolledDevice(key.device, key.owner, key.thumbprint)
    issuing = TokenParameters(part.public_url, __version__, part.enroller.new_id(), now)
    claims = token_claims(report, enrolled, issuing, part.live.policy.catalog.match)
    return {
        "device_attestation": mint.sign_token(claims, part.enroller.keys.signing_key()),
        "expires_at": int((now + OWN_LIFETIME).timestamp()),
        "report_every": int(REPORT_INTERVAL.total_seconds()),
        "server_time": int(now.timestamp()),
        "listed_extensions": list(part.live.policy.catalog.extensions),
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
