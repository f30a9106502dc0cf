"""The queue of mails about rules, from queueing to sending, and the decisions of admins about mails that did not
arrive."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import user_text
from mailgate.model.fact import read_word
from mailgate.model.notice import MailKind, Notice
from mailgate.policy.reliefs import Cause
from mailgate.store import gates
from mailgate.store.audit import Act, append
from mailgate.store.bulk_rows import delete_rows, put_rows, upsert
from mailgate.store.database import Queries, made
from mailgate.store.mail import (
    OPEN_ENDS,
    PERHAPS_READ,
    WAITING,
    Mail,
    MailCount,
    MailState,
    NoticeKey,
    StartedNotice,
    Which,
    mail_of,
    row_of,
    state_of,
)
from mailgate.store.policies import Activation, active_activation
from mailgate.store.reliefs import is_in_force
from mailgate.store.retractions import last_rolled_back
from mailgate.store.schema import mails, quarantine_mails, reliefs, started_notices


class QuarantineMails(Queries):
    async def claim(
        self,
        person: str,
        device: str,
        reason: str,
        now: datetime,
        *,
        pause: timedelta,
        at_most: int,
        per_hour: int,
    ) -> bool:
        """Claim one mail to a person. Returns False if they got the same mail or ``at_most`` mails within ``pause``, or if
        ``per_hour`` mails were written to all people within the last hour."""
        recent = (quarantine_mails.c.person == person, quarantine_mails.c.written_at > now - pause)
        told = select(quarantine_mails.c.device, quarantine_mails.c.reason).where(*recent)
        lately = select(func.count()).where(quarantine_mails.c.written_at > now - timedelta(hours=1))
        row = {"person": person, "device": device, "reason": reason, "written_at": now}
        async with self._database.writing() as connection:
            found = (await connection.execute(told)).all()
            if (device, reason) in {tuple(each) for each in found} or len(found) >= at_most:
                return False
            if (await connection.execute(lately)).scalar_one() >= per_hour:
                return False
            await put_rows(connection, quarantine_mails, [row])
        return True

    async def release(self, person: str, device: str, reason: str) -> None:
        """Take a claim back because the mail could not be sent."""
        named = {"person": person, "device": device, "reason": reason}
        async with self._database.writing() as connection:
            await delete_rows(connection, quarantine_mails, [named])


_PAGE = 500
TELL_WITHIN = timedelta(days=2)
"""How long delivery of a mail about an activation is tried."""
WAIT_FOR_RULE = timedelta(minutes=10)
"""After how long a notice is looked at again whose rule keeps its reader out of nothing now."""
_ABOUT_NO_VERSION = (MailKind.CORRECTION, MailKind.REPLY)
"""The kinds of mails that stay true when the version in force is rolled back."""

_KINDS = [each.value for each in MailKind]


class MailQueue(Queries):
    async def queue(self, rows: Iterable[Mail], act: Callable[[int], Act] | None = None) -> int:
        """Queue the mails that were not queued before. Returns how many, of which ``act`` makes the audit entry."""
        async with self._database.writing(timeout_seconds=120) as connection:
            count = await _add(connection, rows)
            if act is not None and count:
                await append(connection, act(count))
            return count

    async def start(
        self, started: StartedNotice, rows: Iterable[Mail], act: Callable[[int], Act | None]
    ) -> bool:
        """Queue the mails of a notice that starts by itself, or note that it is held back, together with that fact, so that no gate
        does it twice. Returns False if somebody did before, or if other rules are in force meanwhile."""
        async with self._database.writing(timeout_seconds=120) as connection:
            active = await active_activation(connection)
            if active is None or active.serial != started.serial:
                return False
            row = asdict(started) | {"kind": started.kind.value}
            new = upsert(connection, started_notices).values(row).on_conflict_do_nothing()
            if not (await connection.execute(new.returning(started_notices.c.serial))).all():
                return False
            if (count := await _add(connection, rows)) > started.mails:
                one = (started_notices.c[name] == row[name] for name in ("serial", "rule", "kind"))
                await connection.execute(update(started_notices).where(*one).values(mails=count))
            if (entry := act(count)) is not None:
                await append(connection, entry)
            return True

    async def started(self) -> list[StartedNotice]:
        """The notices that were started or held back, the newest first, also those of versions that were rolled back since."""
        query = select(started_notices).where(started_notices.c.kind.in_(_KINDS))
        query = query.order_by(started_notices.c.at.desc(), started_notices.c.serial.desc())
        rows = await self._each(query, made(StartedNotice))
        return [replace(each, kind=read_word(MailKind, each.kind)) for each in rows]

    async def known(self, like: Mail) -> set[str]:
        """The addresses that already have a mail with this rule, version, kind and round, or will get it."""
        same = (mails.c[name] == getattr(like, name) for name in ("rule", "version", "kind", "round"))
        had = select(mails.c.address).where(*same, mails.c.state != MailState.WITHDRAWN)
        return set(await self._values(had, timeout_seconds=30))

    async def told_earlier(self, like: Mail) -> set[str]:
        """The addresses that may have read such a mail about this rule by another version that was not rolled back since."""
        same = (mails.c[name] == getattr(like, name) for name in ("rule", "kind"))
        where = (*same, mails.c.version != like.version, mails.c.state.in_(PERHAPS_READ))
        async with self._database.reading(timeout_seconds=30) as connection:
            last = await last_rolled_back(connection)
            told = select(mails.c.address, mails.c.version, mails.c.round).where(*where)
            rows = (await connection.execute(told)).all()
        return {address for address, version, round_ in rows if round_ >= last.get(version, 0)}

    async def not_gone(self, rule: str, kind: MailKind, versions: Iterable[int]) -> set[str]:
        """The addresses whose mail of this kind about this rule by these versions was withdrawn or still waits."""
        meant = (mails.c.rule == rule, mails.c.kind == kind, mails.c.version.in_(versions))
        rows = await self._rows(select(mails.c.address, mails.c.state).where(*meant), timeout_seconds=30)
        gone = {each for each, state in rows if state not in (MailState.WITHDRAWN, MailState.QUEUED)}
        return {each for each, _ in rows} - gone

    async def due(self, now: datetime, size: int = 100) -> list[Mail]:
        """The queued mails to try now. Those that have waited longest come first."""
        wanted = (mails.c.state == MailState.QUEUED, mails.c.due_at <= now)
        query = select(mails).where(*wanted).order_by(mails.c.due_at, mails.c.id).limit(size)
        return await self._read(query)

    async def has_work(self, now: datetime) -> bool:
        """Whether there is work: a mail to try, or one that was begun and not ended. The query is cheap."""
        queued = and_(mails.c.state == MailState.QUEUED, mails.c.due_at <= now)
        begun = or_(queued, mails.c.state == MailState.SENDING)
        query = select(mails.c.id).where(begun, mails.c.kind.in_(_KINDS)).limit(1)
        return bool(await self._rows(query))

    async def begin(self, mail: Mail, holder: str, now: datetime) -> bool:
        """Note that a mail is about to be given to the server. Returns False if another process has it, if it was deleted, or if it is not
        true: it is withdrawn if it never will be again, and waits while its rule is out, or its reader is exempt."""
        async with self._database.writing() as connection:
            now = await gates.shared_now(connection, now)
            if not await _still_true(connection, mail, now):
                await _turn(connection, mail.id, MailState.WITHDRAWN, now, notice=None, about="[]")
                return False
            if mail.kind not in _ABOUT_NO_VERSION and await _is_rule_out(connection, mail, now):
                waits = update(mails).where(mails.c.id == mail.id, mails.c.state == MailState.QUEUED)
                await connection.execute(waits.values(due_at=now + WAIT_FOR_RULE, changed_at=now))
                return False
            begun = update(mails).where(mails.c.id == mail.id, mails.c.state == MailState.QUEUED)
            values = {"state": MailState.SENDING, "holder": holder, "changed_at": now}
            return (await connection.execute(begun.values(values))).rowcount == 1

    async def end(self, mail_id: str, state: MailState, now: datetime, why: str = "") -> bool:
        """Store the outcome of a mail. Returns False if an outcome was known already."""
        async with self._database.writing() as connection:
            cleared = {} if state in OPEN_ENDS else {"notice": None}
            return await _turn(connection, mail_id, state, now, why=why, **cleared)

    async def put_off(self, mail_id: str, due_at: datetime, now: datetime, why: str) -> None:
        """Queue a mail again for later, since the server did not accept it."""
        values = {"state": MailState.QUEUED, "holder": "", "due_at": due_at, "why": why, "changed_at": now}
        counted = update(mails).where(mails.c.id == mail_id, mails.c.state.in_(WAITING))
        await self._change(counted.values(values | {"attempts": mails.c.attempts + 1}))

    async def left_over(self, holder: str) -> list[Mail]:
        """The mails that another process has begun to send and has not ended."""
        begun = (mails.c.state == MailState.SENDING, mails.c.holder != holder)
        return await self._read(select(mails).where(*begun))

    async def counts(self, about: NoticeKey | None = None) -> list[MailCount]:
        """The numbers of mails by rule, version, kind and state, the newest version first. ``about`` limits them to one rule."""
        along = (mails.c.version, mails.c.kind, mails.c.rule, mails.c.state)  # the order of the index
        known = (mails.c.kind.in_(_KINDS), *_meant(about))
        query = select(*along, func.count()).where(*known).group_by(*along)
        rows = await self._rows(query, timeout_seconds=30)
        found = [
            MailCount(rule, version, read_word(MailKind, kind), state_of(state), count)
            for version, kind, rule, state, count in rows
        ]
        return sorted(found, key=lambda each: (-each.version, each.rule, each.kind, each.state))

    async def page(
        self, *, states: Sequence[MailState] = (), rule: str = "", size: int = _PAGE
    ) -> list[Mail]:
        """Mails, the last changed first."""
        query = select(mails).order_by(mails.c.changed_at.desc(), mails.c.id).limit(size)
        if states:
            query = query.where(mails.c.state.in_(states))
        if rule:
            query = query.where(mails.c.rule == rule)
        return await self._read(query)

    async def recipients(
        self, about: NoticeKey, state: MailState, after: tuple[str, str] = ("", ""), size: int = _PAGE
    ) -> list[Mail]:
        """The next mails about one rule in one state after an address and an id, in the order of both."""
        behind = tuple_(mails.c.address, mails.c.id) > after
        query = select(mails).where(*_meant(about), mails.c.state == state, behind)
        return await self._read(query.order_by(mails.c.address, mails.c.id).limit(size))

    async def count_unsure(self, which: Which = None) -> int:
        return await self._count(_unsure(which))

    async def unsure_corrections(self) -> int:
        return await self._count([*_unsure(None), mails.c.kind == MailKind.CORRECTION])

    async def count_failed(self, which: Which = None) -> int:
        return await self._count(_failed(which))

    async def _count(self, meant: Sequence[ColumnElement[bool]]) -> int:
        return int(await self._value(select(func.count()).where(*meant)))

    async def by_ids(self, ids: Sequence[str]) -> list[Mail]:
        return await self._read(select(mails).where(mails.c.id.in_(ids)))

    async def settle(self, which: Which, act: Callable[[int], Act], now: datetime, *, sent: bool) -> int:
        """Apply an admin's decision on unsure mails: they were sent, or are sent again. Returns how many there were."""
        done: dict[str, Any] = {"state": MailState.SENT, "notice": None}
        again = {"state": MailState.QUEUED, "holder": "", "due_at": now}
        return await self._decide(_unsure(which), done if sent else again, act, now)

    async def retry(self, which: Which, act: Callable[[int], Act], now: datetime) -> int:
        """Send failed mails again as if they had never been tried. Returns how many of them still had a notice."""
        anew = {"state": MailState.QUEUED, "holder": "", "due_at": now, "attempts": 0}
        return await self._decide(_failed(which), anew, act, now)

    async def _decide(
        self,
        which: Iterable[ColumnElement[bool]],
        values: Mapping[str, Any],
        act: Callable[[int], Act],
        now: datetime,
    ) -> int:
        changed = update(mails).where(*which).values({**values, "changed_at": now})
        async with self._database.writing(timeout_seconds=30) as connection:
            count = (await connection.execute(changed)).rowcount
            if count:
                await append(connection, act(count))
            return count

    async def perhaps_read_about(self, versions: Sequence[int], before: int) -> list[Mail]:
        """The mails about these versions, from before this activation, that may have been read."""
        meant = and_(mails.c.version.in_(versions), mails.c.kind.not_in(_ABOUT_NO_VERSION))
        read = (mails.c.state.in_(PERHAPS_READ), mails.c.round < before)
        return await self._read(select(mails).where(meant, *read))

    async def _read(self, query: Any) -> list[Mail]:
        """The mails of a query. Those of a kind that only a newer gate knows are left to it."""
        return await self._each(query.where(mails.c.kind.in_(_KINDS)), mail_of, timeout_seconds=30)


