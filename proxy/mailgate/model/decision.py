"""A decision: the access in question, the rules that were read for it, and the answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from mailgate.model.client import Client, RequestFacts
from mailgate.model.device import Posture
from mailgate.model.proofs import AttestationResult, CertificateResult
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


@dataclass(frozen=True, slots=True)
class User:
    """The person who asks, as far as the gate may believe it. The webmail does the authentication."""

    name: str = ""
    groups: tuple[str, ...] = ()
    """The groups of the person. If no person is named, these are the groups of the device's owner."""
    groups_known: bool = False
    """Whether the groups of this person are known. If they are not, ``groups`` means nothing."""


@dataclass(frozen=True, slots=True)
class Access:
    """Everything that a decision may depend on."""

    facts: RequestFacts
    client: Client
    posture: Posture
    now: datetime
    user: User = User()
    attestation: AttestationResult | None = None
    certificate: CertificateResult | None = None


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


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one request."""

    effect: Effect
    reason: Reason
    rule: str
    """The id of the rule that decided; otherwise ``default``, ``discovery`` or ``device-lost`` (``policy/rules.py``)."""
    policy_version: str
    trials: tuple[RuleTrial, ...] = ()
    would: tuple[RuleTrial, ...] = ()
    """The report-only rules that matched, with the effects that they would have had."""
    title: str = ""
    fix: str = ""
    contact: str = ""
    apps: tuple[str, ...] = ()
    """The display names of the listed apps that decided."""
    deadline: datetime | None = None
    """When the rule's next, stricter stage starts, or a new device's grace ends."""
    reliefs: int = 0
    """The serial number of the reliefs that the decision was made with."""


class DecisionSummary(NamedTuple):
    """The decision in plain values, by which requests are counted after they have ended. Plain values are compared
    quickly."""

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
