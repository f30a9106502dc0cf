"""The ledger: every decision is recorded at once and written soon, and no request waits for it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.classify import classify
from mailgate.model import Access, Decision, Effect
from mailgate.store.database import Database
from mailgate.store.newcomers import Newcomers
from mailgate.store.outbox import Outbox
from mailgate.store.recorded import LONGEST, Recorder
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
        self._recorder = Recorder()
        self._newcomers = Newcomers()
        self._running: list[Recurring] = []
        self._others: dict[tuple[Recurring, str], Sighting] = {}
        """What was recorded of those that are like one that recurs, since the last write."""

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
        """What counts the same allowed request again, at other times of the same UTC day."""
        return Recurring(self, access, decision)

    def count_on(self, recurring: "Recurring", now: datetime) -> None:
        """Record it in full, so that from here to the next write it is counted by one addition."""
        sighting = self._record(replace(recurring.access, now=now), recurring.decision)
        if sighting is not None and not recurring.running:
            recurring.start(sighting, now)
            self._running.append(recurring)

    def count_alike(self, recurring: "Recurring", user_agent: str, now: datetime) -> None:
        """Record a request that differs from this one in nothing but the user agent.

        In a flood of them only those cost more than an addition that are kept.
        """
        waiting = self._others.get((recurring, user_agent))
        before = None if waiting is None else self._items.get(waiting)
        if waiting is not None and before is not None:
            self._items[waiting] = before.once_more(now, "", 0)
        elif self._strangers >= MOST_STRANGERS:
            self.passed_over += 1
        else:
            sighting = self._record(sent_by(recurring.access, user_agent, now), recurring.decision)
            if sighting is not None:
                self._others[recurring, user_agent] = sighting

    def _gather(self) -> None:
        self._others.clear()
        running, self._running = self._running, []
        for recurring in running:
            sighting, more = recurring.stop()
            if more.times:
                self._items[sighting] = self._items[sighting].plus(more)

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
            sighting = sighting_of(self._recorder.client_facts(access.facts, access.client), access, decision)
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


class Recurring:
    """An allowed request that comes again and again: most of the time one more is one addition.

    Between two writes it is recorded in full once, so that what is kept, passed over and dropped is what it would be
    without this; what is added up from then on is put to that record before anything reads it (``Ledger._gather``).
    """

    __slots__ = ("_last", "_ledger", "_sighting", "_since", "_times", "access", "decision", "running")

    def __init__(self, ledger: Ledger, access: Access, decision: Decision) -> None:
        self._ledger = ledger
        self._sighting: Sighting
        self._since = self._last = access.now
        self._times = 0
        self.access = access
        self.decision = decision
        self.running = False
        """Whether a record of it waits to be written."""

    def count(self, now: datetime) -> None:
        """The same as ``Ledger.record`` at this moment. Never waits and never raises."""
        if self.running and now >= self._last:
            self._times += 1
            self._last = now
        else:
            self._ledger.count_on(self, now)

    def count_as(self, user_agent: str, now: datetime) -> None:
        """The same for a request that is like it in everything but the user agent."""
        self._ledger.count_alike(self, user_agent, now)

    def start(self, sighting: Sighting, now: datetime) -> None:
        self.running, self._sighting, self._times, self._since, self._last = True, sighting, 0, now, now

    def stop(self) -> tuple[Sighting, Tally]:
        """What to put to which record."""
        self.running = False
        return self._sighting, Tally(self._times, self._since, self._last)


def _is_stranger(access: Access) -> bool:
    """Whether nothing tells who asks, nor with which device."""
    return not access.posture.device_id and not access.user.name


def sent_by(access: Access, user_agent: str, now: datetime) -> Access:
    """The same access at another moment, of a client that sends another user agent and nothing else."""
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