def _meant(which: Which) -> list[ColumnElement[bool]]:
    if which is None:
        return []
    if isinstance(which, NoticeKey):
        return [mails.c[name] == value for name, value in which._asdict().items()]
    return [mails.c.id.in_(which)]


def _unsure(which: Which) -> list[ColumnElement[bool]]:
    return [mails.c.state == MailState.UNSURE, *_meant(which)]


def _failed(which: Which) -> list[ColumnElement[bool]]:
    return [mails.c.state == MailState.FAILED, mails.c.notice.is_not(None), *_meant(which)]


async def tell(
    connection: AsyncConnection, activation: Activation, addresses: Iterable[str], notice: Notice
) -> None:
    """Queue one mail about an activation to each address, in its transaction."""
    now, number, kind = activation.at, activation.number, notice.kind
    until = now + TELL_WITHIN
    rows = (Mail(to, to, "", number, kind, activation.serial, notice, now, until) for to in addresses)
    await _add(connection, rows)


async def _add(connection: AsyncConnection, rows: Iterable[Mail]) -> int:
    """A notice that was withdrawn is queued anew: its version is in force again."""
    one, first, count = ("address", "rule", "version", "kind", "round"), dict[tuple[Any, ...], Any](), 0
    for row in map(row_of, rows):
        first.setdefault(tuple(row[name] for name in one), row)
    made = [*first.values()]
    again = and_(mails.c.state == MailState.WITHDRAWN, mails.c.kind.not_in(_ABOUT_NO_VERSION))
    for start in range(0, len(made), _PAGE):
        statement = upsert(connection, mails).values(made[start : start + _PAGE])
        anew = {name: statement.excluded[name] for name in made[start] if name not in ("id", *one)}
        kept = statement.on_conflict_do_update(index_elements=one, set_=anew, where=again)
        count += len((await connection.execute(kept.returning(mails.c.id))).all())
    return count


