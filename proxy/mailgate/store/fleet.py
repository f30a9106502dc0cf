"""The fleet: browsers with the companion extension, what each last said of itself, and whether its person has asked for mail without it.

A browser that does not report because nobody uses it is asleep. It is missing once its person asked for mail on a laptop, by a browser of
that kind, without a proof of the device, after its last token ended. Whether it was removed or switched off, or whether that was another
profile or computer, nobody can see from here. Where no proxy named that person with such a browser in the last week in which it
reported, nothing of this is known: it may name nobody any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import JSON, ColumnElement, Select, and_, case, func, or_, select, type_coerce

from mailgate.devices.names import user_text
from mailgate.store.bulk_rows import RowPage
from mailgate.store.database import Queries, made
from mailgate.store.enrolments import EnrolledKey
from mailgate.store.folding import WireText, WithoutCase, begins_with, function
from mailgate.store.schema import Instant, enrolment_tokens, laptop_readers
from mailgate.store.schema import enrolled_keys as keys

TOKEN_LIFETIME = timedelta(minutes=10)
"""How long a browser's report counts: as long as the gate's own token (``attest/passport.py``)."""
WEEK = timedelta(days=7)
WINDOW = 2_000
"""How many browsers one search reads."""
IN_USE = timedelta(days=14)
"""A token is in use if a key enrolled with it within this time."""
_SHARED = 10
"""A token for at least so many browsers is shared: it should not end unnoticed."""
_FAMILIES = {"Firefox": "Firefox", "Microsoft Edge": "Edge", "Opera": "Opera"}
"""The families of user agents by what browsers call themselves. All others look like Chrome."""


class BrowserState(StrEnum):
    """What is known of a browser now."""

    REPORTING = "reporting"
    """Its token is good: it has reported within the last minutes."""
    ASLEEP = "asleep"
    """It has not reported since, and its person has asked for no mail by such a browser without it."""
    MISSING = "missing"
    """Its person has asked for mail by such a browser without it since."""
    SILENT = "silent"
    """It has not reported for long, and nothing says more."""
    UNKNOWN = "unknown"
    """It has not reported since, and a removed one would look the same: nobody names its person."""
    NEVER = "never"
    """It has enrolled and never reported."""
    REVOKED = "revoked"


class Heard(StrEnum):
    DAY = "day"
    WEEK = "week"
    """Within a week, but not within a day."""
    BEFORE = "before"


_Parsed = function(JSON(), sqlite="nullif({0}, '')", postgresql="CAST(nullif({0}, '') AS jsonb)")
_SECONDS = int(TOKEN_LIFETIME.total_seconds())
_After = function(
    Instant(),
    sqlite=f"strftime('%Y-%m-%d %H:%M:%f000', {{0}}, '+{_SECONDS} seconds')",  # as SQLAlchemy writes times there
    postgresql=f"({{0}} + interval '{_SECONDS} seconds')",
)
"""A time, and the lifetime of a token after it."""


class Group(NamedTuple):
    """How many browsers are alike. What a browser did not say is empty."""

    state: BrowserState
    heard: Heard
    browser: str
    version: str
    extension: str
    installed: str
    browsers: int


@dataclass(frozen=True, slots=True)
class FleetFilter:
    """The browsers that are sought. Each field that is not empty must match."""

    name: str = ""
    """The beginning of a login name or of the name of a computer."""
    state: str = ""
    heard: str = ""
    """A word of ``Heard``; ``week`` is also true of those that were heard within a day."""
    browser: str = ""
    """The name of the browser, alone or with the first number of its version."""
    extension: str = ""
    installed: str = ""
    """How the extension was installed (``install_type``)."""


@dataclass(frozen=True, slots=True)
class FleetBrowser(EnrolledKey):
    """One browser, by its key."""

    state: str = ""
    bare_at: datetime | None = None
    """When its person last asked for mail by such a browser without a proof; None if that is not recorded."""


class Place(NamedTuple):
    person: str
    thumbprint: str


class Readers(NamedTuple):
    """The people who asked for mail on a laptop within a week, as far as they are known by name."""

    people: int
    named: int
    """Those whom a trusted proxy named. Only of these it is known whether they asked without a proof."""
    without: int
    """Those who asked without a proof, and of whom no browser has reported in that week."""


class PersonWithout(NamedTuple):
    """One of these, with a browser by which they asked."""

    person: str
    os: str
    browser: str
    at: datetime


class BrowserFleet(Queries):
    """Queries on browsers. ``silent_after`` is the time without a report after which one is silent."""

    async def groups(self, now: datetime, silent_after: timedelta) -> list[Group]:
        each = _Browsers(now, silent_after, select(*keys.c).where(keys.c.app == ""))  # an app is no browser
        what = {"state": each.state, "heard": each.heard, "browser": each.name, "version": each.version}
        what |= {"extension": each.extension, "installed": each.installed}
        told = each.query(
            *(func.coalesce(column, "").label(name) for name, column in what.items())
        ).subquery()
        rows = await self._rows(select(*told.c, func.count()).group_by(*told.c), timeout_seconds=30)
        return [Group(BrowserState(state), Heard(heard), *rest) for state, heard, *rest in rows]

    async def page(
        self,
        wanted: FleetFilter,
        now: datetime,
        silent_after: timedelta,
        size: int,
        after: Place | None = None,
    ) -> RowPage[FleetBrowser, Place]:
        """The next browsers that match, in the order of their people. At most ``WINDOW`` are read: few or none may be found before the end."""
        near = (
            select(*keys.c).where(keys.c.app == "", *_named(wanted.name), *_behind(after)).order_by(*_ORDER)
        )
        each = _Browsers(now, silent_after, near.limit(WINDOW))
        own = [each.keys[column.name] for column in keys.c]
        query = each.query(*own, each.state.label("state"), laptop_readers.c.bare_at)
        query = query.where(*each.filters(wanted)).order_by(each.person, each.keys.thumbprint).limit(size + 1)
        found = await self._each(query, made(FleetBrowser), timeout_seconds=30)
        if len(found) > size:
            last = found[size - 1]
            return RowPage(found[:size], Place(user_text(last.owner), last.thumbprint))
        end = near.with_only_columns(*_ORDER).offset(WINDOW - 1).limit(1)
        rows = await self._rows(end, timeout_seconds=30)
        return RowPage(found, Place(*rows[0]) if rows else None)

    async def readers(self, now: datetime) -> Readers:
        """How many people ask for mail on a laptop, and how many of them only without the extension."""
        person, readers = laptop_readers.c.person, laptop_readers.c
        each = func.count(person.distinct())
        named = each.filter(readers.named_at > now - WEEK)
        query = select(each, named, each.filter(*_without(now))).where(readers.seen_at > now - WEEK)
        [row] = await self._rows(query, timeout_seconds=30)
        return Readers(*row)

    async def last_seen(self, people: Sequence[str]) -> dict[str, datetime]:
        """When each of these people last asked for mail on a laptop, if that is on record."""
        person, at = laptop_readers.c.person, func.max(laptop_readers.c.seen_at)
        query = select(person, at).where(person.in_(people)).group_by(person)
        return {row[0]: row[1] for row in await self._rows(query, timeout_seconds=10)}

    async def people_without(self, now: datetime, size: int, after: str = "") -> list[PersonWithout]:
        person, at = laptop_readers.c.person, laptop_readers.c.bare_at
        some = select(person).where(*_without(now), person > after).distinct().order_by(person).limit(size)
        query = select(person, laptop_readers.c.os, laptop_readers.c.browser, at)
        query = query.where(person.in_(some.subquery().select()), at > now - WEEK).order_by(person, at.desc())
        return [PersonWithout(*row) for row in await self._rows(query, timeout_seconds=30)]

    async def ending_tokens(self, now: datetime) -> int:
        """How many shared enrolment tokens in use have less than a tenth of their uses, or of their time, left."""
        used, last = func.count(keys.c.thumbprint), func.max(keys.c.made_at)
        told = enrolment_tokens.c
        query = (
            select(told.uses_left, used, told.made_at, told.expires_at)
            .join(keys, keys.c.token == told.name)
            .where(told.expires_at > now)
            .group_by(told.digest, told.uses_left, told.made_at, told.expires_at)
            .having(and_(told.uses_left + used >= _SHARED, last > now - IN_USE))
        )
        rows = await self._rows(query, timeout_seconds=30)
        return sum(
            10 * left < left + count or 10 * (ends - now) < ends - made_at
            for left, count, made_at, ends in rows
        )


class _Browsers:
    """Browsers with what is known of the person of each and such a browser, as columns of a query."""

    def __init__(self, now: datetime, silent_after: timedelta, which: Select[Any]) -> None:
        """``which``: the rows of their keys. PostgreSQL reads what they said once, and would do it again for each member otherwise."""
        told = which.add_columns(_Parsed(keys.c.said).label("told")).cte("browsers")
        self._whole = told.prefix_with("MATERIALIZED", dialect="postgresql")
        self.keys = self._whole.c
        self._now, self._silent_after = now, silent_after
        self.name = self._said("browser", "name")
        self.version = self._said("browser", "version")
        self.extension = self._said("extension_version")
        self.installed = self._said("install_type")
        self.person: ColumnElement[str] = WithoutCase(self.keys.owner)

    def _said(self, *path: str) -> ColumnElement[str]:
        """A member of what a browser last said; NULL if it did not say it."""
        return type_coerce(self.keys.told[path].as_string(), WireText())

    def query(self, *columns: ColumnElement[Any]) -> Select[Any]:
        readers, os = laptop_readers.c, self._said("os")
        family = case(_FAMILIES, value=self.name, else_="Chrome")
        same = and_(readers.person == self.person, readers.os == os, readers.browser == family)
        return select(*columns).select_from(self._whole.outerjoin(laptop_readers, same))

    @property
    def state(self) -> ColumnElement[str]:
        """What is known of a browser, as a word of ``BrowserState``."""
        reported, readers = self.keys.reported_at, laptop_readers.c
        return case(
            (self.keys.revoked_at.is_not(None), BrowserState.REVOKED.value),
            (reported.is_(None), BrowserState.NEVER.value),
            (reported > self._now - TOKEN_LIFETIME, BrowserState.REPORTING.value),
            (readers.bare_at > _After(reported), BrowserState.MISSING.value),
            (reported <= self._now - self._silent_after, BrowserState.SILENT.value),
            (readers.named_at > self._now - self._silent_after - WEEK, BrowserState.ASLEEP.value),
            else_=BrowserState.UNKNOWN.value,
        )

    @property
    def heard(self) -> ColumnElement[str]:
        """When a browser reported last, as a word of ``Heard``."""
        spans = {Heard.DAY: timedelta(days=1), Heard.WEEK: WEEK}
        within = ((self.keys.reported_at > self._now - span, heard.value) for heard, span in spans.items())
        return case(*within, else_=Heard.BEFORE.value)

    def filters(self, wanted: FleetFilter) -> list[ColumnElement[bool]]:
        exact = ("state", "extension", "installed")
        where = [getattr(self, name) == text for name in exact if (text := getattr(wanted, name))]
        if wanted.heard:
            heard = [wanted.heard, *([Heard.DAY.value] if wanted.heard == Heard.WEEK else [])]
            where += [self.heard.in_(heard), self.keys.reported_at.is_not(None)]
        if wanted.browser:
            versioned = self.name + " " + self.version
            begins = versioned.startswith(f"{wanted.browser}.", autoescape=True)
            where.append(or_(self.name == wanted.browser, versioned == wanted.browser, begins))
        return where


_person: ColumnElement[str] = WithoutCase(keys.c.owner)
_ORDER = (_person, keys.c.thumbprint)


def _named(name: str) -> list[ColumnElement[bool]]:
    """The condition for keys whose person or computer has a name that begins so."""
    begin = user_text(name)
    return (
        [or_(*(begins_with(each, begin) for each in (_person, WithoutCase(keys.c.machine))))] if begin else []
    )


def _behind(after: Place | None) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    later = and_(_person == after.person, keys.c.thumbprint > after.thumbprint)
    return [_person >= after.person, or_(_person > after.person, later)]


def _without(now: datetime) -> list[ColumnElement[bool]]:
    """The condition for readers who asked without a proof within a week, and of whom no browser has reported in it."""
    # joined with "" since SQLite uses an index of an expression only beside another expression
    theirs = WithoutCase(keys.c.owner) == laptop_readers.c.person + ""
    reporting = select(keys.c.thumbprint).where(theirs, keys.c.app == "", keys.c.reported_at > now - WEEK)
    return [laptop_readers.c.bare_at > now - WEEK, ~reporting.correlate(laptop_readers).exists()]
