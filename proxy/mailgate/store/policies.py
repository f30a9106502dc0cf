"""The versions of the rules: all versions that ever existed, and the one that is in force."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import with_config
from sqlalchemy import Select, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.model.fact import DESCRIBED
from mailgate.policy.changes import digest_of_texts
from mailgate.store.audit import Act, append, stamp
from mailgate.store.database import Queries, made
from mailgate.store.errors import StoreError
from mailgate.store.hash_chain import read_details
from mailgate.store.schema import activations, audit, policies, retractions

ACTIVATED = "policy-activated"
"""The beginning of ``what`` in the audit entries for versions that were put in force."""
RETRACTED = "policy-rolled-back"
"""The ``what`` of the audit entry for a version that was put in force again to roll another one back."""
_SHORTEST = 4
"""The fewest characters of a digest that may name a version."""


@dataclass(frozen=True)
class RuleTexts:
    """The texts of a set of rules. ``policy`` is its name in decisions and sightings."""

    policy: str
    texts: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """The digest, always computed from the texts."""
        return digest_of_texts(self.texts)


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class Version:
    """A version of the rules with its files."""

    number: int
    """Its number, counted from 1."""
    digest: str
    """The SHA-256 of its files."""
    policy: str
    """The version of its policy, as decisions name it."""
    texts: Mapping[str, str]
    """The texts of its files, by name."""
    author: str
    """The person who made it; `file` if a gate did from its files."""
    note: str
    """The reason that was given."""
    made_at: datetime
    """When it was made."""

    @property
    def altered(self) -> bool:
        """Whether the texts have changed since the version was made."""
        return digest_of_texts(self.texts) != self.digest


@dataclass(frozen=True, slots=True)
class Activation:
    """A version that was put in force. ``serial`` counts from 1, and the highest is in force now."""

    serial: int
    number: int
    digest: str
    policy: str
    author: str
    note: str
    at: datetime
    already: bool = field(default=True, compare=False)
    """Whether it was in force before it was asked for."""


AfterActivation = Callable[[AsyncConnection, Activation], Awaitable[None]]
"""A further step of an activation, which runs in its transaction."""


class OvertakenError(Exception):
    """Another version was put in force in between."""


class AlteredError(StoreError):
    """The texts of a version were changed in the store after it was made."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"the texts of version {number} were changed in the database: they are not started",
            by_command="; see `mailgate audit verify`",
        )


_ACTIVATIONS = select(activations, policies.c.digest, policies.c.policy).join(policies)
_NEWEST = _ACTIVATIONS.order_by(activations.c.serial.desc())


