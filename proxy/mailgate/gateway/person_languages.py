"""Hears which language a person reads, from the requests of their browsers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailgate.gateway.pages.languages import choose_language, languages_by_tag, load_languages
from mailgate.model import Access, Decision, Protocol
from mailgate.store.languages import Languages
from mailgate.store.ledger import Repeat


@dataclass(frozen=True, slots=True)
class PersonLanguages:
    """Records the languages of people (a ``DecisionListener``, ``recorder.py``)."""

    languages: Languages
    tags: Mapping[str, str]

    @classmethod
    def of(cls, languages: Languages) -> "PersonLanguages":
        """With the languages of the pages."""
        return cls(languages, languages_by_tag(load_languages()))

    def record(self, access: Access, *_: object) -> None:
        """Record the language that a request names."""
        if tag := self._language(access):
            self.languages.note(access.user.name, tag, access.now)

    def recurring(self, access: Access, _decision: Decision) -> Repeat | None:
        """What records it again; None if the request names none."""
        languages, login, tag = self.languages, access.user.name, self._language(access)

        def repeat(_agent: str, now: datetime, _reference: str = "") -> None:
            languages.note(login, tag, now)

        return repeat if tag else None

    def _language(self, access: Access) -> str:
        """The language of the person; empty if nobody is named, the client is no browser, or the request names
        no language."""
        if not access.user.name or access.client.protocol is not Protocol.WEB:
            return ""
        wanted = access.facts.headers.get("accept-language", "")
        return choose_language(wanted, self.tags, "") if wanted else ""
