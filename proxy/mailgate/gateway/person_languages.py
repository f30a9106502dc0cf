"""Hears which language a person reads, from the requests of their browsers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from mailgate.model import Access, Decision, Protocol
from mailgate.store.languages import Languages
from mailgate.store.ledger import Repeat
from mailgate.texts import MAX_HEADER, choose_language, languages_by_tag, load_languages


@dataclass
class PersonLanguages:
    """Records the languages of people (a ``DecisionListener``, ``recorder.py``)."""

    languages: Languages
    tags: Mapping[str, str]

    def __post_init__(self) -> None:
        self._choose = lru_cache(1024)(lambda wanted: choose_language(wanted, self.tags, ""))

    @classmethod
    def of(cls, languages: Languages) -> "PersonLanguages":
        """With the languages of the pages."""
        return cls(languages, languages_by_tag(load_languages()))

    def record(self, access: Access, *_: object) -> None:
        """Record the language that a request names."""
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
