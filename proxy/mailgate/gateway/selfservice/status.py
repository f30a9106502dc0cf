"""``/.mailgate/status``: the verdict on the client that asks and on the devices that it may see, for programs.

Who asks is recognised and judged each time, so a proof that was revoked, a rule, a relief and every finding count as for mail. What
else the status is made of is looked up in memory each time too, or else in the store (``store/postures.py``, ``store/person_records.py``).
Only if all of it is what it was, and no moment has come at which time alone changes a verdict in it, the words of before are told.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from cachetools import LRUCache

from mailgate.devices.device import Device
from mailgate.gateway.answer import Answer
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.pages.devices import in_known_words
from mailgate.gateway.pages.proofs import clock_off, shown_refusal
from mailgate.gateway.selfservice.own_devices import (
    AskingRequest,
    OwnDevice,
    are_theirs,
    devices_in_memory,
    devices_to_show,
    judged,
    tail_of,
    verdict_here,
)
from mailgate.http.cookies import PROVED_COOKIE, cookies_named, set_cookie
from mailgate.model import Access, Assurance, Decision
from mailgate.model.times import known
from mailgate.policy.decision_key import DecisionKey
from mailgate.store import Postures, RetentionTimes, StoreUnavailableError, UnreportedPhone
from mailgate.store.person_records import UnreportedPhones


def status_of(
    access: Access, decision: Decision, owned: Sequence[OwnDevice], keep: RetentionTimes
) -> dict[str, object]:
    """The part of the body that changes only if something has changed."""
    client = access.client
    return {
        "verdict": verdict_of(decision),
        "client": {
            "kind": client.kind,
            "handheld": client.handheld,
            "assurance": client.assurance,
            "probed": client.probed,
            "os": client.os,
            "browser": client.browser,
            "findings": [finding.reason for finding in client.findings],
            "proof": _proof_of(access),
        },
        "checked_at": _instant(access.posture.reported_at),
        "checked_from": _instant(access.posture.looked_from),
        "devices": [device_of(each, keep) for each in owned],
    }


def _proof_of(access: Access) -> dict[str, object] | None:
    """Why the proof of this request was refused, as far as it is shown; None if none came or it was accepted."""
    refused, off = shown_refusal(access), clock_off(access)
    if refused is None:
        return None
    return {"refused": refused, "clock_off_seconds": None if off is None else int(off.total_seconds())}


def verdict_of(decision: Decision) -> dict[str, object]:
    return {
        "effect": decision.effect,
        "reason": decision.reason,
        "rule": "" if decision.claimed else decision.rule,
        "title": decision.title,
        "apps": list(decision.apps),
        "fix": decision.fix,
        "update": update._asdict() if (update := in_known_words(decision.update)) else None,
        "contact": decision.contact,
        "deadline": _instant(decision.deadline),
    }


def device_of(own: OwnDevice, keep: RetentionTimes) -> dict[str, object]:
    posture, device, sighted = own.posture, own.device, own.sighted
    since, until = stored_from_to(own, keep)
    return {
        "id": own.mark,
        "tail": tail_of(own),
        "here": own.here,
        "state": posture.state,
        "lost": device is not None and device.lost_at is not None,
        "kind": posture.kind,
        "os": posture.os,
        "os_version": posture.os_version,
        "managed": posture.managed,
        "enrolment": posture.enrolment,
        "compliance": posture.compliance,
        "compliance_at": _instant(posture.compliance_at),
        "apps": list(posture.apps),
        "lists": list(posture.lists),
        "source": posture.source,
        "reported_at": _instant(posture.reported_at),
        "expires_at": _instant(posture.expires_at),
        "checked_at": _instant(posture.reported_at),
        "checked_from": _instant(posture.looked_from),
        "verdict": verdict_of(own.decision),
        "sources": [
            {
                "name": each.source,
                "checked_at": _instant(looked := each.looked(own.access.now)),
                "checked_from": _instant(looked and looked - each.lag),
                "complete": each.saw_device,
                "enrolment": each.enrolment,
            }
            for each in (device.reports if device else ())
        ],
        "findings": [each.reason for each in (device.findings if device else ())],
        "requests": sighted.times if sighted else None,
        "stored_since": _instant(since),
        "deleted_at": _instant(until),
    }


def stored_from_to(own: OwnDevice, keep: RetentionTimes) -> tuple[datetime | None, datetime | None]:
    """Since when a device is stored, and when it is deleted if it does not report again."""
    if own.device is not None:
        return known(own.device.first_seen), keep.end_of(own.device)
    if own.sighted is not None:
        return own.sighted.first_at, own.sighted.last_at + keep.sightings
    return None, None


class StatusWords(NamedTuple):
    """A status in words: all that changes only if something has changed."""

    etag: str
    """Its entity tag. It is weak, since reference and time differ each time (RFC 9110, section 8.8.1)."""
    text: str
    """Its JSON object without the end."""


def words_of(content: dict[str, object]) -> StatusWords:
    text = json.dumps(content, ensure_ascii=False)
    return StatusWords(f'W/"{sha256(text.encode()).hexdigest()[:24]}"', text.removesuffix("}"))


def status_answer(status: StatusWords, reference: str, now: datetime, if_none_match: str = "") -> Answer:
    """The status, or 304 if the client has it already."""
    headers = (("ETag", status.etag),)
    if status.etag in [each.strip() for each in if_none_match.split(",")]:
        return Answer(304, headers=headers)
    this_time = json.dumps({"reference": reference, "server_time": now.isoformat()})
    body = f"{status.text}, {this_time.removeprefix('{')}\n".encode()
    return Answer(200, body, "application/json", headers)


_PROVED_LASTS = timedelta(days=30)


def with_proved_cookie(answer: Answer, access: Access) -> Answer:
    """The answer, with a note for the pages to come that this browser has proved itself, or the end of that note once its proof
    is refused."""
    noted, proof = bool(cookies_named(access.facts, PROVED_COOKIE)), access.attestation
    proved = access.client.assurance is Assurance.ATTESTED
    if noted is proved or (noted and (proof is None or proof.refused is None)):
        return answer
    lasts = _PROVED_LASTS if proved else timedelta()
    cookie = set_cookie(PROVED_COOKIE, "1", access.facts, lasts=lasts)
    return replace(answer, headers=(*answer.headers, ("Set-Cookie", cookie)))


def _instant(moment: datetime | None) -> Any:
    return moment and moment.isoformat()


MAX_STATUSES = 16_384
"""How many statuses are remembered: of ten thousand browsers that ask all the time, and of pages that are open."""


class _Objects(NamedTuple):
    """What is compared by identity, since it is replaced when it changes: two devices may be equal and still be kept for different
    times."""

    live: Live
    terms: object
    catalog: object
    devices: Sequence[Device]

    def are(self, others: "_Objects") -> bool:
        mine, theirs = ((*each[:3], *each.devices) for each in (self, others))
        return len(mine) == len(theirs) and all(one is other for one, other in zip(mine, theirs, strict=True))


@dataclass(frozen=True, slots=True)
class _Kept:
    """A status with what it was made of, and the time in which nothing but that changes it."""

    objects: _Objects
    values: tuple[object, ...]
    since: datetime
    until: datetime
    status: StatusWords


class Statuses:
    def __init__(self, in_force: InForce, known: Postures, phones: UnreportedPhones) -> None:
        self.phones = phones
        self._in_force, self._known = in_force, known
        self._kept: LRUCache[tuple[str, ...], _Kept] = LRUCache(MAX_STATUSES)
        self._by: tuple[Live, DecisionKey] | None = None

    async def of(self, asking: AskingRequest) -> StatusWords:
        """The status of who asks. If the store has to be asked and does not answer, it has no devices but the one that has just proved
        itself."""
        now, name = asking.access.now, asking.person.name
        try:
            devices = await devices_in_memory(asking, self._known)
            phones = await self.phones.of(name, devices, now) if name else []
        except StoreUnavailableError:
            return self._told(asking, ())
        objects = _Objects(self._in_force.live, self._known.terms, self._known.catalog, devices)
        values = self._values(asking, devices, phones)
        who = name, asking.proven, asking.access.facts.user_agent
        kept = self._kept.get(who)
        if (
            kept is not None
            and kept.since <= now < kept.until
            and kept.objects.are(objects)
            and kept.values == values
        ):
            return kept.status
        owned = judged(asking, are_theirs(asking, devices, self._known), phones, self._known)
        status, until = self._told(asking, owned), self._until(asking, devices, owned)
        if until > now:
            self._kept[who] = _Kept(objects, values, now, until, status)
        return status

    def _told(self, asking: AskingRequest, owned: tuple[OwnDevice, ...]) -> StatusWords:
        here, shown = verdict_here(asking, owned), devices_to_show(asking, owned)
        return words_of(status_of(*here, shown, self._in_force.live.keep))

    def _values(
        self, asking: AskingRequest, devices: Sequence[Device], phones: Sequence[UnreportedPhone]
    ) -> tuple[object, ...]:
        access = asking.access
        return (
            access.client,
            access.posture,
            asking.decision,
            shown_refusal(access),
            clock_off(access),
            access.facts.scheme,
            access.facts.host,
            *[self._known.worth(device, access.now) for device in devices],
            *phones,
        )

    def _until(
        self, asking: AskingRequest, devices: Sequence[Device], owned: Sequence[OwnDevice]
    ) -> datetime:
        """The first moment at which time alone changes a verdict in it; now, if it may at any moment."""
        access, live = asking.access, self._in_force.live
        ahead = any(
            report.reported_at and report.reported_at > access.now
            for device in devices
            for report in device.reports
        )
        here = next((own for own in owned if own.here), None)
        # the verdict on who asks is found out each time, but for this request alone
        alike = here is None or (here.posture, here.decision) == (access.posture, asking.decision)
        replaced = asking.policy is not live.policy or asking.groups is not live.groups
        if ahead or replaced or access.claims or not alike:
            return access.now
        key = self._decision_key()
        ends = [key.until(own.access, own.decision) for own in owned if not own.here]
        return min(ends, default=_NEVER)

    def _decision_key(self) -> DecisionKey:
        live = self._in_force.live
        if self._by is None or self._by[0] is not live:
            self._by = live, DecisionKey(live.policy)
        return self._by[1]


_NEVER = datetime.max.replace(tzinfo=UTC)
