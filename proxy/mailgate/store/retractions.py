"""Retractions: versions that were rolled back. Each is open until everybody whom its versions reached has been found."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import and_, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.model import Effect
from mailgate.model.notice import MailKind
from mailgate.model.times import LONG_AGO
from mailgate.store.database import Queries
from mailgate.store.mail import MailState, state_of
from mailgate.store.policies import Activation, AfterActivation
from mailgate.store.schema import activations, clients, first_refusals, mails, retractions, sightings
from mailgate.store.sightings import ClientFacts, SeenClient, facts_of


class ReachedPart(NamedTuple):
    """People whom versions reached in one way, and how many of them got a correction, or will."""

    people: int
    corrected: int


class ReachedBy(NamedTuple):
    refused: ReachedPart
    written: ReachedPart
    """Those who were written to, and not refused."""
    states: Mapping[MailState, int]
    """The corrections by their state."""


@dataclass(frozen=True, slots=True)
class Retraction:
    """The versions that one activation rolled back."""

    serial: int
    """The activation that put an earlier version in force again."""
    at: datetime
    versions: tuple[int, ...]
    """The numbers of the versions, the newest first."""
    policies: Mapping[str, datetime | None]
    """The names of the versions in sightings, each with the time from which its decisions count, or None for all."""
    looked_at: datetime | None = None
    serials: tuple[int, ...] = ()
    """The activations that were rolled back."""
    done: bool = False
    """Whether everybody was found, so that nobody else will be corrected."""


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """A warning or a refusal that one rule showed to a person."""

    way: SeenClient
    rule: str
    effect: str
    reason: str


def taken_back(history: Sequence[Activation], number: int, gone: Collection[int] = ()) -> Retraction:
    """The retraction that takes place if the version with this number comes in force again. ``history`` has the newest
    activation first.

    It rolls back every version that was put in force since this version last was, except those that were rolled back
    before; ``gone`` has their serials. If such a version was in force earlier too, or has the name of one that was since
    groups have no part in it, only its decisions since then count.
    """
    target = next(each for each in history if each.number == number)
    later = [each for each in history if each.serial > target.serial and each.serial not in gone]
    serials = {each.serial for each in later}
    earlier = {each.policy for each in history if each.serial not in serials}
    since = {each.policy: each.at for each in later}  # the oldest comes last and replaces the others
    policies = {policy: at if policy in earlier else None for policy, at in since.items()}
    versions = tuple(dict.fromkeys(each.number for each in later if each.number != number))
    return Retraction(0, history[0].at, versions, policies, serials=tuple(sorted(serials)))


def audit_details(retraction: Retraction) -> dict[str, Any]:
    policies = {name: at and at.isoformat() for name, at in retraction.policies.items()}
    return {"versions": [*retraction.versions], "serials": [*retraction.serials], "policies": policies}


def act_of(
    history: Sequence[Activation], number: int, gone: Collection[int]
) -> tuple[dict[str, Any], AfterActivation]:
    """What the act that puts this version in force again says in the log, and the step that keeps what is ``taken_back``."""
    found = taken_back(history, number, gone)
    return {"from": history[0].number, "rolled_back": audit_details(found)}, partial(keep, retraction=found)


async def keep(connection: AsyncConnection, activation: Activation, retraction: Retraction) -> None:
    """Store what an activation rolls back, in its transaction."""
    told = {name: json.dumps(each) for name, each in audit_details(retraction).items()}
    row = {"serial": activation.serial, **told, "looked_at": None, "done": False}
    await connection.execute(insert(retractions).values(row))


async def last_rolled_back(connection: AsyncConnection) -> dict[int, int]:
    """The serial of the activation that last took each version back, by its number."""
    rows = (await connection.execute(select(retractions.c.serial, retractions.c.versions))).all()
    return {number: serial for serial, versions in sorted(rows) for number in json.loads(versions)}


class Retractions(Queries):
    async def open(self) -> list[Retraction]:
        """The retractions for which people may still be found, in order."""
        query = select(retractions, activations.c.at).join(activations).where(~retractions.c.done)
        return await self._each(query.order_by(retractions.c.serial), _retraction)

    async def all(self) -> dict[int, Retraction]:
        """Every retraction, by the serial of its activation."""
        return {each.serial: each for each in await self.latest(2**31 - 1)}

    async def latest(self, size: int) -> list[Retraction]:
        query = select(retractions, activations.c.at).join(activations)
        return await self._each(query.order_by(retractions.c.serial.desc()).limit(size), _retraction)

    async def last_of(self, version: int) -> int:
        """The serial of the activation that last took this version back, or 0."""
        async with self._database.reading() as connection:
            return (await last_rolled_back(connection)).get(version, 0)

    async def one(self, serial: int) -> Retraction | None:
        query = select(retractions, activations.c.at).join(activations).where(retractions.c.serial == serial)
        return await self._first(query, _retraction)

    async def reached(self, found: Retraction) -> ReachedBy:
        """Whom the versions had refused or written to, each person once, and the corrections to them by state."""
        ours = [mails.c.kind == MailKind.CORRECTION, mails.c.round == found.serial]
        first = first_refusals.c
        by_policy = (
            and_(first.policy == policy, first.hour >= (since or LONG_AGO) - timedelta(hours=1))
            for policy, since in found.policies.items()
        )
        refused = select(first.person).where(or_(false(), *by_policy), first.person != "")
        kinds = (MailKind.UPCOMING, MailKind.WARNED, MailKind.ENFORCED)
        written = select(mails.c.login).where(
            mails.c.version.in_(found.versions), mails.c.kind.in_(kinds), mails.c.login.not_in(refused)
        )
        counted: list[ReachedPart] = []
        for some in (refused.distinct().subquery(), written.distinct().subquery()):
            [name] = some.c
            corrected = select(mails.c.id).where(*ours, mails.c.login == name).exists()
            query = select(func.count(), func.count().filter(corrected)).select_from(some)
            [row] = await self._rows(query, timeout_seconds=10)
            counted.append(ReachedPart(*row))
        states = await self._rows(select(mails.c.state, func.count()).where(*ours).group_by(mails.c.state))
        by_state = Counter[MailState]()
        for state, count in states:
            by_state[state_of(state)] += count
        return ReachedBy(counted[0], counted[1], by_state)

    async def note_search(self, serial: int, now: datetime, *, done: bool) -> None:
        """Note that everybody known by ``now`` was looked for. ``done`` says that nobody else will come."""
        changed = update(retractions).where(retractions.c.serial == serial)
        await self._change(changed.values(looked_at=now, done=done))

    async def shown(
        self, policy: str, since: datetime | None, until: datetime | None = None
    ) -> list[ShownAnswer]:
        """The refusals and warnings whose pages the rules of a policy showed in this time, each once."""
        named = (sightings.c.device, sightings.c.user, sightings.c.client)
        said = (sightings.c.rule, sightings.c.effect, sightings.c.reason)
        where = [sightings.c.policy == policy, sightings.c.effect != Effect.ALLOW, sightings.c.shown > 0]
        if since is not None:
            where.append(sightings.c.last_at >= since)
        if until is not None:
            where.append(sightings.c.first_at < until)
        told = select(*named, *said).where(*where).distinct().subquery()
        facts = (clients.c[name] for name in ClientFacts._fields)
        query = select(*told.c, *facts).join(clients, clients.c.id == told.c.client)
        rows = await self._rows(query, timeout_seconds=300)
        return [_shown(row) for row in rows]


def _shown(row: Sequence[Any]) -> ShownAnswer:
    device, user, client, rule, effect, reason, *facts = row
    return ShownAnswer(SeenClient(device, user, client, facts_of(facts)), rule, effect, reason)


def _retraction(row: Mapping[Any, Any]) -> Retraction:
    policies = json.loads(row["policies"])
    since = {name: datetime.fromisoformat(at) if at else None for name, at in policies.items()}
    versions, serials = (tuple(json.loads(row[name])) for name in ("versions", "serials"))
    return Retraction(row["serial"], row["at"], versions, since, row["looked_at"], serials, done=row["done"])
