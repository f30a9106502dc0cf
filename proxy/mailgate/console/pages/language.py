"""The choice of the console's language."""

from datetime import timedelta

from aiohttp import web

from mailgate.console.context import context_of
from mailgate.console.forms import form_of
from mailgate.console.languages import COOKIE, console_languages
from mailgate.console.peer import over_tls
from mailgate.console.session_start import console_path

COOKIE_LASTS = timedelta(days=365)
MAX_BODY_BYTES = 16 * 1024
"""The largest form in bytes, since anybody may send it."""


async def choose(request: web.Request) -> web.Response:
    """Keep the language in a cookie and go back. It gives no access, so anybody may choose."""
    sent = await form_of(request, MAX_BODY_BYTES)
    tag = sent.get("lang", "")
    if tag not in console_languages():
        raise web.HTTPNotFound
    back = web.HTTPSeeOther(console_path(sent.get("to", "")) or str(request.app.router["now"].url_for()))
    back.set_cookie(
        COOKIE,
        tag,
        max_age=int(COOKIE_LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=over_tls(request, context_of(request).bundle().settings),
        path="/console",
    )
    raise back


ROUTES = [web.post("/language", choose, name="language")]
