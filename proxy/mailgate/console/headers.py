"""The headers of every answer of the console: nothing is loaded from other sites, cached or framed."""

from aiohttp import web

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
