"""Stored plans, so that people put in force exactly what they have reviewed, and drafts: small changes of a version."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.audit import Act, append, lock_audit_log, stamp
from mailgate.store.bulk_rows import upsert
from mailgate.store.database import Queries, made
from mailgate.store.policies import Activation, OvertakenError, RuleTexts
from mailgate.store.schema import activations, audit, drafts, plans

SHORTEST = 6
"""The fewest characters of a digest that may name a plan."""


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan, the rules that it is about, and the activation with which they were compared."""

    digest: str
    serial: int
    candidate: RuleTexts
    body: str
    """The content of the plan as JSON, without names (``rollout/plan.py``)."""
    author: str
    made_at: datetime
    movers: int = 0
    """The number of movers that were stored with it."""


_AS_THEY_ARE = ("digest", "serial", "body", "author", "made_at", "movers")


class Plans(Queries):
    async def keep(self, plan: StoredPlan, act: Act, unless_since: datetime | None = None) -> bool:
        """Store a plan and its audit entry. Returns False if it was stored before, or if its author has had a plan of the same
        candidate and activation since ``unless_since``, so that of processes which all plan a change one leaves a plan."""
        row = {name: getattr(plan, name) for name in _AS_THEY_ARE}
        row |= {"candidate": plan.candidate.digest, "policy": plan.candidate.policy}
        row |= {"texts": json.dumps(dict(plan.candidate.texts))}
        async with self._database.writing() as connection:
            await lock_audit_log(connection)
            same = _of(plan.candidate.digest, plan.serial, plan.author, unless_since)
            if unless_since and (await connection.execute(same.limit(1))).first():
                return False
            statement = upsert(connection, plans).values(row)
            kept = await connection.execute(statement.on_conflict_do_nothing().returning(plans.c.digest))
            is_new = kept.first() is not None  # the number of inserted rows is not told by every driver
            await append(connection, act)
            return is_new

    async def find(self, name: str) -> list[StoredPlan]:
        """The plans whose digest begins with ``name``, the newest first."""
        if len(name) < SHORTEST:
            return []
        query = select(plans).where(plans.c.digest.startswith(name, autoescape=True))
        return await self._each(query.order_by(plans.c.made_at.desc()), _planned)

    async def latest_of(
        self, candidate: str, serial: int | None = None, author: str = ""
    ) -> StoredPlan | None:
        """The newest plan to the version with this digest, from any activation or this one, by anybody or one author."""
        query = _of(candidate, serial, author).order_by(plans.c.made_at.desc())
        return await self._first(query.limit(1), _planned)

    async def latest(self, size: int) -> list[StoredPlan]:
        query = select(plans).order_by(plans.c.made_at.desc(), plans.c.digest).limit(size)
        return await self._each(query, _planned)

    async def all(self) -> AsyncIterator[StoredPlan]:
        last = ""
        query = select(plans).order_by(plans.c.digest).limit(1)
        while plan := await self._first(query.where(plans.c.digest > last), _planned):
            yield plan
            last = plan.digest

    async def decide(self, act: Act, *, after: int, once: bool) -> bool:
        """Write that somebody approves a plan, or sends it back. Returns False if it may be said ``once`` and was. Raises
        OvertakenError unless the newest activation is ``after``."""
        said = (audit.c.about == act.about, audit.c.what == act.what, audit.c.who == act.who)
        async with self._database.writing() as connection:
            act = await stamp(connection, act)
            if await connection.scalar(select(func.max(activations.c.serial))) != after:
                raise OvertakenError
            if once and (await connection.execute(select(audit.c.number).where(*said).limit(1))).first():
                return False
            await append(connection, act)
            return True


def _of(candidate: str, serial: int | None, author: str, since: datetime | None = None) -> Select[Any]:
    where = [plans.c.candidate == candidate, *([] if serial is None else [plans.c.serial == serial])]
    where += [plans.c.author == author] if author else []
    return select(plans).where(*where, *([plans.c.made_at >= since] if since else []))


def _planned(row: Mapping[Any, Any]) -> StoredPlan:
    draft = RuleTexts(row["policy"], json.loads(row["texts"]))
    return StoredPlan(candidate=draft, **{name: row[name] for name in _AS_THEY_ARE})


class DecidedMeanwhileError(Exception):
    """Somebody has decided on the plan while it was being started."""


async def unless_decided(
    connection: AsyncConnection, _activation: Activation, about: str, what: str, known: int
) -> None:
    """A step of an activation: nobody did this to its plan since the entry that was known. The audit log is locked, so who does it at the
    same time comes after the start, and is overtaken. Raises DecidedMeanwhileError."""
    last = select(func.max(audit.c.number)).where(audit.c.about == about, audit.c.what == what)
    if (await connection.scalar(last) or 0) > known:
        raise DecidedMeanwhileError


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A small change of one version."""

    digest: str
    """The digest of the version with the change."""
    base: int
    """The number of the version that it changes."""
    edit: str
    """The change, as JSON (``policy/edits.py``)."""
    title: str
    """The change in words."""
    author: str
    made_at: datetime


class Drafts(Queries):
    async def keep(self, draft: KeptDraft, act: Act) -> KeptDraft:
        """Store a draft and its audit entry. A draft that exists already stays as it is, and is returned."""
        async with self._database.writing() as connection:
            same = select(drafts).where(drafts.c.digest == draft.digest)
            if row := (await connection.execute(same)).mappings().first():
                return KeptDraft(**row)
            statement = upsert(connection, drafts).values(asdict(draft))
            await connection.execute(statement.on_conflict_do_nothing())
            await append(connection, act)
            return draft

    async def find(self, name: str) -> list[KeptDraft]:
        """The drafts whose digest begins with ``name``, the newest first."""
        if len(name) < SHORTEST:
            return []
        query = select(drafts).where(drafts.c.digest.startswith(name, autoescape=True))
        return await self._each(query.order_by(drafts.c.made_at.desc()), made(KeptDraft))

    async def latest(self, size: int) -> list[KeptDraft]:
        query = select(drafts).order_by(drafts.c.made_at.desc(), drafts.c.digest).limit(size)
        return await self._each(query, made(KeptDraft))
