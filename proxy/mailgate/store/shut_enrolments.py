"""Shutting out: revoking keys and tokens, and the machines and people that enrol no more, in whatever profile and with whatever token."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.device import Report
from mailgate.devices.names import user_text
from mailgate.devices.trust import ENROLLED, REPORTER, report_by
from mailgate.store.audit import Act, append
from mailgate.store.database import Queries, made
from mailgate.store.folding import WithoutCase, begins_with, is_login
from mailgate.store.kept_out import UNCOUNTED, Counted, CountedMeanwhileError
from mailgate.store.reliefs import end_let_ins
from mailgate.store.schema import enrolled_keys as keys
from mailgate.store.schema import enrolment_tokens as tokens
from mailgate.store.schema import shut_enrolments as shut

MACHINE, PERSON = "machine", "person"
"""The kinds of what enrols no more."""
DIGEST = "sha256-"
"""The beginning of what stands for the name of somebody who was forgotten."""


class Sort(StrEnum):
    """What a name is of."""

    ANY = "any"
    """A token, a key or a device."""
    KEY = "key"
    """A key or a device."""
    MACHINE = MACHINE
    PERSON = PERSON


@dataclass(frozen=True, slots=True)
class Named:
    """What is to be revoked: of a machine or a person every key and all further enrolment; of a key, its machine's enrolment too."""

    name: str
    sort: Sort = Sort.ANY
    with_keys: bool = False
    """Of a token: the keys that enrolled with it too."""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError(
                "a name is needed: without one every key would be meant that has no machine or no owner"
            )

    @property
    def about(self) -> str:
        """What it is about, in the audit log, where no person's name stands."""
        if self.sort is Sort.PERSON:
            return f"person {digest_of_name(self.name).removeprefix(DIGEST)}"
        # in one case, since two approvers may write it otherwise
        told = f"machine {user_text(self.name)}" if self.sort is Sort.MACHINE else self.name
        return f"{told} with its keys" if self.with_keys else told

    @property
    def keys(self) -> ColumnElement[bool]:
        if self.sort is Sort.MACHINE:
            return of_machine(self.name)
        if self.sort is Sort.PERSON:
            return is_login(keys.c.owner, self.name)
        called = or_(keys.c.thumbprint == self.name, keys.c.device == self.name)
        return or_(called, keys.c.token == self.name) if self.with_keys else called


@dataclass(frozen=True, slots=True)
class ShutEnrolment:
    """A machine or a person (``kind``) that enrols no more, since when and by which admin."""

    kind: str
    name: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Revoked:
    tokens: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    """The names of the devices of these keys."""
    shut: tuple[tuple[str, str], ...] = ()
    """The kinds and names of what enrols no more from now on."""
    others: int = 0
    """How many other keys of these machines stay valid."""
    before: bool = False
    """Whether a key of this name was revoked before, or this machine or person shut out."""

    def __bool__(self) -> bool:
        return bool(self.tokens or self.keys or self.shut)

    def gone(self) -> list[Report]:
        """The reports by which what these devices said of themselves no longer counts."""
        sources = (ENROLLED, REPORTER)
        return [report_by(source, device, gone=True) for device in self.devices for source in sources]


class ShutEnrolments(Queries):
    """Queries on what is shut out. A method returns only after its data is stored."""

    async def all(self, name: str = "", size: int | None = None) -> list[ShutEnrolment]:
        """The machines and people that enrol no more, whose name begins so, the latest first."""
        order = shut.c.at.desc(), shut.c.kind, shut.c.name
        query = select(shut).where(begins_with(shut.c.name, user_text(name))) if name else select(shut)
        return await self._each(query.order_by(*order).limit(size), made(ShutEnrolment), timeout_seconds=30)

    async def valid_keys(self, named: Named) -> int:
        """How many keys that are not revoked yet this is about."""
        return int(await self._value(select(func.count()).where(named.keys, keys.c.revoked_at.is_(None))))

    async def revoke(
        self, named: Named, now: datetime, act: Act | None = None, counted: Counted = UNCOUNTED
    ) -> Revoked:
        """Revoke what is named so. If that revokes anything, ``act`` is written in the same transaction, with how many it keeps
        out. Raises CountedMeanwhileError, also if it is about more or fewer keys than were counted."""
        async with self._database.writing(timeout_seconds=30) as connection:
            out = await _to_shut(connection, named)
            await wait_for_turn(connection, out)
            newly = [each for each in out if not await is_shut(connection, [each])]
            for kind, name in newly:
                row = {"kind": kind, "name": user_text(name), "at": now, "by": act.who if act else ""}
                await connection.execute(insert(shut).values(row))
            ended = await _end_token(connection, named.name, now) if named.sort is Sort.ANY else ()
            valid = update(keys).where(named.keys, keys.c.revoked_at.is_(None)).values(revoked_at=now)
            rows = (await connection.execute(valid.returning(keys.c.thumbprint, keys.c.device))).all()
            done = Revoked(
                ended,
                tuple(row.thumbprint for row in rows),
                tuple(row.device for row in rows),
                tuple(newly),
                await _others(connection, out),
                await _was_revoked(connection, named, now) or (len(newly) < len(out)),
            )
            if act and done:
                if counted.newly.devices != len(done.keys):
                    raise CountedMeanwhileError
                counts = {"tokens": len(done.tokens), "keys": len(done.keys), "shut": len(newly)}
                await counted.append(connection, replace(act, details=counts))
                if named.sort is Sort.PERSON:
                    await end_let_ins(connection, named.name, act)
            return done

    async def allow(self, kind: str, name: str, act: Act) -> bool:
        """Let a machine or a person enrol again. Revoked keys stay revoked. Returns False if it was not shut out."""
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(shut).where(shut_row(kind, name)))
            if gone.rowcount:
                await append(connection, act)
            return bool(gone.rowcount)


