"""Beside each decision: whether somebody was shown it, and in which language that person reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol as Shape

from mailgate.gateway.enforce import wants_warning
from mailgate.gateway.pages.languages import asked_as, load_languages
from mailgate.gateway.pages.negotiate import choose_language
from mailgate.model import Access, Decision, Effect, Protocol
from mailgate.store.ledger import Recurring


class Book(Shape):
    """Where decisions are remembered (``store/ledger.py``)."""

    def recurring(self, access: Access, decision: Decision) -> Recurring: ...

    def record(
        self, access: Access, decision: Decision, reference: str = "", *, shown: bool | None = None
    ) -> None: ...


class Tongues(Shape):
    """Where languages are remembered (``store/languages.py``)."""

    def hear(self, login: str, tag: str, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a gate records of a request. Never waits."""

    book: Book
    tongues: Tongues
    asked_as: Mapping[str, str]

    @classmethod
    def of(cls, book: Book, tongues: Tongues) -> "Hearing":
        """With the languages of the pages."""
        return cls(book, tongues, asked_as(load_languages()))

    def recurring(self, access: Access, decision: Decision) -> Recurring | None:
        """What records the same again; None where there is more to hear of it each time."""
        named = access.user.name or decision.effect is not Effect.ALLOW
        return None if named else self.book.recurring(access, decision)

    def record(self, access: Access, decision: Decision, reference: str = "") -> None:
        """Remember one decision. A warning that nobody sees has told nobody."""
        warns = decision.effect is Effect.WARN
        self.book.record(
            access, decision, reference, shown=wants_warning(access, decision) if warns else None
        )
        wanted = access.facts.headers.get("accept-language", "")
        if wanted and access.user.name and access.client.protocol is Protocol.WEB:
            tag = choose_language(wanted, self.asked_as, "")
            if tag:
                self.tongues.hear(access.user.name, tag, access.now)
