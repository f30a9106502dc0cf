"""``/.mailgate/language``: a person chooses another language for the pages than their browser asks for."""

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from mailgate.gateway.answer import Answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.pages.view import own_path
from mailgate.http.cookies import LANGUAGE_COOKIE, set_cookie
from mailgate.http.request import RequestRefused
from mailgate.model import Reason
from mailgate.texts import load_languages

_COOKIE_LASTS = timedelta(days=365)


async def choose_language(incoming: Incoming, _reference: str, _now: datetime) -> Answer:
    """Keep the language in a cookie and go back. It gives no access, so anybody may choose."""
    said = dict(parse_qsl(incoming.body.decode("latin-1")))
    language, target = said.get("lang", ""), own_path(said.get("to", "/"))
    if language not in load_languages() or not target.isascii():
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "Expected a language of these pages.")
    seconds = int(_COOKIE_LASTS.total_seconds())
    cookie = set_cookie(LANGUAGE_COOKIE, language, incoming.facts, seconds=seconds)
    return replace(Answer(303), headers=(("Location", target), ("Set-Cookie", cookie)))
