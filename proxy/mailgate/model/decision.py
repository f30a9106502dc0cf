"""A decision: the access in question, the rules that were read for it, and the answer."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from mailgate.model.client import Client, RequestFacts
from mailgate.model.device import Posture
from mailgate.model.proofs import AttestationResult, CertificateResult, VerifiedLogin
from mailgate.model.reasons import Reason


class Effect(StrEnum):
    """The effect of a rule on a request, mildest first."""

    ALLOW = "allow"
    WARN = "warn"
    CHALLENGE = "challenge"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """A number that grows with the restriction."""
        return [*Effect].index(self)


class Stage(StrEnum):
    """The current stage of a rule. ``pending`` is before the first date of its stages."""

    PENDING = "pending"
    REPORT_ONLY = "report_only"
    WARN = "warn"
    ENFORCE = "enforce"


def user_text(name: str) -> str:
    """A login name in ASCII lower case. Letters beyond ASCII stay as they are, so that two people never become one."""
    return name.lower() if name.isascii() else name.encode("utf-8", "backslashreplace").lower().decode()


@dataclass(frozen=True, slots=True)
class User:
    """The person who asks, as far as the gate may believe it: by a trusted proxy, a proof, or a login that the mail server has to check."""

    name: str = ""
    groups: tuple[str, ...] = ()
    """The groups of the person. If no person is named, these are the groups of the device's owner."""
    groups_known: bool = False
    """Whether the groups of this person are known. If they are not, ``groups`` means nothing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Another reading of a request, by names in it that nobody checks: as if this person asked, from this device."""

    user: User
    client: Client
    posture: Posture


@dataclass(frozen=True, slots=True)
class Access:
    """Everything that a decision may depend on. All but ``claims`` has a source other than the word of whoever asks, or is
    evidence that only restricts, like the client's kind."""

    facts: RequestFacts
    client: Client
    posture: Posture
    now: datetime
    user: User = User()
    attestation: AttestationResult | None = None
    certificate: CertificateResult | None = None
    login: VerifiedLogin | None = None
    """What the token of the login says about this person, if a trusted proxy has passed one on."""
    claims: tuple[Claim, ...] = ()
    """The other readings of the request. They may only restrict: the hardest answer of all readings counts."""

    def readings(self) -> "tuple[Access, ...]":
        """The access by what is known, and then by each claim."""
        if not self.claims:
            return (self,)
        others = (
            replace(self, user=each.user, client=each.client, posture=each.posture, claims=())
            for each in self.claims
        )
        return (replace(self, claims=()), *others)


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """One rule on the way to a decision, and its outcome. Trials are kept in the order in which rules are read."""

    rule: str
    condition: str
    matched: bool
    stage: Stage
    effect: Effect | None = None
    """The effect of the rule, or the effect that it would have had (``report_only``); None if it did not match."""
    note: str = ""
    """Why it did or did not decide, in words: out of share, report-only, error text, …"""


class Trials(Sequence[RuleTrial]):
    """The trials of a decision in order, made when somebody looks at them: most are never explained."""

    __slots__ = ("_length", "_made", "_make")

    def __init__(self, length: int, make: Callable[[], Iterable[RuleTrial]]) -> None:
        self._length, self._make = length, make
        self._made: tuple[RuleTrial, ...] | None = None

    def _all(self) -> tuple[RuleTrial, ...]:
        if self._made is None:
            self._made = tuple(self._make())
        return self._made

    def __getitem__(self, at: Any) -> Any:
        return self._all()[at]

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trials | tuple) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


class Update(NamedTuple):
    """What is too old."""

    of: str
    """``browser``, ``extension`` or ``system``."""
    name: str
    """Its name by its own word; empty if it has none."""
    version: str
    """The lowest version that would do."""


class LetIn(NamedTuple):
    """On which terms people whom a rule refuses may let themselves in (``self_service`` of the rule)."""

    lasts: timedelta
    once_per: timedelta
    reason: str
    """``required``, ``optional`` or ``none``: whether they have to say why."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one request."""

    effect: Effect
    reason: Reason
    rule: str
    """The id of the rule that decided; otherwise ``default``, ``discovery`` or ``device-lost`` (``policy/rules.py``)."""
    policy_version: str
    trials: Sequence[RuleTrial] = ()
    would: tuple[RuleTrial, ...] = ()
    """The report-only rules that matched, with the effects that they would have had."""
    title: str = ""
    fix: str = ""
    contact: str = ""
    apps: tuple[str, ...] = ()
    """The display names of the listed apps that decided."""
    update: Update | None = None
    """What is too old, if that decided."""
    deadline: datetime | None = None
    """When the rule's next, stricter stage starts, or a new device's grace ends."""
    reliefs: int = 0
    """The serial number of the reliefs that the decision was made with."""
    claimed: bool = False
    """Whether only a claim of the request makes it so hard (``Access.claims``)."""
    let_in: LetIn | None = None
    """How the person may let themselves in, if the rule offers that and nothing else refuses them. Whether they have not done so
    lately, and are logged in, is not looked at."""


class DecisionSummary(NamedTuple):
    """The decision in plain values, which are compared quickly, to count requests after they have ended."""

    effect: str
    reason: str
    rule: str
    kind: str
    protocol: str
    person: str
    """The person who asked, if the gate believed it; otherwise empty."""

    @classmethod
    def of(cls, access: Access, decision: Decision) -> "DecisionSummary":
        client = access.client
        return cls(
            str(decision.effect),
            str(decision.reason),
            decision.rule,
            str(client.kind),
            str(client.protocol),
            access.user.name,
        )
