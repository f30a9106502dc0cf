"""The ledger: every decision is recorded at once and written soon, and no request waits for it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.classify import classify
from mailgate.model import Access, Decision, Effect
from mailgate.store.database import Database
from mailgate.store.newcomers import Newcomers
from mailgate.store.outbox import Outbox
from mailgate.store.recorded import LONGEST, client_facts
from mailgate.store.sightings import ClientFacts, Sighting, Tally, count_up
from mailgate.store.spool import Spool

_log = structlog.get_logger(__name__)
_LONGEST_NAME = 256

MOST_COUNTERS = 20_000
MOST_STRANGERS = 500
"""Sightings of nobody's unknown devices that one write takes. More at once is a flood of made-up clients: each would
cost as much as a decision and stay as a row of its own. How many an hour: ``newcomers.py``."""


class Ledger(Outbox[Sighting, Tally]):
    """Counts sightings in memory and writes them in batches. ``counts`` says what became of them."""

    noun = "sightings"
    interval = 1.0

    def __init__(self, database: Database, spool: Spool, limit: int = 10_000) -> None:
        super().__init__(database, spool, limit)
        self.passed_over = 0
        """Decisions on strangers that were not recorded, because too many different ones came at once or within an hour."""
        self._strangers = 0
        self._agents: set[str] = set()
        """User agents of the strangers that wait to be written."""
        self._newcomers = Newcomers()
        self._running: list[Counter] = []
        """Those that were recorded in full since the last write."""
        self._recurring: set[Recurring] = set()
        self._counters = 0

    def record(
        self, access: Access, decision: Decision, reference: str = "", *, shown: bool | None = None
    ) -> None:
        """Count one decision. Never waits and never raises; what cannot be kept is counted as dropped.

        ``reference`` is the id under which the answer was given out, if one was. ``shown``: whether somebody is told, as
        of everything but an allowed request if it is left out. Where nothing tells who asks or with
        which device, only the first ``MOST_STRANGERS`` different ones of each write are kept, and so many an hour.
        """
        self._record(access, decision, reference, shown)

    def recurring(self, access: Access, decision: Decision) -> "Recurring":
        """What counts the same allowed request again, at other times of the same UTC day and of other user agents."""
        return Recurring(self, access, decision)

    def count_on(self, recurring: "Recurring", user_agent: str, now: datetime) -> None:
        """Record a request that is like this one, so that the next of its user agent is one addition up to the next write."""
        try:
            counter = recurring.counters.get(user_agent)
            if counter is None and self._floods(recurring.access, user_agent, now):
                self.passed_over += 1
                return
            access = sent_by(recurring.access, user_agent, now, known=counter is not None)
            if counter is None:
                counter = recurring.counters[user_agent] = self._counter(recurring, access)
            kept = self._keep(counter.sighting, access, "", 0)
            if not counter.running:  # unless the clock was put back
                counter.start(now, kept=kept)
                self._running.append(counter)
        except Exception as error:  # noqa: BLE001 - a request is never refused for its bookkeeping
            self._lost(error)

    def _counter(self, recurring: "Recurring", access: Access) -> "Counter":
        if self._counters >= MOST_COUNTERS:
            self._gather()
            for each in self._recurring:
                each.counters.clear()
            self._recurring.clear()
            self._counters = 0
        self._counters += 1
        self._recurring.add(recurring)
        return Counter(sighting_of(client_facts(access.facts, access.client), access, recurring.decision))

    def _gather(self) -> None:
        running, self._running = self._running, []
        for counter in running:
            more = counter.stop()
            if more.times and counter.kept:
                self._items[counter.sighting] = self._items[counter.sighting].plus(more)
            elif more.times:
                self.passed_over += more.times

    def _begun(self) -> None:
        self._strangers = 0
        self._agents.clear()

    def _record(
        self, access: Access, decision: Decision, reference: str = "", shown: bool | None = None
    ) -> None:
        try:
            if self._floods(access, access.facts.user_agent, access.now):
                self.passed_over += 1
                return
            sighting = sighting_of(client_facts(access.facts, access.client), access, decision)
            told = int(decision.effect is not Effect.ALLOW if shown is None else shown)
            self._keep(sighting, access, reference, told)
        except Exception as error:  # noqa: BLE001 - a request is never refused for its bookkeeping
            self._lost(error)

    def _keep(self, sighting: Sighting, access: Access, reference: str, told: int) -> bool:
        """Whether it waits to be written, with this request in it."""
        before, stranger = self._items.get(sighting), _is_stranger(access)
        if before is not None:
            self._items[sighting] = before.once_more(access.now, reference, told)
            self._filled.set()
            return True
        if (stranger and self._strangers >= MOST_STRANGERS) or not self._newcomers.admits(sighting, access):
            self.passed_over += 1
            return False
        if not self.put(sighting, Tally(1, access.now, access.now, reference, told)):
            return False
        if stranger:
            self._strangers += 1
            self._agents.add(access.facts.user_agent[:LONGEST])
        return True

    def _floods(self, access: Access, user_agent: str, now: datetime) -> bool:
        """Whether this is a stranger of whom nothing is kept any more, as their user agent alone tells."""
        if not _is_stranger(access):
            return False
        full = self._strangers >= MOST_STRANGERS and user_agent[:LONGEST] not in self._agents
        return full or self._newcomers.shuts_out(access, user_agent, now)

    def _lost(self, error: Exception) -> None:
        self.counts.dropped += 1
        _log.error("sighting-lost", error=type(error).__name__)

    def _merge(self, old: Tally, new: Tally) -> Tally:
        return old.plus(new)

    async def _write(self, connection: AsyncConnection, items: Mapping[Sighting, Tally]) -> None:
        await count_up(connection, items)

    def _to_line(self, key: Sighting, item: Tally) -> str:
        return json.dumps([key, item], default=str)

    def _from_line(self, line: str) -> tuple[Sighting, Tally]:
        (day, client, *answer, would, policy), (count, first, last, reference, *shown) = json.loads(line)
        *facts, headers = client
        known = ClientFacts._make([*facts, tuple((name, value) for name, value in headers)])
        sighting = Sighting._make([date.fromisoformat(day), known, *answer, tuple(would), policy])
        begun, ended = datetime.fromisoformat(first), datetime.fromisoformat(last)
        if not shown:  # a spool that an earlier version has left
            shown = [count if sighting.effect != Effect.ALLOW else 0]
        return sighting, Tally(count, begun, ended, reference, *shown)


class Counts(Protocol):
    """Records the same allowed request again, at another time of the same day, of this user agent. Never waits and never raises."""

    def count(self, user_agent: str, now: datetime) -> None: ...


class Counter:
    """How often one user agent came again since it was recorded in full."""

    __slots__ = ("_since", "_times", "kept", "last", "running", "sighting")

    def __init__(self, sighting: Sighting) -> None:
        self.sighting = sighting
        self.running = self.kept = False
        """Whether it was recorded since the last write, and whether that record waits or was passed over."""
        self._times = 0
        self._since = self.last = _NEVER

    def start(self, now: datetime, *, kept: bool) -> None:
        self.running, self.kept, self._times, self._since, self.last = True, kept, 0, now, now

    def add(self, now: datetime) -> None:
        self._times += 1
        self.last = now

    def stop(self) -> Tally:
        """What to put to the record."""
        self.running = False
        return Tally(self._times, self._since, self.last)


_NEVER = datetime.max.replace(tzinfo=UTC)


class Recurring:
    """An allowed request that comes again and again: most of the time one more is one addition.

    Between two writes each of its user agents is recorded in full once, so that what is kept, passed over and dropped is
    what it would be without this; what is added up from then on is put to that record before anything reads it
    (``Ledger._gather``).
    """

    __slots__ = ("_ledger", "access", "counters", "decision")

    def __init__(self, ledger: Ledger, access: Access, decision: Decision) -> None:
        self._ledger = ledger
        self.access = access
        self.decision = decision
        self.counters: dict[str, Counter] = {}

    def count(self, user_agent: str, now: datetime) -> None:
        """The same as ``Ledger.record`` at this moment. Never waits and never raises."""
        counter = self.counters.get(user_agent)
        if counter is not None and counter.running and now >= counter.last:
            counter.add(now)
        else:
            self._ledger.count_on(self, user_agent, now)


def _is_stranger(access: Access) -> bool:
    """Whether nothing tells who asks, nor with which device."""
    return not access.posture.device_id and not access.user.name


def sent_by(access: Access, user_agent: str, now: datetime, *, known: bool) -> Access:
    """The same access at another moment, of a client that sends this user agent and nothing else that is another.

    ``known``: what such a client is recorded as is known, and need not be worked out.
    """
    if user_agent == access.facts.user_agent:
        return replace(access, now=now)
    facts = replace(access.facts, headers={**access.facts.headers, "user-agent": user_agent})
    return replace(access, facts=facts, client=access.client if known else classify(facts), now=now)


def sighting_of(client: ClientFacts, access: Access, decision: Decision) -> Sighting:
    """What is counted of one decision about this client."""
    return Sighting(
        day=(access.now if access.now.tzinfo is UTC else access.now.astimezone(UTC)).date(),
        client=client,
        device=access.posture.device_id,
        posture=access.posture.state,
        user=access.user.name[:_LONGEST_NAME],
        rule=decision.rule,
        effect=decision.effect,
        reason=decision.reason,
        would=tuple(f"{trial.rule}:{trial.effect}" for trial in decision.would),
        policy=decision.policy_version,
    )
