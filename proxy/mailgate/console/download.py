"""Sends files to download while they are read."""

from collections.abc import AsyncIterable, Iterable, Sequence

from aiohttp import web

from mailgate.tasks import compute
from mailgate.views.spreadsheet import beginning, lines, saved_as


async def send_sheet(
    request: web.Request,
    what: str,
    columns: Sequence[str],
    rows: AsyncIterable[Iterable[Iterable[object]]],
) -> web.StreamResponse:
    """Send a spreadsheet of these rows, which come in batches."""
    named = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": saved_as(what)}
    answer = web.StreamResponse(headers=named)
    await answer.prepare(request)
    await answer.write(beginning(columns).encode())
    async for some in rows:
        # other requests get their turn during a long list
        await answer.write(await compute(_bytes, some))
    await answer.write_eof()
    return answer


def _bytes(rows: Iterable[Iterable[object]]) -> bytes:
    return lines(rows).encode()
