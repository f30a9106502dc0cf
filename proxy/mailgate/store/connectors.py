"""The state of each connector, and the devices that it has reported."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict

from sqlalchemy import case, func, select

from mailgate.model import SourceState
from mailgate.store.bulk_rows import put_rows
from mailgate.store.database import Queries, made
from mailgate.store.schema import connectors, devices, reports

_PAGE = 5000


class Connectors(Queries):
    """Queries on connectors."""

    async def states(self) -> dict[str, SourceState]:
        """The states of all connectors that ever ran, by name."""
        return {each.name: each for each in await self._each(select(connectors), made(SourceState))}

    async def note(self, state: SourceState) -> None:
        """Keep the current state of a connector."""
        async with self._database.writing() as connection:
            await put_rows(connection, connectors, [asdict(state)])

    async def seen_whole(self, source: str, ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """The source's id, the device's id and the owner of each of these reports that has every app and no listed
        one."""
        whole = (reports.c.apps_complete, reports.c.apps == "[]", ~reports.c.gone)
        query = select(reports.c.id, devices.c.id, reports.c.owner).join(devices)
        query = query.where(reports.c.source == source, reports.c.id.in_(ids), *whole).order_by(reports.c.id)
        return [(row[0], row[1], row[2]) for row in await self._rows(query, timeout_seconds=30)]

    async def reach(self) -> dict[tuple[str, str, str], int]:
        """How many devices each source has of each kind of enrolment, and sees whole, in part or without their apps."""
        seen = case(
            (reports.c.reported_at.is_(None), "none"), (reports.c.apps_complete, "complete"), else_="partial"
        )
        query = select(reports.c.source, reports.c.enrolment, seen, func.count()).where(~reports.c.gone)
        rows = await self._rows(
            query.group_by(reports.c.source, reports.c.enrolment, seen), timeout_seconds=30
        )
        return {(row[0], row[1], row[2]): row[3] for row in rows}

    async def devices(self, source: str, size: int = _PAGE) -> AsyncIterator[list[str]]:
        """The ids of the source's devices, in pages."""
        after = ""
        while True:
            of_source = (reports.c.source == source, ~reports.c.gone, reports.c.id > after)
            query = select(reports.c.id).where(*of_source).order_by(reports.c.id).limit(size)
            page = await self._values(query, timeout_seconds=30)
            if page:
                yield page
            if len(page) < size:
                return
            after = page[-1]