async def _still_true(connection: AsyncConnection, mail: Mail, now: datetime) -> bool:
    """Whether a mail is still true: a notice needs its version in force, a correction needs it not to be. No mail may be late."""
    active = await active_activation(connection)
    meant = (mail.notice and mail.notice.versions) or (mail.version,)
    in_force = active is not None and active.number in meant
    late = mail.until is not None and now >= mail.until
    return not late and (mail.kind is MailKind.REPLY or in_force is (mail.kind is not MailKind.CORRECTION))


async def _is_rule_out(connection: AsyncConnection, mail: Mail, now: datetime) -> bool:
    """Whether the rule of a notice keeps nobody out now, or not its reader."""
    everybody = and_(reliefs.c.person == "", reliefs.c.device == "")
    meant = or_(everybody, reliefs.c.person == user_text(mail.login))
    given = reliefs.c.cause != Cause.SELF_SERVICE  # soon the rule is for them again
    out = select(reliefs.c.number).where(is_in_force(now), reliefs.c.rule.in_(("", mail.rule)), meant, given)
    return (await connection.execute(out.limit(1))).first() is not None


async def _turn(
    connection: AsyncConnection, mail_id: str, state: MailState, now: datetime, **values: str | None
) -> bool:
    open_ends = mails.c.state.in_([*WAITING, MailState.UNSURE])
    changed = update(mails).where(mails.c.id == mail_id, open_ends)
    done = await connection.execute(changed.values({"state": state, "changed_at": now, **values}))
    return done.rowcount == 1
