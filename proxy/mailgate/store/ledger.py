"""The ledger records every decision at once and writes it soon. No request waits for it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.classify import classify
from mailgate.model import Access, Decision, Effect
from mailgate.store.client_facts import LONGEST_NAME, MAX_TEXT_CHARACTERS, client_facts, facts_to_hold
from mailgate.store.database import Database
from mailgate.store.laptop_readers import LaptopReaders
from mailgate.store.plan_movers import note_first
from mailgate.store.sightings import ClientFacts, Proofs, Sighting, Tally, add_tallies
from mailgate.store.spool import Spool
from mailgate.store.stranger_limit import StrangerLimit
from mailgate.store.write_queue import WriteQueue

_log = structlog.get_logger(__name__)

REPEATED_INTERVAL = 5.0
"""The seconds after which repeated allowed requests are written. They are most of the records, and nobody waits for them."""
MOST_STRANGERS = 500
"""The most sightings of strangers (unknown people on unknown devices) that one write takes. More are a flood of made-up
clients, each as dear as a decision. ``stranger_limit.py`` limits the number per hour."""
MOST_REPEATED_STRANGERS = int(MOST_STRANGERS * REPEATED_INTERVAL)
"""The same limit for repeated allowed requests, which are written less often."""
Repeat = Callable[[str, str, str, datetime, str], None]
"""Takes the same request again: from this user agent, of this person (empty if nobody is named) with this ``Accept-Language``, at this
time of the same day, with the id that its answer showed, if any. A refused one is always of one person. Never waits or raises."""
MAX_DRAFTS = 4096
"""How many sightings are remembered that differ from later ones by the person and the time alone."""
_AT_ONCE = 50
"""How many repeated requests are recorded before other tasks get their turn, so that requests do not wait long."""


class Ledger(WriteQueue[Sighting, Tally]):
    """Counts sightings in memory and writes them in batches. ``counts`` has the numbers of written and lost sightings."""

    noun = "sightings"
    interval = 1.0

    def __init__(self, database: Database, spool: Spool, limit: int = 30_000) -> None:
        super().__init__(database, spool, limit)
        self.strangers_not_recorded = 0
        """How many decisions on strangers were not recorded because too many different strangers came at once or within an hour."""
        self._strangers = 0
        self._agents: set[str] = set()
        """The user agents of the strangers that wait to be written."""
        self._stranger_limit = StrangerLimit()
        self._readers = LaptopReaders()
        self._repeated: dict[tuple[Recurring, str, str], Repeated] = {}
        """The repeated allowed requests since the last write, by decision, user agent and person."""
        self._drafts: dict[tuple[Recurring, str], tuple[Access, Sighting]] = {}
        """What was written lately of repeated requests, by decision and user agent."""
        self._repeated_strangers = 0

    def record(
        self, access: Access, decision: Decision, reference: str = "", shown: bool | None = None
    ) -> None:
        """Count one decision. Never waits and never raises; what cannot be kept is counted as dropped. ``reference`` is the id
        that the answer showed. ``shown``: whether the person saw the decision, by default unless it allows. Each write keeps at
        most ``MOST_STRANGERS`` different strangers, and each hour a limited number."""
        try:
            if self._floods(access, access.facts.user_agent, access.now):
                self.strangers_not_recorded += 1
                return
            sighting = sighting_of(client_facts(access), access, decision)
            told = int(decision.effect is not Effect.ALLOW if shown is None else shown)
            self._count(sighting, access, Tally(1, access.now, access.now, reference, told))
        except Exception as error:  # noqa: BLE001 - an error of the ledger never refuses a request
            self._lost(error)

    def _count(self, sighting: Sighting, access: Access, tally: Tally) -> None:
        room = not _is_stranger(access) or self._strangers < MOST_STRANGERS
        if self._keep(sighting, access, tally, room=room) and _is_stranger(access):
            self._strangers += 1
            self._agents.add(access.facts.user_agent[:MAX_TEXT_CHARACTERS])

    def recurring(self, access: Access, decision: Decision) -> Repeat:
        """What counts the same request, like ``record``, at other times of the same UTC day: a refused one at once. An allowed one may come
        from other user agents and of other people: each time costs one addition and is recorded some seconds later."""
        count = self._repeat if decision.effect is Effect.ALLOW else self._refuse_again
        return partial(count, Recurring(access, decision))

    def _refuse_again(
        self,
        recurring: "Recurring",
        user_agent: str,
        _person: str,
        _wanted: str,
        now: datetime,
        reference: str,
    ) -> None:
        try:
            if self._floods(recurring.access, user_agent, now):
                self.strangers_not_recorded += 1
                return
            self._count(recurring.sighting(), recurring.access, Tally(1, now, now, reference, 1))
        except Exception as error:  # noqa: BLE001 - an error of the ledger never refuses a request
            self._lost(error)

    def _repeat(
        self,
        recurring: "Recurring",
        user_agent: str,
        person: str,
        _wanted: str,
        now: datetime,
        _reference: str = "",
    ) -> None:
        """Count an allowed request that repeats an earlier one. It is recorded before anything reads the ledger."""
        key = recurring, user_agent, person
        repeated = self._repeated.get(key)
        if repeated is not None:
            repeated.times += 1
            if now >= repeated.last:
                repeated.last = now
            elif now < repeated.first:  # the clock was put back
                repeated.first = now
            return
        if recurring.stranger:
            if self._repeated_strangers >= MOST_REPEATED_STRANGERS:
                self.strangers_not_recorded += 1
                return
            self._repeated_strangers += 1
        # repeated requests may fill half of the queue; the other half is for the other decisions
        if len(self._repeated) >= self._limit // 2:
            self._record_oldest()
        self._repeated[key] = Repeated(now, self._clock() + REPEATED_INTERVAL)
        self._filled.set()

    def _beside(self) -> int:
        return len(self._repeated)

    def _gather(self) -> None:
        while self._repeated:
            self._record_oldest()

    async def _gather_due(self) -> None:
        now, recorded = self._clock(), 0
        while self._repeated and next(iter(self._repeated.values())).due <= now:
            self._record_oldest()
            recorded += 1
            if recorded % _AT_ONCE == 0:
                await asyncio.sleep(0)

    def _record_oldest(self) -> None:
        recurring, user_agent, person = key = next(iter(self._repeated))
        repeated = self._repeated.pop(key)
        self._repeated_strangers -= recurring.stranger
        try:
            if self._stranger_limit.is_exhausted(recurring.access, user_agent, repeated.first):
                self.strangers_not_recorded += repeated.times
                return
            access, sighting = self._repeated_by(recurring, user_agent, person, repeated.first)
            self._keep(sighting, access, Tally(repeated.times, repeated.first, repeated.last), room=True)
        except Exception as error:  # noqa: BLE001 - only this sighting is lost
            self._lost(error)

    def _repeated_by(
        self, recurring: "Recurring", user_agent: str, person: str, now: datetime
    ) -> tuple[Access, Sighting]:
        """The access and the sighting of a repeated request: all of one ``recurring`` are of one day, and those of one user agent differ
        by the person alone."""
        draft = self._drafts.get((recurring, user_agent))
        if draft is not None:
            access, sighting = draft
            access = _of_person(replace(access, now=now), person)
            return access, sighting._replace(user=person[:LONGEST_NAME])
        access = _of_person(sent_by(recurring.access, user_agent, now), person)
        sighting = sighting_of(client_facts(access), access, recurring.decision)
        if len(self._drafts) >= MAX_DRAFTS:
            self._drafts.clear()
        self._drafts[recurring, user_agent] = access, sighting
        return access, sighting

    def _begun(self) -> None:
        self._strangers = 0
        self._agents.clear()

    def _keep(self, sighting: Sighting, access: Access, tally: Tally, *, room: bool) -> bool:
        """Add a sighting to those that wait. Returns whether it is new; a new one needs ``room``."""
        before = self._items.get(sighting)
        if before is not None:
            self._items[sighting] = before.plus(tally)
            self._filled.set()
            return False
        if access.now is not tally.first:
            access = replace(access, now=tally.first)
        if room and self._stranger_limit.admits(sighting, access):
            return self.put(sighting, tally)
        self.strangers_not_recorded += tally.times
        return False

    def _floods(self, access: Access, user_agent: str, now: datetime) -> bool:
        """Whether this is a stranger beyond the limits, told quickly, by its user agent, so that nothing of it is stored."""
        if not _is_stranger(access):
            return False
        full = self._strangers >= MOST_STRANGERS and user_agent[:MAX_TEXT_CHARACTERS] not in self._agents
        return full or self._stranger_limit.is_exhausted(access, user_agent, now)

    def _lost(self, error: Exception) -> None:
        self.counts.dropped += 1
        _log.error("sighting-lost", error=type(error).__name__)

    def _merge(self, old: Tally, new: Tally) -> Tally:
        return old.plus(new)

    async def _write(self, connection: AsyncConnection, items: Mapping[Sighting, Tally]) -> None:
        await add_tallies(connection, items)
        await note_first(connection, items)
        await self._readers.note(connection, items)

    def _accepted(self) -> None:
        super()._accepted()
        self._readers.stored()

    def _to_line(self, key: Sighting, item: Tally) -> str:
        return json.dumps([key, item], default=str)

    def _from_line(self, line: str) -> tuple[Sighting, Tally]:
        (day, client, *answer, would, policy), (count, first, last, reference, shown) = json.loads(line)
        *facts, headers, told = client
        named = tuple((name, value) for name, value in headers)
        proofs = told and Proofs._make(tuple(each) if isinstance(each, list) else each for each in told)
        known = ClientFacts._make([*facts, named, proofs])
        sighting = Sighting._make([date.fromisoformat(day), known, *answer, tuple(would), policy])
        begun, ended = datetime.fromisoformat(first), datetime.fromisoformat(last)
        return sighting, Tally(count, begun, ended, reference, shown)


class Repeated:
    """How often one user agent came, and the first and last time."""

    __slots__ = ("due", "first", "last", "times")

    def __init__(self, now: datetime, due: float) -> None:
        self.times = 1
        self.due = due
        self.first = self.last = now


class Recurring:
    """A request that is repeated, as far as its record needs it."""

    __slots__ = ("_sighting", "access", "decision", "stranger")

    def __init__(self, access: Access, decision: Decision) -> None:
        self.access = replace(access, facts=facts_to_hold(access.facts, access.client))
        self.decision = replace(decision, trials=())  # these would hold the whole request
        self.stranger = _is_stranger(access)
        self._sighting: Sighting | None = None

    def sighting(self) -> Sighting:
        """The sighting of each repetition on the same day by the same user agent."""
        if self._sighting is None:
            self._sighting = sighting_of(client_facts(self.access), self.access, self.decision)
        return self._sighting


def _is_stranger(access: Access) -> bool:
    return not access.posture.device_id and not access.user.name


def _of_person(access: Access, person: str) -> Access:
    """The same access by this person, who is named or not as before."""
    return access if person == access.user.name else replace(access, user=replace(access.user, name=person))


def sent_by(access: Access, user_agent: str, now: datetime) -> Access:
    """The same access at another moment, from a client that differs only in its user agent."""
    if user_agent == access.facts.user_agent:
        return replace(access, now=now)
    facts = replace(access.facts, headers={**access.facts.headers, "user-agent": user_agent})
    return replace(access, facts=facts, client=classify(facts), now=now)


def sighting_of(client: ClientFacts, access: Access, decision: Decision) -> Sighting:
    """The sighting that is counted for one decision about this client."""
    return Sighting(
        day=(access.now if access.now.tzinfo is UTC else access.now.astimezone(UTC)).date(),
        client=client,
        device=access.posture.device_id,
        posture=access.posture.state,
        user=access.user.name[:LONGEST_NAME],
        rule=decision.rule,
        effect=decision.effect,
        reason=decision.reason,
        would=tuple(f"{trial.rule}:{trial.effect}" for trial in decision.would),
        policy=decision.policy_version,
    )
