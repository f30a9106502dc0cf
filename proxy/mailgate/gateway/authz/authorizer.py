"""Answers another proxy: let the request pass, or give the client this answer instead."""

from collections.abc import Callable, Sequence
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
"""The address at which nginx fetches the answer for its client, because it drops the body of an answer to its question."""

FETCHABLE_FOR = timedelta(seconds=30)
"""How long such an answer waits to be fetched. Fetching takes a moment."""
MAX_WAITING_BYTES = 8 * 1024 * 1024
OVERHEAD_BYTES = 1024
"""The bytes of such an answer besides its body. ActiveSync's refusals have no body."""
STATUS = "X-Device-Status"
"""The field with the status for the client, used if the proxy would take that status for an allowing answer."""


class AllowingAnswer(NamedTuple):
    """An allowing answer to another proxy."""

    answer: Answer
    reference: str
    remember: timedelta
    """The longest time for which the asking proxy may use it."""


@dataclass(slots=True)
class Authorizer:
    """Answers questions in one dialect."""

    dialect: Dialect
    clock: Callable[[], datetime]
    remember: timedelta = timedelta()
    """How long the asking proxy may use an allowing answer without asking again."""
    _waiting: TTLCache[str, Answer] = field(init=False)

    def __post_init__(self) -> None:
        self._waiting = TTLCache(
            MAX_WAITING_BYTES,
            FETCHABLE_FOR.total_seconds(),
            lambda: self.clock().timestamp(),
            lambda answer: len(answer.body) + OVERHEAD_BYTES,
        )

    def serves(self, path: str) -> bool:
        """Whether this path is for questions or for fetching answers. Envoy appends the original path to the address."""
        if self.dialect is Dialect.ENVOY:
            return path.startswith(f"{PATH}/")
        return path == PATH or (path == REFUSAL and self.dialect is Dialect.NGINX)

    def let_in(
        self, incoming: Incoming, access: Access, decision: Decision, reference: str, until: datetime
    ) -> Answer:
        """Make an allowing answer. nginx keeps it for the seconds of ``X-Accel-Expires`` and no longer."""
        headers = results(access, decision, reference)
        seconds = self._seconds(incoming, until - access.now)
        return Answer(200, headers=(*headers, ("X-Accel-Expires", str(seconds))) if seconds else headers)

    def keep_out(
        self,
        answer: Answer,
        added: Sequence[tuple[str, str]],
        access: Access,
        decision: Decision,
        reference: str,
    ) -> Answer:
        """Make a refusing answer that holds the client's answer, to which ``added`` belong. A proxy takes any success as
        permission, and nginx knows only two statuses for a refusal."""
        if self.dialect is Dialect.NGINX:
            self._waiting[reference] = replace(answer, headers=(*answer.headers, *added))
        headers = list(results(access, decision, reference))
        is_no = answer.status in (401, 403) if self.dialect is Dialect.NGINX else answer.status >= 300
        if not is_no:
            headers.append((STATUS, str(answer.status)))
        own = [each for each in answer.headers if not each[0].lower().startswith("x-device-")]
        return replace(answer, status=answer.status if is_no else 403, headers=(*own, *headers))

    def fetch(self, reference: str) -> Answer | None:
        """Take the answer that waits under this reference; None if there is none or it was fetched already."""
        return self._waiting.pop(reference, None)

    def _seconds(self, incoming: Incoming, left: timedelta) -> int:
        """The whole seconds for which the same request has the same answer; 0 if each request needs a proof, a
        nonce or the token of a login of its own."""
        own = incoming.proofs or incoming.answer_fields or incoming.login_token
        return 0 if own else int(min(left, self.remember).total_seconds())


def results(access: Access, decision: Decision, reference: str) -> tuple[tuple[str, str], ...]:
    """The fields with the decision for the asking proxy, and for the webmail behind it. All of them are always sent."""
    return (
        ("X-Device-Decision", decision.effect.value),
        ("X-Device-Reason", decision.reason.value),
        ("X-Device-Class", access.client.kind.value),
        ("X-Device-Assurance", access.client.assurance.value),
        ("X-Device-User", quote(access.user.name, safe="@")),
        ("X-Device-Reference", reference),
    )