async def _to_shut(connection: AsyncConnection, named: Named) -> list[tuple[str, str]]:
    """What enrols no more by this: the machine or the person, or the machines of the keys of this name. The token of a machine is
    stored nowhere, so nobody enrols with it any more only once the machine does not."""
    if named.sort in (Sort.MACHINE, Sort.PERSON):
        return [(str(named.sort), named.name)]
    meant = and_(replace(named, with_keys=False).keys, keys.c.revoked_at.is_(None))
    if named.sort is Sort.ANY:
        stored = select(tokens.c.name).where(tokens.c.name == named.name).exists()
        meant = or_(meant, and_(keys.c.token == named.name, keys.c.proven, ~stored))
    found = await connection.scalars(select(keys.c.machine).where(meant, keys.c.machine != ""))
    return [(MACHINE, name) for name in {user_text(name): name for name in found}.values()]


async def _end_token(connection: AsyncConnection, name: str, now: datetime) -> tuple[str, ...]:
    """Let nobody enrol with this token any more. It stays known for a while: who shows it then has guessed nothing."""
    valid = and_(tokens.c.name == name, tokens.c.revoked_at.is_(None))
    ended = update(tokens).where(valid).values(revoked_at=now, expires_at=now).returning(tokens.c.name)
    return tuple(await connection.scalars(ended))


async def _others(connection: AsyncConnection, out: Collection[tuple[str, str]]) -> int:
    machines = [of_machine(name) for kind, name in out if kind == MACHINE]
    if not machines:
        return 0
    left = select(func.count()).where(or_(*machines), keys.c.revoked_at.is_(None))
    return int((await connection.execute(left)).scalar_one())


async def _was_revoked(connection: AsyncConnection, named: Named, now: datetime) -> bool:
    query = select(keys.c.thumbprint).where(named.keys, keys.c.revoked_at < now)
    return await connection.scalar(query) is not None


def of_machine(name: str) -> ColumnElement[bool]:
    """The keys of this machine, in whatever case it is written."""
    return WithoutCase(keys.c.machine) == user_text(name)


def shut_row(kind: str, name: str) -> ColumnElement[bool]:
    """A row about this machine or person, also if only a digest is kept of the name."""
    names = [user_text(name), *([digest_of_name(name)] if kind == PERSON else [])]
    return and_(shut.c.kind == kind, shut.c.name.in_(names))


async def is_shut(connection: AsyncConnection, named: Sequence[tuple[str, str]]) -> str:
    """The kind of the first of these that enrols no more; empty if all of them may. Empty names are nobody's."""
    asked = [shut_row(kind, name) for kind, name in named if name]
    if not asked:
        return ""
    return await connection.scalar(select(shut.c.kind).where(or_(*asked)).limit(1)) or ""


async def wait_for_turn(connection: AsyncConnection, named: Collection[tuple[str, str]]) -> None:
    """Wait until every other gate has ended what it does about these machines and people. So none enrols while it is shut out, and two
    at once never make more keys than a machine may have. An SQLite file has one writer at a time anyway."""
    if connection.dialect.name != "postgresql":
        return
    for each in sorted({f"{kind} {user_text(name)}" for kind, name in named if name}):
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(each, 0))))


def digest_of_name(name: str) -> str:
    """What stays of the name of somebody who enrols no more once they are forgotten."""
    return DIGEST + sha256(user_text(name).encode()).hexdigest()


async def forget_shut(connection: AsyncConnection, person: str) -> None:
    """Keep only a digest of the name of a person who enrols no more."""
    named = and_(shut.c.kind == PERSON, shut.c.name == user_text(person))
    await connection.execute(update(shut).where(named).values(name=digest_of_name(person)))


async def forget_old(connection: AsyncConnection, before: datetime) -> None:
    """Keep only digests of the names of people who were shut out before this moment."""
    old = and_(shut.c.kind == PERSON, shut.c.at < before, shut.c.name.not_like(f"{DIGEST}%"))
    for name in list(await connection.scalars(select(shut.c.name).where(old))):
        await forget_shut(connection, name)
