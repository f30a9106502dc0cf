"""ActiveSync: the status alone. A body that a mail app does not know only confuses it, a redirect sends it astray."""

from mailgate.gateway.answer import Answer
from mailgate.model import Access, Decision


def refuse(access: Access, decision: Decision, reference: str) -> Answer:  # noqa: ARG001 - the shape of every form
    """403 without a body (MS-ASHTTP, section 2.2.2.1.1)."""
    return Answer(403, headers=(("X-Device-Reason", decision.reason.value),))
