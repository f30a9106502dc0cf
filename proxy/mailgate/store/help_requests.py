"""Requests for help by people whom a rule refused: one row for each person and rule."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_, update

from mailgate.policy.people import counted_name
from mailgate.store import gates
from mailgate.store.audit import Act, append
from mailgate.store.bulk_rows import Newest, RowPosition, put_rows, upsert
from mailgate.store.database import Queries, made
from mailgate.store.schema import help_references, help_requests


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """A request for help because of a rule. If ``known``, the gate knows the person, and it counts for ``halt_when``."""

    rule: str
    subject: str
    """The person; if unknown, the device; if unknown too, a hash of the client."""
    person: str
    device: str
    reason: str
    reference: str
    policy: str
    known: bool
    times: int
    first_at: datetime
    last_at: datetime
    replied_at: datetime | None = None
    """When they were last answered; None if never."""
    done_at: datetime | None = None
    """When an admin closed it; None if it is open. A new request opens it again."""
    done_by: str = ""
    words: str = ""
    """What they last wrote with it, of at most ``MAX_WORDS`` characters; empty if nothing."""
    answer: str = ""
    """The words of the last answer. Whoever can show that they asked reads them on the gate's pages."""

    @property
    def waits(self) -> bool:
        """Whether it is open, and nobody has answered since they last asked."""
        return self.done_at is None and (self.replied_at is None or self.replied_at < self.last_at)


MAX_WORDS = 500
NOT_THEIRS = "own-page/not-theirs"
"""The rule, which has no such id, and the reason of a report that a device is not one's own."""
Key = tuple[str, str]
"""The rule and the subject, which identify a request."""
_NEWEST = Newest(help_requests.c.last_at, help_requests.c.subject)
_OPEN = help_requests.c.done_at.is_(None)
_REPLIED = help_requests.c.replied_at
_SAME = (help_requests.c.rule, help_requests.c.subject)


