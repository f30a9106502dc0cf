"""Who was kept out first in which hour under which rules: so that a plan in force can be held against what it said.

One row for each person, or device without a known person, and version of the rules. What comes again changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, case, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import user_text
from mailgate.model import Effect
from mailgate.store.bulk_rows import insert_ignoring
from mailgate.store.database import Database
from mailgate.store.schema import first_refusals, plan_movers
from mailgate.store.sightings import Sighting, Tally

_OUT = (Effect.BLOCK.value, Effect.CHALLENGE.value)
_COLUMNS = first_refusals.c


class HourOfRefusals(NamedTuple):
    """How many were kept out first within one hour."""

    hour: datetime
    planned: int
    """Whom the plan names."""
    before: int
    """Whom the rules before kept out already."""
    others: int
    """Nobody expected them."""


async def note_first(connection: AsyncConnection, seen: Mapping[Sighting, Tally]) -> None:
    """Note whoever is kept out for the first time under these rules, in the transaction of their sightings."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for sighting, tally in seen.items():
        person = user_text(sighting.user)
        subject = person or sighting.device
        if sighting.effect in _OUT and subject:
            hour = tally.first.replace(minute=0, second=0, microsecond=0)
            named = {"person": person, "device": sighting.device, "rule": sighting.rule, "hour": hour}
            rows.setdefault(
                (sighting.policy, subject), {"policy": sighting.policy, "subject": subject, **named}
            )
    if rows:
        await insert_ignoring(connection, first_refusals, [rows[key] for key in sorted(rows)])


class FirstRefusals:
    """Queries on them. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_hour(self, policy: str, since: datetime, plan: str, before: str) -> list[HourOfRefusals]:
        """Who was kept out first in each hour since then under ``policy``, held against a plan and the policy before it."""
        named = exists().where(
            plan_movers.c.plan == plan,
            or_(
                and_(plan_movers.c.person == _COLUMNS.person, _COLUMNS.person != ""),
                and_(plan_movers.c.device == _COLUMNS.device, _COLUMNS.person == ""),
            ),
        )
        earlier = first_refusals.alias()
        known = exists().where(earlier.c.policy == before, earlier.c.subject == _COLUMNS.subject)
        sort = case((known, "before"), (named, "planned"), else_="others")
        start = since.replace(minute=0, second=0, microsecond=0)
        query = (
            select(_COLUMNS.hour, sort, func.count())
            .where(_COLUMNS.policy == policy, _COLUMNS.hour >= start)
            .group_by(_COLUMNS.hour, sort)
            .order_by(_COLUMNS.hour)
        )
        found: dict[datetime, dict[str, int]] = {}
        async with self._database.reading(patience=10) as connection:
            for hour, what, count in await connection.execute(query):
                found.setdefault(hour, {})[what] = count
        return [
            HourOfRefusals(hour, each.get("planned", 0), each.get("before", 0), each.get("others", 0))
            for hour, each in found.items()
        ]

    async def prune(self, before: datetime, size: int) -> int:
        """Delete up to ``size`` of those from before this moment. Returns how many."""
        old = select(_COLUMNS.policy, _COLUMNS.subject).where(_COLUMNS.hour < before).limit(size)
        async with self._database.writing() as connection:
            rows = (await connection.execute(old)).all()
            for policy, subject in rows:
                gone = delete(first_refusals).where(_COLUMNS.policy == policy, _COLUMNS.subject == subject)
                await connection.execute(gone)
            return len(rows)
