"""Records each decision, whether the person saw it, and the language of the person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol as Shape

from mailgate.gateway.pages.languages import languages_by_tag, load_languages
from mailgate.gateway.pages.negotiate import choose_language
from mailgate.gateway.refusals.enforce import needs_warning
from mailgate.model import Access, Decision, Effect, Protocol
from mailgate.store.ledger import RepeatCounter


class Ledger(Shape):
    """The record of decisions (``store/ledger.py``)."""

    def recurring(self, access: Access, decision: Decision) -> RepeatCounter: ...

    def record(
        self, access: Access, decision: Decision, reference: str = "", *, shown: bool | None = None
    ) -> None: ...


class Languages(Shape):
    """The record of languages (``store/languages.py``)."""

    def note(self, login: str, tag: str, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class LedgerRecorder:
    """Records requests. It never waits."""

    ledger: Ledger
    languages: Languages
    tags: Mapping[str, str]

    @classmethod
    def of(cls, ledger: Ledger, languages: Languages) -> "LedgerRecorder":
        """Make a recorder with the languages of the pages."""
        return cls(ledger, languages, languages_by_tag(load_languages()))

    def recurring(self, access: Access, decision: Decision) -> RepeatCounter | None:
        """A counter that records the same decision again; None if its answer shows the person something each time."""
        if decision.effect is not Effect.ALLOW:
            return None
        recurring, tag = self.ledger.recurring(access, decision), self._language(access)
        return RecurringRequest(recurring, self.languages, access.user.name, tag) if tag else recurring

    def record(self, access: Access, decision: Decision, reference: str = "") -> None:
        """Record one decision. A warning counts as shown only if its page was shown."""
        warns = decision.effect is Effect.WARN
        self.ledger.record(
            access, decision, reference, shown=needs_warning(access, decision) if warns else None
        )
        tag = self._language(access)
        if tag:
            self.languages.note(access.user.name, tag, access.now)

    def _language(self, access: Access) -> str:
        """The language of the person; empty if nobody is named, the client is no browser, or the request names
        no language."""
        if not access.user.name or access.client.protocol is not Protocol.WEB:
            return ""
        wanted = access.facts.headers.get("accept-language", "")
        return choose_language(wanted, self.tags, "") if wanted else ""


@dataclass(frozen=True, slots=True)
class RecurringRequest:
    """Counts the same request again and records the person's language with it."""

    recurring: RepeatCounter
    languages: Languages
    login: str
    tag: str

    def count(self, user_agent: str, now: datetime) -> None:
        """Count the request again."""
        self.recurring.count(user_agent, now)
        self.languages.note(self.login, self.tag, now)
