"""The language that a person reads: what their browser asks for is heard from their requests, and ``/.mailgate/language`` takes another choice for the pages."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl

from mailgate.gateway.answer import Answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.pages.view import own_path
from mailgate.http.cookies import LANGUAGE_COOKIE, set_cookie
from mailgate.http.request import RequestRefused
from mailgate.model import Access, Decision, Protocol, Reason
from mailgate.store.ledger import Repeat
from mailgate.store.mail import Languages
from mailgate.texts import MAX_HEADER, choose_language, languages_by_tag, load_languages


@dataclass
class PersonLanguages:
    """Records the languages of people (a ``DecisionListener``, ``recorder.py``)."""

    languages: Languages

    def __post_init__(self) -> None:
        self._tags = languages_by_tag(load_languages())
        self._choose = lru_cache(1024)(self._form)

    def _form(self, wanted: str) -> str:
        """The language that answers, with the region in whose form mails have dates; there are some hundreds. Empty if none answers."""
        tag = choose_language(wanted, self._tags, "")
        return load_languages()[tag].as_written_in(wanted).form if tag else ""

    def record(self, access: Access, *_: object) -> None:
        if _names_reader(access):
            self._hear(access.user.name, access.facts.headers.get("accept-language", ""), access.now)

    def recurring(self, access: Access, _decision: Decision) -> Repeat | None:
        """What records that of the same request again; None if nobody is named or the client is no browser."""

        def repeat(_agent: str, person: str, wanted: str, now: datetime, _reference: str = "") -> None:
            self._hear(person, wanted, now)

        return repeat if _names_reader(access) else None

    def _hear(self, person: str, wanted: str, now: datetime) -> None:
        if tag := self._choose(wanted[:MAX_HEADER]):
            self.languages.note(person, tag, now)


def _names_reader(access: Access) -> bool:
    return bool(access.user.name) and access.client.protocol is Protocol.WEB


_COOKIE_LASTS = timedelta(days=365)


async def take_choice(incoming: Incoming, _reference: str, _now: datetime) -> Answer:
    """Keep the language in a cookie and go back. It gives no access, so anybody may choose."""
    said = dict(parse_qsl(incoming.body.decode("latin-1")))
    language, target = said.get("lang", ""), own_path(said.get("to", "/"))
    if language not in load_languages() or not target.isascii():
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "Expected a language of these pages.")
    cookie = set_cookie(LANGUAGE_COOKIE, language, incoming.facts, lasts=_COOKIE_LASTS)
    return replace(Answer(303), headers=(("Location", target), ("Set-Cookie", cookie)))
