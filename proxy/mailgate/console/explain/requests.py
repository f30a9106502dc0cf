"""Requests to decide again: recorded ones, from a sighting and its device, and described ones, in JSON, YAML or as copied headers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailgate.config import Bundle
from mailgate.config.document import DocumentError, read_document
from mailgate.config.mistakes import validated
from mailgate.devices.device import Device
from mailgate.devices.names import references
from mailgate.devices.posture import belongs_to, posture_of
from mailgate.errors import ConfigError, Mistake
from mailgate.model import LOGIN_PROTOCOLS, Access, Decision, Posture, RequestFacts
from mailgate.model.phrase import phrase
from mailgate.policy import AppCatalog
from mailgate.policy.cases import RecordedRequest, Request, Situation
from mailgate.policy.decide import decide
from mailgate.rollout import replay
from mailgate.store import Recorded, Sighting, Store


@dataclass(frozen=True, slots=True)
class RedecidedRequest:
    """The decision at the time of the request, and the decision on the same client now."""

    then: Recorded
    access: Access
    decision: Decision


async def redecide(store: Store, bundle: Bundle, name: str, now: datetime) -> RedecidedRequest | None:
    """The sighting with this id or reference, decided again by the rules of ``bundle`` with what is known now; None if it is not found."""
    for each in references(name):
        if (then := await store.sightings.find(each)) is not None:
            return await redecide_sighting(store, bundle, then, now)
    return None


async def redecide_sighting(store: Store, bundle: Bundle, then: Recorded, now: datetime) -> RedecidedRequest:
    """A sighting, decided again by the rules of ``bundle`` with what is known now."""
    seen = then.sighting
    known = await _devices(store, seen, bundle, now)
    alone, lists = (
        _goes_by_person(seen, bundle),
        replay.PostureInputs(bundle.policy.catalog, bundle.posture_terms),
    )
    postures = lists.postures(known, now, alone=alone)
    access = replay.access_again(seen.client, seen.user, postures, bundle.groups, now)
    return RedecidedRequest(then, access, decide(access, bundle.policy))


async def decide_last_request(
    store: Store, bundle: Bundle, device: Device, seen: Sequence[Recorded], now: datetime
) -> tuple[Access, Decision]:
    """The current decision for a request like the device's last one. A device that never asked is assumed to ask with its proof."""
    if seen:
        again = await redecide_sighting(store, bundle, seen[0], now)
        return again.access, again.decision
    access = replay.asking(device, posture_now(device, bundle, now), bundle.groups, now)
    return access, decide(access, bundle.policy)


SIGHTINGS = 50
"""How many decisions about a device are read, to tell since when its status holds among others."""


async def sightings_of(store: Store, device: Device, size: int = SIGHTINGS) -> list[Recorded]:
    """The last decisions about a device under all its ids, the newest first."""
    ids = [device.id, *sorted(device.former_ids)]
    seen = [row for each in ids for row in await store.sightings.latest(device=each, size=size)]
    return sorted(seen, key=lambda row: row.tally.last, reverse=True)[:size]


def decide_without_proof(
    device: Device, bundle: Bundle, facts: RequestFacts, now: datetime
) -> tuple[Access, Decision]:
    """The decision on a request from this device without its proof."""
    posture = posture_now(device, bundle, now)
    client = replay.client_of(facts, posture)
    user = bundle.groups.user(bundle.settings.logins.person(facts.user or ""), posture.owner)
    access = Access(facts, client, posture, now, user)
    return access, decide(access, bundle.policy)


def posture_now(device: Device, bundle: Bundle, now: datetime) -> Posture:
    """The posture of this device by these settings."""
    return posture_of(device, bundle.policy.catalog, bundle.posture_terms, now)


async def _devices(store: Store, seen: Sighting, bundle: Bundle, now: datetime) -> list[Device]:
    """The device that asked. If it is unknown, the devices of the person."""
    if seen.client.protocol not in LOGIN_PROTOCOLS and not _goes_by_person(seen, bundle):
        return await store.devices.called(seen.device) if seen.device else []
    owned = await store.devices.owned(seen.user)
    order = bundle.settings.posture.precedence
    return [each for each in owned if belongs_to(each, seen.user, now, order)]


def _goes_by_person(seen: Sighting, bundle: Bundle) -> bool:
    return not seen.device and replay.goes_by_person(seen.client, bundle.posture_terms)


_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*")
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+)( HTTP/[0-9.]+)?")


def read_request(data: bytes, name: str, catalog: AppCatalog) -> Situation:
    """Read a request, with what is known of its device, from JSON or YAML.

    :param name: the name of the source in mistakes.
    :raises ConfigError: with every mistake in it.
    """
    try:
        document = read_document(data, name, nulls=True)
    except DocumentError as error:
        raise ConfigError([error.mistake]) from error
    context = {"catalog": catalog}
    if isinstance(document.value, dict) and "request" in document.value:
        situation, mistakes = validated(Situation, document, context)
    else:
        recorded, mistakes = validated(RecordedRequest, document, context)
        situation = recorded.situation() if recorded else None
    if situation is None or document.mistakes:
        raise ConfigError([*document.mistakes, *mistakes])
    return situation


def read_headers(text: str, name: str) -> Request:
    """Read a request from the lines of its head, as a browser's developer tools copy them. The first may be a request
    line.

    A single line without a name and a colon is the user agent.

    :raises ConfigError: with every line that cannot be read.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise ConfigError([Mistake(name, 1, 1, phrase("nothing is there; paste headers, one a line"))])
    method, target = "GET", "/"
    if first := _REQUEST_LINE.fullmatch(lines[0][1].strip()):
        method, target = first[1], first[2]
        lines = lines[1:]
    fields = [(number, line, _FIELD.fullmatch(line.strip())) for number, line in lines]
    if len(fields) == 1 and fields[0][2] is None and not first:
        return Request(user_agent=fields[0][1].strip())
    wrong = [number for number, _, field in fields if field is None]
    if wrong:
        raise ConfigError(
            [
                Mistake(name, number, 1, phrase("not a header; write a name, a colon and a value"))
                for number in wrong
            ]
        )
    headers: dict[str, str] = {}
    for _, _, field in fields:
        assert field is not None
        folded = field[1].lower()
        headers[folded] = f"{headers[folded]}, {field[2]}" if folded in headers else field[2]
    return Request(method=method, target=target, headers=headers)
