"""The one order in which requests become verdicts: those for mail, and those that other proxies ask about."""

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from mailgate.gateway.answer import Answer, References
from mailgate.gateway.authz.authorizer import Authorizer
from mailgate.gateway.directions import gate_gives_directions
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.refusals.responses import gets_mail
from mailgate.gateway.refuse import KnownRefusal, Refuser
from mailgate.gateway.request_reader import Reader
from mailgate.gateway.verdict_cache import CachedVerdict, VerdictCache
from mailgate.gateway.waiting import settled, then
from mailgate.http.exchange import Exchange, Outcome, PendingOutcome
from mailgate.http.request import RequestHead
from mailgate.http.trusted_headers import Origin
from mailgate.model import Access, Decision


class Asked(NamedTuple):
    exchange: Exchange
    head: RequestHead
    """The exchange's own, or that of the request that the exchange asks about."""
    incoming: Incoming
    authorizer: Authorizer | None = None
    """Who answers the proxy that asks; None if the request is for mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """From the facts of a request to its answer. ``let_in`` and ``keep_out`` say how the answer is given."""

    in_force: InForce
    references: References
    metrics: Metrics
    reader: Reader
    verdicts: VerdictCache
    judge: Judge
    refuser: Refuser

    def known(
        self, exchange: Exchange, head: RequestHead, origin: Origin, now: datetime, port: int = 0
    ) -> CachedVerdict | None:
        """The verdict on a request that the rules cannot tell from an earlier one; None if there is none."""
        started = perf_counter()
        known = self.verdicts.find(head, origin, now, port)
        if known is not None:
            exchange.judged = known.judged
            self.metrics.decision_seconds.observe(perf_counter() - started)
        return known

    def read(self, exchange: Exchange, head: RequestHead, origin: Origin) -> Incoming:
        return self.reader.facts(exchange, head, origin)

    def refuse_again(
        self, exchange: Exchange, head: RequestHead, origin: Origin, now: datetime, refusal: KnownRefusal
    ) -> tuple[Access, Answer]:
        """The answer to a request that the rules cannot tell from a refused one. It is recorded like that."""
        access, read = refusal.access(head, origin, now), partial(self.read, exchange, head, origin)
        return access, self.refuser.refuse_again(exchange, refusal, access, read)

    def serve(self, asked: Asked, now: datetime) -> Outcome | PendingOutcome:
        """Judge a request and give its answer, at once if nothing has to be waited for."""
        found = self.judge.judge(asked.incoming, now)
        if isinstance(found, tuple):
            return self._carry_out(asked, *found, at_once=True)
        return self._wait(asked, found)

    async def _wait(self, asked: Asked, found: Coroutine[Any, Any, tuple[Access, Decision]]) -> Outcome:
        outcome = await settled(self._carry_out(asked, *await found, at_once=False))
        assert outcome is not None, "a task ends with its outcome"
        return outcome

    def _carry_out(
        self, asked: Asked, access: Access, decision: Decision, *, at_once: bool
    ) -> Outcome | PendingOutcome:
        """Show the probe if it is due; else record the decision, and let in, warn or refuse."""
        probe = self.refuser.probe_or_record(asked.exchange, access, decision)
        if probe is not None:
            return self.keep_out(asked, access, decision, probe, probing=True)
        if gets_mail(access, decision) and not gate_gives_directions(access, decision):
            return self.let_in(asked, access, decision, at_once=at_once)
        reference = self.references.of(asked.exchange)
        answer = self.refuser.answer_instead(asked.head, asked.incoming, access, decision, reference)
        return then(answer, partial(self.keep_out, asked, access, decision))

    def let_in(
        self, asked: Asked, access: Access, decision: Decision, *, at_once: bool
    ) -> Outcome | PendingOutcome:
        """Let a request through. ``at_once``: whether nothing was waited for."""
        raise NotImplementedError

    def keep_out(
        self, asked: Asked, access: Access, decision: Decision, answer: Answer, /, *, probing: bool = False
    ) -> Outcome:
        """Give a client this answer and no mail. ``probing``: whether it is the probe's page."""
        raise NotImplementedError
