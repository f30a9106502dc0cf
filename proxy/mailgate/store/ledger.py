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
        self._running: list[Recurring] = []
        """Those that were counted since the last write."""

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

    def count_first(self, recurring: "Recurring", user_agent: str, now: datetime) -> "Counter | None":
        """Record a request in full, so that the next of this user agent is one addition up to the next write.

        None where nothing is kept of it: in a flood of strangers only those that wait already are.
        """
        if (
            self._strangers >= MOST_STRANGERS
            and _is_stranger(recurring.access)
            and user_agent[:LONGEST] not in self._agents
        ):
            self.passed_over += 1
            return None
        sighting = self._record(sent_by(recurring.access, user_agent, now), recurring.decision)
        if sighting is None:
            return None
        if not recurring.counters:
            self._running.append(recurring)
        return Counter(sighting, now)

    def _gather(self) -> None:
        running, self._running = self._running, []
        for recurring in running:
            for counter in recurring.counters.values():
                if counter.times:
                    self._items[counter.sighting] = self._items[counter.sighting].plus(counter.tally())
            recurring.counters.clear()

    def _begun(self) -> None:
        self._strangers = 0
        self._agents.clear()

    def _record(
        self, access: Access, decision: Decision, reference: str = "", shown: bool | None = None
    ) -> Sighting | None:
        """What waits to be written of it; None where it is not kept."""
        try:
            if self._strangers >= MOST_STRANGERS and self._is_another(access):
                self.passed_over += 1
                return None
            sighting = sighting_of(client_facts(access.facts, access.client), access, decision)
            told = int(decision.effect is not Effect.ALLOW if shown is None else shown)
            before = self._items.get(sighting)
            if before is not None:
                self._items[sighting] = before.once_more(access.now, reference, told)
                self._filled.set()
            elif (_is_stranger(access) and self._strangers >= MOST_STRANGERS) or not self._newcomers.admits(
                sighting, access
            ):
                self.passed_over += 1
                return None
            elif not self.put(sighting, Tally(1, access.now, access.now, reference, told)):
                return None
            elif _is_stranger(access):
                self._strangers += 1
                self._agents.add(access.facts.user_agent[:LONGEST])
            return sighting
        except Exception as error:  # noqa: BLE001 - a request is never refused for its bookkeeping
            self.counts.dropped += 1
            _log.error("sighting-lost", error=type(error).__name__)
            return None

    def _is_another(self, access: Access) -> bool:
        """Whether it is a stranger who does not wait to be written, as their user agent alone tells."""
        return _is_stranger(access) and access.facts.user_agent[:LONGEST] not in self._agents

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

    __slots__ = ("_since", "last", "sighting", "times")

    def __init__(self, sighting: Sighting, now: datetime) -> None:
        self.sighting = sighting
        self.times = 0
        self._since = self.last = now

    def tally(self) -> Tally:
        """What to put to the record."""
        return Tally(self.times, self._since, self.last)


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
        if counter is not None and now >= counter.last:
            counter.times += 1
            counter.last = now
        elif (first := self._ledger.count_first(self, user_agent, now)) is not None and counter is None:
            self.counters[user_agent] = first


def _is_stranger(access: Access) -> bool:
    """Whether nothing tells who asks, nor with which device."""
    return not access.posture.device_id and not access.user.name


def sent_by(access: Access, user_agent: str, now: datetime) -> Access:
    """The same access at another moment, of a client that sends this user agent and nothing else that is another."""
    if user_agent == access.facts.user_agent:
        return replace(access, now=now)
    facts = replace(access.facts, headers={**access.facts.headers, "user-agent": user_agent})
    return replace(access, facts=facts, client=classify(facts), now=now)


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
