"""What a check of ``mailgate doctor`` finds, and what every check is given to look at and to ask with."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from mailgate.config import Bundle, Settings
from mailgate.errors import Mistake
from mailgate.store import Store, StoreError
from mailgate.wire import ApiRequest, ApiResponse, HttpsWire, Wire

ANSWER_SECONDS = 5.0
"""How long one answer may take."""
MAX_ANSWER = 4 * 1024 * 1024
"""The longest answer that is read, in bytes."""


class State(StrEnum):
    """How something is, as far as it could be seen."""

    OK = "ok"
    WARNING = "warning"
    """It works, and needs somebody soon."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It could not be seen from here, which is neither good nor bad."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that a check has seen."""

    check: str
    state: State
    found: str
    """What was seen, in one sentence without a secret."""
    next: str = ""
    """What to do about it; empty if nothing has to be done."""


def ok(check: str, found: str, to_do: str = "") -> Diagnosis:
    return Diagnosis(check, State.OK, found, to_do)


def failed(check: str, found: str, to_do: str) -> Diagnosis:
    return Diagnosis(check, State.FAILED, found, to_do)


def unknown(check: str, found: str, to_do: str = "") -> Diagnosis:
    return Diagnosis(check, State.UNKNOWN, found, to_do)


_TO_DO = re.compile(
    r"; (?=(?:add|choose|close|compare|did you mean|give|install|keep|leave|list|make|mend|name|put|renew|run|save|send|set|use|write) )"
)


def diagnosis_by(check: str, text: str, state: State = State.FAILED, otherwise: str = "") -> Diagnosis:
    """A diagnosis by a message of the house, which ends with what to do, or else with what to do ``otherwise``."""
    found, *to_do = _TO_DO.split(text, maxsplit=1)
    return Diagnosis(check, state, found, to_do[0] if to_do else otherwise)


@dataclass(frozen=True, slots=True)
class Examined:
    """A gate by its files, and the tools to look at it. Nothing here changes anything but by leaving a trace of a question."""

    config: Path
    clock: Callable[[], datetime]
    settings: Settings | None
    """None if they have a mistake."""
    bundle: Bundle | None
    """None if any file has a mistake."""
    mistakes: tuple[Mistake, ...] = ()
    store: Store | StoreError | None = None
    """The open store, or why it cannot be opened; None without settings."""
    wire: Callable[[Path | None], Wire] = lambda each: HttpsWire(ANSWER_SECONDS, MAX_ANSWER, each)
    """Asks with these authorities, or with those of the system."""
    own_addresses: Callable[[str], frozenset[str]] = lambda _host: frozenset()
    """The addresses of this machine from which a host is asked."""

    @property
    def at_hand(self) -> Settings:
        """The settings, for a check that needs them."""
        assert self.settings is not None
        return self.settings

    @property
    def opened(self) -> Store:
        """The store, for a check that needs it."""
        assert isinstance(self.store, Store)
        return self.store

    async def get(
        self, url: str, authorities: Path | None = None, headers: Mapping[str, str] | None = None
    ) -> ApiResponse:
        """The answer to one GET. Raises SourceError."""
        wire = self.wire(authorities)
        try:
            return await wire.ask(ApiRequest("GET", url, headers or {}))
        finally:
            await wire.close()


Look = Callable[[Examined], AsyncIterator[Diagnosis]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check, and what it cannot do without."""

    name: str
    look: Look
    needs: frozenset[str] = frozenset({"settings"})
    """``settings``, ``files`` or ``store``."""
    about: Callable[[Settings], object] = lambda _: True
    """The settings that it is about. Without them there is nothing to check."""
