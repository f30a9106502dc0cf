"""Versions of the rules: every one that ever was, and which one is in force."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.audit import Act, append, take_turns
from mailgate.store.bell import ring
from mailgate.store.database import Database
from mailgate.store.schema import activations, policies

_SHORTEST = 4
"""Characters of a digest that may name a version."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The texts of some rules. ``digest`` is that of the texts, ``policy`` what decisions and sightings call it."""

    digest: str
    policy: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """Rules as they are kept. ``number`` counts from 1."""

    number: int
    digest: str
    policy: str
    texts: Mapping[str, str]
    author: str
    note: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Activation:
    """A version that was put in force. ``serial`` counts from 1; the highest is the one that is."""

    serial: int
    number: int
    digest: str
    policy: str
    author: str
    note: str
    at: datetime


Then = Callable[[AsyncConnection, Activation], Awaitable[None]]
"""What belongs to an activation, done in its transaction."""


class OvertakenError(Exception):
    """Another version was put in force meanwhile."""


_ACTIVATIONS = select(activations, policies.c.digest, policies.c.policy).join(policies)
_NEWEST = _ACTIVATIONS.order_by(activations.c.serial.desc())


class Policies:
    """Queries on versions. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def serial(self) -> int:
        """Of the newest activation; 0 where there is none. Cheap: gates ask all the time."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(func.max(activations.c.serial)))).scalar() or 0

    async def active(self) -> Activation | None:
        """The version in force; None in a new store."""
        async with self._database.reading() as connection:
            return await active_activation(connection)

    async def history(self, size: int = 1000) -> list[Activation]:
        """What was put in force, the newest first."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(_NEWEST.limit(size))).mappings()
            return [Activation(**row) for row in rows]

    async def get(self, number: int) -> Version | None:
        """The version with this number."""
        found = await self._versions(select(policies).where(policies.c.number == number))
        return found[0] if found else None

    async def find(self, name: str) -> list[Version]:
        """The versions that ``name`` may mean: a number, or how a digest or a policy's version begins."""
        if name.isdecimal() and (version := await self.get(int(name[:9]))):
            return [version]
        if len(name) < _SHORTEST:
            return []
        begins = or_(
            policies.c.digest.startswith(name, autoescape=True),
            policies.c.policy.startswith(name, autoescape=True),
        )
        return await self._versions(select(policies).where(begins).order_by(policies.c.number.desc()))

    async def known(self, digest: str) -> bool:
        """Whether the version with this digest was ever in force."""
        return bool(await self._versions(select(policies).where(policies.c.digest == digest)))

    async def activate(
        self, draft: Draft, act: Act, *, after: int | None = None, then: Then | None = None
    ) -> Activation:
        """Put a version in force, keeping it first where it is new; what is in force already stays as it is.

        ``act`` goes into the audit log with it, and ``then`` is done, in one transaction. Raises OvertakenError where
        the newest activation is another than ``after``.
        """
        async with self._database.writing() as connection:
            await take_turns(connection)
            active = await active_activation(connection)
            if active and active.digest == draft.digest:
                return active
            if after is not None and after != (active.serial if active else 0):
                raise OvertakenError
            number = await _keep(connection, draft, act)
            serial = active.serial + 1 if active else 1
            new = Activation(serial, number, draft.digest, draft.policy, act.who, act.why, act.at)
            row = {column.name: getattr(new, column.name) for column in activations.c}
            await connection.execute(insert(activations).values(row))
            named = {
                "digest": draft.digest,
                "policy": draft.policy,
                "before": active.number if active else None,
            }
            told = replace(act, about=f"version {number}", details={**act.details, **named})
            await append(connection, told)
            if then is not None:
                await then(connection, new)
            await ring(connection)
            return new

    async def _versions(self, query: Select[Any]) -> list[Version]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings()
            return [Version(**{**row, "texts": json.loads(row["texts"])}) for row in rows]


async def active_activation(connection: AsyncConnection) -> Activation | None:
    """The version in force, as this transaction sees it."""
    row = (await connection.execute(_NEWEST.limit(1))).mappings().first()
    return Activation(**row) if row else None


async def _keep(connection: AsyncConnection, draft: Draft, act: Act) -> int:
    """The number of the version with these texts, which is new or was there."""
    same = select(policies.c.number).where(policies.c.digest == draft.digest)
    known = (await connection.execute(same)).scalar()
    if known is not None:
        return int(known)
    number = ((await connection.execute(select(func.max(policies.c.number)))).scalar() or 0) + 1
    row = {
        "number": number,
        "digest": draft.digest,
        "policy": draft.policy,
        "texts": json.dumps(dict(draft.texts)),
    }
    await connection.execute(
        insert(policies).values(row | {"author": act.who, "note": act.why, "made_at": act.at})
    )
    return number