class HelpRequests(Queries):
    async def note(self, asked: HelpRequest, sighting: str = "") -> None:
        """Store a request. If the person asked before, count one more and open it again; what they wrote stays unless they wrote something
        now. ``sighting`` is the id of the refused request, to which every reference that was asked about leads."""
        newer = ("reason", "reference", "policy", "device", "last_at")
        async with self._database.writing() as connection:
            # asked at a gate whose clock is ahead, it would count towards a halt for longer than others
            at = await gates.earliest_now(connection, asked.last_at)
            asked = replace(asked, first_at=min(asked.first_at, at), last_at=at)
            row = asdict(asked)
            statement = upsert(connection, help_requests).values(**row)
            again = {name: row[name] for name in newer} | {"times": help_requests.c.times + 1}
            again |= {"done_at": None, "done_by": ""} | ({"words": asked.words} if asked.words else {})
            await connection.execute(statement.on_conflict_do_update(index_elements=_SAME, set_=again))
            if sighting:
                led = {"reference": asked.reference, "sighting": sighting, "at": asked.last_at}
                await put_rows(connection, help_references, [led])

    async def count(self, rule: str, since: datetime, until: datetime | None = None) -> int:
        """How many people asked for help because of a rule since then, or between two times; devices of unknown people count too."""
        theirs = and_(help_requests.c.rule == rule, help_requests.c.known, help_requests.c.last_at > since)
        if until is not None:
            theirs &= help_requests.c.first_at <= until
        return int(await self._value(select(func.count()).select_from(help_requests).where(theirs)))

    async def people(self, rule: str, since: datetime) -> int:
        """How many different people asked for help because of a rule since then, however they write their login. All whose person
        is unknown are one, however many devices they have."""
        theirs = and_(help_requests.c.rule == rule, help_requests.c.known, help_requests.c.last_at > since)
        query = select(help_requests.c.person).where(theirs).distinct()
        return len(set(map(counted_name, await self._values(query))))

    async def page(self, rule: str = "", size: int = 100) -> list[HelpRequest]:
        query = select(help_requests)
        return await self._list(query.where(help_requests.c.rule == rule) if rule else query, size)

    async def open(
        self, rule: str = "", size: int = 100, after: RowPosition | None = None
    ) -> list[HelpRequest]:
        """The requests that are open, because of one rule or of any, the latest first, after a place."""
        which = [_OPEN, *_NEWEST.behind(after)] + ([help_requests.c.rule == rule] if rule else [])
        return await self._list(select(help_requests).where(*which), size)

    async def open_by(self, policies: Collection[str], until: datetime, size: int = 50) -> list[HelpRequest]:
        """The open requests about refusals by these versions until then."""
        theirs = (_OPEN, help_requests.c.policy.in_(policies), help_requests.c.last_at <= until)
        return await self._list(select(help_requests).where(*theirs), size)

    async def open_by_rule(self) -> dict[str, int]:
        query = select(help_requests.c.rule, func.count()).where(_OPEN).group_by(help_requests.c.rule)
        return {str(rule): int(count) for rule, count in await self._rows(query)}

    async def waiting(self, size: int) -> tuple[int, int, list[HelpRequest]]:
        """How many people ask for help and wait for an answer, how many devices or clients of nobody known, and those who have waited longest."""
        waits = and_(_OPEN, or_(_REPLIED.is_(None), help_requests.c.last_at > _REPLIED))
        query = select(help_requests).where(waits).order_by(help_requests.c.last_at, *_SAME).limit(size)
        named, each = help_requests.c.person != "", func.count(help_requests.c.subject.distinct())
        [(people, nobodys)] = await self._rows(select(each.filter(named), each.filter(~named)).where(waits))
        return int(people), int(nobodys), await self._each(query, made(HelpRequest))

    async def one(self, rule: str, subject: str) -> HelpRequest | None:
        same = _among([(rule, subject)])
        return next(iter(await self._list(select(help_requests).where(same), 1)), None)

    async def by_reference(self, reference: str) -> HelpRequest | None:
        query = select(help_requests).where(help_requests.c.reference == reference)
        return next(iter(await self._list(query, 1)), None) if reference else None

    async def finish(self, which: Sequence[Key], by: str, now: datetime, act: Act) -> int:
        """Close these requests. Returns how many were open. ``act`` is written to the audit log if any was."""
        return await self._mark(which, {"done_at": now, "done_by": by}, act, _OPEN)

    async def reopen(self, which: Sequence[Key], act: Act) -> int:
        """Open these requests again. Returns how many were closed."""
        return await self._mark(which, {"done_at": None, "done_by": ""}, act, ~_OPEN)

    async def answered(self, person: str, now: datetime, answer: str) -> None:
        """Note that a person was answered, and in which words, on all of their open requests."""
        theirs = and_(help_requests.c.person == person, _OPEN)
        await self._change(update(help_requests).where(theirs).values(replied_at=now, answer=answer))

    async def answer_one(self, which: Key, answer: str, now: datetime, act: Act) -> bool:
        """Answer one open request on the gate's pages alone. Returns whether it was open; then ``act`` is written to the audit log."""
        return bool(await self._mark([which], {"replied_at": now, "answer": answer}, act, _OPEN))

    async def _mark(
        self, which: Sequence[Key], values: dict[str, object], act: Act, still: ColumnElement[bool]
    ) -> int:
        async with self._database.writing() as connection:
            changed = update(help_requests).where(_among(which), still).values(**values)
            count = (await connection.execute(changed)).rowcount
            if count:
                await append(connection, act)
            return count

    async def of_person(self, person: str, devices: Sequence[str], size: int = 50) -> list[HelpRequest]:
        """The requests of a person: under their name, or under no name with one of their devices."""
        nameless = and_(help_requests.c.device.in_(devices), help_requests.c.person == "")
        named = [help_requests.c.person == person] if person else []
        return await self._list(select(help_requests).where(or_(nameless, *named)), size)

    async def _list(self, query: "Select[tuple[object, ...]]", size: int) -> list[HelpRequest]:
        newest = query.order_by(help_requests.c.last_at.desc(), *_SAME).limit(size)
        return await self._each(newest, made(HelpRequest))


def _among(which: Sequence[Key]) -> ColumnElement[bool]:
    return tuple_(*_SAME).in_(which)
