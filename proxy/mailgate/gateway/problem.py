"""Problem documents (RFC 9457): what programs on the web, and JMAP clients, are told."""

from dataclasses import replace
from datetime import timedelta

from mailgate.gateway.answer import PROBLEM, Answer, json_answer
from mailgate.gateway.pages import explain_reason
from mailgate.model import Reason


def problem(
    status: int,
    reason: Reason,
    reference: str,
    *,
    apps: tuple[str, ...] = (),
    title: str = "",
    detail: str = "",
    proof: Reason | None = None,
    clock_off: timedelta | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """A problem with the reason as its type, in words and as a code. ``title`` is that of the rule that decided.

    ``proof`` is what was wrong with the proof that came, which is then what the words say; ``clock_off`` by how much its
    clock is ahead.
    """
    words = explain_reason(proof or reason, apps, title, clock_off)
    body = {
        "type": f"urn:mailgate:reason:{reason}",
        "title": words.title,
        "status": status,
        "detail": detail or words.detail,
        "reason": reason.value,
        "reference": reference,
        **({"apps": list(apps)} if apps else {}),
        **({"proof": proof.value} if proof else {}),
        **({"clock_off_seconds": int(clock_off.total_seconds())} if clock_off is not None else {}),
    }
    return replace(json_answer(status, body, PROBLEM), headers=headers)
