"""The choice of the console's language."""

from datetime import timedelta

from aiohttp import web

from mailgate.console.context import context_of
from mailgate.console.forms import form_of
from mailgate.console.languages import console_languages
from mailgate.console.peer import set_cookie
from mailgate.console.session_start import console_path
from mailgate.http.cookies import CONSOLE_LANGUAGE_COOKIE

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
    settings = context_of(request).bundle().settings
    set_cookie(request, back, CONSOLE_LANGUAGE_COOKIE, tag, settings, lasts=COOKIE_LASTS, to_links=True)
    raise back


ROUTES = [web.post("/language", choose, name="language")]
