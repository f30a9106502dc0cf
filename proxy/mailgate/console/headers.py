"""The headers of every answer of the console: nothing of elsewhere, nothing kept, nothing framed."""

from aiohttp import web

SECURITY = {
    # CSP 3: scripts and styles are files of the console itself, and nothing else is fetched from anywhere
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with `no-referrer` browsers call the origin of our own forms `null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


FRAMES = {"Content-Security-Policy": f"{SECURITY['Content-Security-Policy']}; frame-src 'self'"}
"""For a page that shows another of the console in a frame."""
FRAMED = {
    # a document of somebody else's words: its own styles, and nothing else of it does anything
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
}


async def secure(_request: web.Request, response: web.StreamResponse) -> None:
    """Set on what is about to be sent; what only changes with the gate may say how long it may be kept."""
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
