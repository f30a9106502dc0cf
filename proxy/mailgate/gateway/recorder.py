"""Tells every decision to whoever keeps or counts it, and writes its line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from mailgate.gateway.answer import References
from mailgate.gateway.metrics import proof_outcome
from mailgate.gateway.refusals.responses import needs_warning
from mailgate.http.exchange import Exchange
from mailgate.logs import is_debugging
from mailgate.model import Access, Decision, DecisionSummary, Effect
from mailgate.store.ledger import Repeat

log = structlog.get_logger()


class DecisionListener(Protocol):
    """Keeps or counts decisions. It never waits and never raises."""

    def record(self, access: Access, decision: Decision, reference: str, shown: bool, /) -> None:
        """Take one decision. ``reference`` is the id in its answer, if any; ``shown``: whether the person sees it."""

    def recurring(self, access: Access, decision: Decision) -> Repeat | None:
        """What takes the same request again; None if nothing has to."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """The one place through which every decision goes that is about to be carried out."""

    listeners: Sequence[DecisionListener]
    """The ledger, the languages of people, the rules that may halt, and the metrics (``app/parts.py``)."""
    references: References

    def record(self, exchange: Exchange, access: Access, decision: Decision) -> None:
        exchange.judged = DecisionSummary.of(access, decision)
        refused = decision.effect is not Effect.ALLOW
        reference = self.references.of(exchange) if refused or is_debugging() else ""
        self.tell(access, decision, reference, reference if refused else "")

    def tell(self, access: Access, decision: Decision, reference: str, told: str) -> None:
        """Record a decision. ``told`` is the reference if the answer has it, or empty."""
        refused, warns = decision.effect is not Effect.ALLOW, decision.effect is Effect.WARN
        shown = needs_warning(access, decision) if warns else refused
        for listener in self.listeners:
            listener.record(access, decision, told, shown)
        if refused or is_debugging():
            write = log.info if refused else log.debug
            write("decided", reference=reference, **line_of(access, decision))

    def tell_again(
        self, repeats: Sequence[Repeat], line: Mapping[str, object], access: Access, reference: str
    ) -> None:
        """Record the same refusal again, and write its line (``line_of``)."""
        agent, wanted = access.facts.user_agent, access.facts.headers.get("accept-language", "")
        for repeat in repeats:
            repeat(agent, access.user.name, wanted, access.now, reference)
        log.info("decided", reference=reference, **line)

    def recurring(self, access: Access, decision: Decision) -> tuple[Repeat, ...]:
        """What to call each time the same request comes again. The line of an allowed one is written for debugging alone."""
        repeats = [listener.recurring(access, decision) for listener in self.listeners]
        return tuple([repeat for repeat in repeats if repeat is not None])


def line_of(access: Access, decision: Decision) -> Mapping[str, object]:
    """What the line of a decision says, but for its reference."""
    client = access.client
    return {
        "effect": decision.effect,
        "reason": decision.reason,
        "rule": decision.rule,
        "would": [trial.rule for trial in decision.would],
        "kind": client.kind,
        "assurance": client.assurance,
        "protocol": client.protocol,
        "posture": access.posture.state,
        "attestation": proof_outcome(access.attestation),
        "certificate": proof_outcome(access.certificate),
        "findings": [finding.reason for finding in client.findings],
        "policy": decision.policy_version,
    }
