"""What another proxy is told about a request: go on, or the answer that its client has to get instead."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from cachetools import TTLCache

from mailgate.gateway.answer import Answer
from mailgate.gateway.authz.original import PATH, Dialect
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.model import Access, Decision

REFUSAL = f"{PATH}/refusal"
"""Where nginx fetches the answer that it has to give: it drops the body of an answer to its question."""

KEPT = timedelta(seconds=30)
"""How long such an answer waits to be fetched, which takes a moment."""
KEPT_BYTES = 8 * 1024 * 1024
BESIDE = 1024
"""Bytes that such an answer takes beside its body: ActiveSync's refusals have none."""
STATUS = "X-Device-Status"
"""The status that the client has to get, where the proxy would take it for a yes."""


class Yes(NamedTuple):
    """A yes as it was given."""

    answer: Answer
    reference: str
    remember: timedelta
    """How long the asking proxy may go by it at most."""


@dataclass(slots=True)
class Authorizer:
    """One for a gate: the dialect in which it is asked."""

    dialect: Dialect
    clock: Callable[[], datetime]
    remember: timedelta = timedelta()
    """How long the asking proxy may go by a yes without asking again."""
    _waiting: TTLCache[str, Answer] = field(init=False)

    def __post_init__(self) -> None:
        self._waiting = TTLCache(
            KEPT_BYTES,
            KEPT.total_seconds(),
            lambda: self.clock().timestamp(),
            lambda answer: len(answer.body) + BESIDE,
        )

    def serves(self, path: str) -> bool:
        """Whether questions are asked here, or answers fetched. Envoy puts the original path behind the address."""
        if self.dialect is Dialect.ENVOY:
            return path.startswith(f"{PATH}/")
        return path == PATH or (path == REFUSAL and self.dialect is Dialect.NGINX)

    def let_in(
        self, incoming: Incoming, access: Access, decision: Decision, reference: str, until: datetime
    ) -> Answer:
        """Yes. nginx keeps it as long as ``X-Accel-Expires`` says, in seconds, and no longer."""
        headers = results(access, decision, reference)
        seconds = self._seconds(incoming, until - access.now)
        return Answer(200, headers=(*headers, ("X-Accel-Expires", str(seconds))) if seconds else headers)

    def keep_out(
        self, answer: Answer, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Answer:
        """No, with the answer of the client in it. A status of success would be taken for a yes, and nginx knows two for a no."""
        if self.dialect is Dialect.NGINX:
            self._waiting[reference] = replace(answer, headers=(*answer.headers, *incoming.answer_fields))
        headers = list(results(access, decision, reference))
        is_no = answer.status in (401, 403) if self.dialect is Dialect.NGINX else answer.status >= 300
        if not is_no:
            headers.append((STATUS, str(answer.status)))
        own = [each for each in answer.headers if not each[0].lower().startswith("x-device-")]
        return replace(answer, status=answer.status if is_no else 403, headers=(*own, *headers))

    def fetch(self, reference: str) -> Answer | None:
        """The answer that waits under this reference, once. None where there is none, or no more."""
        return self._waiting.pop(reference, None)

    def _seconds(self, incoming: Incoming, left: timedelta) -> int:
        """Whole seconds for which the same request has the same answer; 0 where each has a proof or a nonce of its own."""
        own = incoming.proofs or incoming.answer_fields
        return 0 if own else int(min(left, self.remember).total_seconds())


def results(access: Access, decision: Decision, reference: str) -> tuple[tuple[str, str], ...]:
    """What the asking proxy, and the webmail behind it, are told of a decision. All of them, always."""
    return (
        ("X-Device-Decision", decision.effect.value),
        ("X-Device-Reason", decision.reason.value),
        ("X-Device-Class", access.client.kind.value),
        ("X-Device-Assurance", access.client.assurance.value),
        ("X-Device-User", quote(access.user.name, safe="@")),
        ("X-Device-Reference", reference),
    )
