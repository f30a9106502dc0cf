"""What takes a rule out for a time, for everybody or for one person or device: halts, break-glass, exemptions.

A relief makes a rule that restricts a report-only one: what it would have done is still recorded, and the next rule is
read. It grants nothing, it never touches a rule that allows, and a lost device is shut out before it is looked at. Nor does it
take anything away: what comes behind does no more than the rule itself would.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from mailgate.model import Access, Effect
from mailgate.policy.logins import user_text


class Cause(StrEnum):
    """Why a rule is taken out."""

    HALT = "halt"
    """It went past its own ``halt_when``."""
    BREAK_GLASS = "break-glass"
    """Somebody turned it off at once."""
    EXEMPTION = "exemption"
    """Somebody exempted a person or a device."""


@dataclass(frozen=True, slots=True)
class Relief:
    """One rule that is taken out, or for an exemption perhaps every rule."""

    number: int
    cause: Cause
    rule: str
    """Its id; empty for every rule that restricts."""
    why: str
    author: str
    at: datetime
    until: datetime | None = None
    """When it ends by itself; a halt does not."""
    person: str = ""
    """A login name in one spelling; with neither this nor ``device`` it is for everybody."""
    device: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it has not run out."""
        return self.until is None or now < self.until

    def takes_out(self, rule: str, effect: Effect) -> bool:
        """Whether a rule with this id and effect is among what it takes out."""
        return effect is not Effect.ALLOW and self.rule in ("", rule)

    def __str__(self) -> str:
        """In words, as decisions tell it."""
        end = f" until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else ""
        return f"{_WORDS[self.cause]} since {self.at:%Y-%m-%d %H:%M} UTC{end}: {self.why}"


_WORDS = {
    Cause.HALT: "halted",
    Cause.BREAK_GLASS: "off by break-glass",
    Cause.EXEMPTION: "exempt",
}


@dataclass(frozen=True)
class Reliefs:
    """All that is in force. ``serial`` is another after every change, so two of one serial hold the same."""

    serial: int = 0
    every: tuple[Relief, ...] = ()

    def about(self, access: Access) -> tuple[Relief, ...]:
        """Those that count for one request, those for everybody first."""
        if not self.every:
            return ()
        person, device = user_text(access.user.name or access.posture.owner), access.posture.device_id
        named = [("", "")]
        named += [(person, "")] if person else []
        named += [("", device)] if device else []
        return tuple(
            each for name in named for each in self._by_subject.get(name, ()) if each.holds(access.now)
        )

    def for_everybody(self, now: datetime) -> tuple[Relief, ...]:
        """Halts and break-glass that hold."""
        return tuple(each for each in self._by_subject.get(("", ""), ()) if each.holds(now))

    def exemptions(self, now: datetime) -> tuple[Relief, ...]:
        """Those of single people and devices that hold."""
        return tuple(each for each in self.every if each.cause is Cause.EXEMPTION and each.holds(now))

    def of_some(self) -> "Reliefs":
        """Those of single people and devices alone, as if no rule were out for everybody."""
        return Reliefs(self.serial, tuple(each for each in self.every if each.cause is Cause.EXEMPTION))

    def next_end(self, now: datetime) -> datetime | None:
        """When the next of them ends by itself."""
        return min((each.until for each in self.every if each.until and now < each.until), default=None)

    @cached_property
    def _by_subject(self) -> Mapping[tuple[str, str], tuple[Relief, ...]]:
        found: dict[tuple[str, str], tuple[Relief, ...]] = {}
        for each in self.every:
            name = (each.person, each.device)
            found[name] = (*found.get(name, ()), each)
        return found


NO_RELIEFS = Reliefs()


def relief_from(reliefs: Iterable[Relief], rule: str, effect: Effect) -> Relief | None:
    """The first that takes a rule with this id and effect out."""
    return next((each for each in reliefs if each.takes_out(rule, effect)), None)