class Policies(Queries):
    async def serial(self) -> int:
        """The serial of the newest activation; 0 if there is none. The query is cheap, since gates send it all the time."""
        return await self._value(select(func.max(activations.c.serial))) or 0

    async def active(self) -> Activation | None:
        """The activation in force; None in a new store."""
        return await self._first(_NEWEST.limit(1), made(Activation))

    async def history(self, size: int = 1000) -> list[Activation]:
        return await self._each(_NEWEST.limit(size), made(Activation))

    async def get(self, number: int) -> Version | None:
        found = await self._versions(select(policies).where(policies.c.number == number))
        return found[0] if found else None

    async def sound(self, number: int) -> Version | None:
        """The version with this number; None if there is none, or it is not what was put in force: it was changed in the store."""
        version = await self.get(number)
        if version is None or version.altered or version.digest != await self.logged(number):
            return None
        return version

    async def all(self) -> AsyncIterator[Version]:
        """Every version, one after the other, since their texts may be long."""
        number = 0
        query = select(policies).order_by(policies.c.number).limit(1)
        while found := await self._versions(query.where(policies.c.number > number)):
            yield found[0]
            number = found[0].number

    async def taken_back(self, digest: str) -> int:
        """The number of the version with this digest if it was rolled back after it was last in force; otherwise 0. The audit
        log says so, which nobody changes unnoticed."""
        number = await self.number_of(digest)
        begins = or_(*(audit.c.what.startswith(what, autoescape=True) for what in (ACTIVATED, RETRACTED)))
        last = select(func.max(audit.c.number)).where(audit.c.about == f"version {number}", begins)
        since = audit.c.number > func.coalesce(last.scalar_subquery(), 0)
        entries = await self._values(select(audit.c.details).where(audit.c.what == RETRACTED, since))
        ended = [read_details(each).get("rolled_back", {}).get("versions", ()) for each in entries]
        return number if any(number in versions for versions in ended) else 0

    async def taken_back_serials(self) -> set[int]:
        """The serials of all activations that were ever rolled back."""
        rows = await self._values(select(retractions.c.serials))
        return {serial for row in rows for serial in json.loads(row)}

    async def retracting(self) -> set[int]:
        """The serials of the activations that took versions back."""
        return set(await self._values(select(retractions.c.serial)))

    async def logged(self, number: int) -> str:
        """The digest that the audit log has for the last time this version was put in force; empty if it never was."""
        query = select(audit.c.details).where(
            audit.c.about == f"version {number}", audit.c.details.contains('"digest": ')
        )
        details = await self._value(query.order_by(audit.c.number.desc()).limit(1))
        return str(read_details(details).get("digest", "")) if details else ""

    async def find(self, name: str) -> list[Version]:
        """The versions that ``name`` may mean: a number, or the beginning of a digest or of a policy's name."""
        if name.isdecimal() and (version := await self.get(int(name[:9]))):
            return [version]
        if len(name) < _SHORTEST:
            return []
        begin = (each.startswith(name, autoescape=True) for each in (policies.c.digest, policies.c.policy))
        return await self._versions(select(policies).where(or_(*begin)).order_by(policies.c.number.desc()))

    async def number_of(self, digest: str) -> int:
        """The number of the version with this digest; 0 if it was never in force."""
        return await self._value(select(policies.c.number).where(policies.c.digest == digest)) or 0

    async def activate(
        self, draft: RuleTexts, act: Act, *, after: int | None = None, then: Sequence[AfterActivation] = ()
    ) -> Activation:
        """Put a version in force, unless it is already, and store it if it is new. ``act`` is written and ``then`` is run in
        the same transaction. Raises OvertakenError if the newest activation is not ``after``."""
        async with self._database.writing() as connection:
            act = await stamp(connection, act)
            active = await active_activation(connection)
            if active and active.digest == draft.digest:
                return active
            if after is not None and after != (active.serial if active else 0):
                raise OvertakenError
            number = await _keep(connection, draft, act)
            serial = active.serial + 1 if active else 1
            new = Activation(
                serial, number, draft.digest, draft.policy, act.who, act.why, act.at, already=False
            )
            row = {column.name: getattr(new, column.name) for column in activations.c}
            await connection.execute(insert(activations).values(row))
            named = {"digest": draft.digest, "policy": draft.policy, "before": active and active.number}
            told = replace(act, about=f"version {number}", details={**act.details, **named})
            await append(connection, told)
            for each in then:
                await each(connection, new)
            return new

    async def _versions(self, query: Select[Any]) -> list[Version]:
        return await self._each(query, lambda row: Version(**{**row, "texts": json.loads(row["texts"])}))


async def active_activation(connection: AsyncConnection) -> Activation | None:
    """The activation in force, as this transaction sees it."""
    row = (await connection.execute(_NEWEST.limit(1))).mappings().first()
    return Activation(**row) if row else None


async def _keep(connection: AsyncConnection, draft: RuleTexts, act: Act) -> int:
    same = select(policies.c.number, policies.c.texts).where(policies.c.digest == draft.digest)
    known = (await connection.execute(same)).first()
    if known is not None:
        if json.loads(known.texts) != dict(draft.texts):
            raise AlteredError(known.number)
        return int(known.number)
    number = (await connection.scalar(select(func.max(policies.c.number))) or 0) + 1
    row = {"number": number, "digest": draft.digest, "policy": draft.policy}
    row |= {"texts": json.dumps(dict(draft.texts)), "author": act.who, "note": act.why, "made_at": act.at}
    await connection.execute(insert(policies).values(row))
    return number
