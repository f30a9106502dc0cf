"""What every answer of the console has in its head, and files to download that are sent while they are read."""

from collections.abc import AsyncIterable, Iterable, Sequence

from aiohttp import web

from mailgate.console.layout import note_page, note_read
from mailgate.console.spreadsheet import beginning, lines, saved_as
from mailgate.tasks import compute

SECURITY = {
    # CSP 3: scripts and styles are files of the console itself, and nothing is fetched from other sites
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with `no-referrer` browsers would send `null` as the origin of the console's own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

FRAMES = {"Content-Security-Policy": f"{SECURITY['Content-Security-Policy']}; frame-src 'self'"}
"""The headers of a page that shows another page of the console in a frame."""
FRAMED = {
    # a document with other people's texts: its own styles work, and nothing else in it does
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
}


async def secure(_request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers on an answer. An answer that changes only with the release may set its own caching."""
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")


async def begin_file(request: web.Request, media: str, disposition: str) -> web.StreamResponse:
    """Begin a file that is sent while it is read. That it is read is kept before its first byte leaves. Raises StoreUnavailableError."""
    note_read(request)
    answer = web.StreamResponse(
        headers={"Content-Type": f"{media}; charset=utf-8", "Content-Disposition": disposition}
    )
    await answer.prepare(request)
    return answer


async def send_sheet(
    request: web.Request, what: str, columns: Sequence[str], rows: AsyncIterable[Iterable[Iterable[object]]]
) -> web.StreamResponse:
    """Send a spreadsheet of these rows, which come in batches. At its end it is kept how many it had."""
    answer, sent = await begin_file(request, "text/csv", saved_as(what)), 0
    await answer.write(beginning(columns).encode())
    async for some in rows:
        batch = [*some]
        sent += len(batch)
        # other requests get their turn during a long list
        await answer.write(await compute(_bytes, batch))
    note_page(request, number=sent)
    await answer.write_eof()
    return answer


def _bytes(rows: Iterable[Iterable[object]]) -> bytes:
    return lines(rows).encode()
