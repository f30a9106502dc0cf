"""``/.mailgate/probe`` takes the readings of the probe's page and answers with the cookie that remembers them."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qsl

import structlog
from pydantic import ValidationError

from mailgate.classify import classify
from mailgate.classify.probe_readings import ProbeFinding, ProbeReadings, examine
from mailgate.gateway.answer import Answer, json_answer
from mailgate.gateway.evaluate.browser_probe import SKIPPED, Mode
from mailgate.gateway.evaluate.facts import Incoming, from_own_page
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.pages.view import own_path
from mailgate.http.request import RequestRefused
from mailgate.model import Client, Kind, Reason, RequestFacts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProbeParts:
    """The parts that the addresses here need."""

    in_force: InForce
    metrics: Metrics
    public_url: str


async def take_readings(part: ProbeParts, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Turn the readings of the page into a finding and a cookie. Raises RequestRefused unless the gate's own page sent them."""
    facts = incoming.facts
    client = _probed_client(part, facts)
    if facts.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestRefused(415, Reason.REQUEST_NOT_SUPPORTED, "Expected application/json.")
    try:
        seen = ProbeReadings.model_validate_json(incoming.body)
    except ValidationError:
        part.metrics.probes.labels("malformed").inc()
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "These are no readings of the probe.") from None
    found = examine(seen, client.os)
    _note(part, found, client, reference)
    told = json_answer(200, {"found": found.form, "by": found.by, "reference": reference})
    return replace(
        told, headers=(("Set-Cookie", part.in_force.live.browser_probe.remember(found, facts, now)),)
    )


async def skip_probe(part: ProbeParts, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Let the person go on without being probed. Everybody may do so while the probe only observes."""
    facts = incoming.facts
    client = _probed_client(part, facts)
    if part.in_force.live.browser_probe.mode is not Mode.OBSERVE:
        raise RequestRefused(403, Reason.PROBE_REQUIRED, "The probe is required here.")
    _note(part, SKIPPED, client, reference)
    target = own_path(dict(parse_qsl(facts.query)).get("to", "/"))
    cookie = part.in_force.live.browser_probe.remember(SKIPPED, facts, now)
    return Answer(303, headers=(("Location", target if target.isascii() else "/"), ("Set-Cookie", cookie)))


def _probed_client(part: ProbeParts, facts: RequestFacts) -> Client:
    """The client as its headers claim. Raises RequestRefused if the probe is off, the page belongs to another site, or the
    client does not claim to be a computer."""
    if not part.in_force.live.browser_probe.is_on:
        raise RequestRefused(404, Reason.NOT_FOUND, "There is nothing at this address.")
    if not from_own_page(facts, part.public_url):
        raise RequestRefused(403, Reason.REQUEST_NOT_SUPPORTED, "Expected a request of the gate's own page.")
    client = classify(facts)
    if client.kind is not Kind.LAPTOP:
        raise RequestRefused(
            403, Reason.REQUEST_NOT_SUPPORTED, "Only clients that claim to be a computer are probed."
        )
    return client


def _note(part: ProbeParts, found: ProbeFinding, client: Client, reference: str) -> None:
    part.metrics.probes.labels(found.form or "skipped").inc()
    log.info(
        "probed",
        reference=reference,
        found=found.form,
        by=found.by,
        os=client.os,
        mode=part.in_force.live.browser_probe.mode,
    )
