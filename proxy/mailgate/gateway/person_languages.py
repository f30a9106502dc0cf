"""Hears which language a person reads, from the requests of their browsers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol as Shape

from mailgate.gateway.pages.languages import choose_language, languages_by_tag, load_languages
from mailgate.model import Access, Decision, Protocol
from mailgate.store.ledger import Repeat

MAX_CHOICES, MAX_WANTED = 1024, 128
"""How many choices are remembered, and the longest ``Accept-Language`` of these."""


class Languages(Shape):
    """The record of languages (``store/languages.py``)."""

    def note(self, login: str, tag: str, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class PersonLanguages:
    """Records the languages of people (a ``Listener`` of ``recorder.py``)."""

    languages: Languages
    tags: Mapping[str, str]
    _chosen: dict[str, str] = field(default_factory=dict)
    """The tags for what browsers asked for lately."""

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
        return (lambda _agent, *heard: self._hear(*heard)) if _names_reader(access) else None

    def _hear(self, person: str, wanted: str, now: datetime) -> None:
        if wanted and (tag := self._choice(wanted)):
            self.languages.note(person, tag, now)

    def _choice(self, wanted: str) -> str:
        tag = self._chosen.get(wanted)
        if tag is None:
            tag = choose_language(wanted, self.tags, "")
            if len(self._chosen) >= MAX_CHOICES:
                self._chosen.clear()
            if len(wanted) <= MAX_WANTED:
                self._chosen[wanted] = tag
        return tag


def _names_reader(access: Access) -> bool:
    return bool(access.user.name) and access.client.protocol is Protocol.WEB
