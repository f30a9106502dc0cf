"""Problem documents (RFC 9457): what programs on the web, and JMAP clients, are told."""

from dataclasses import replace

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
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """A problem with the reason as its type, in words and as a code. ``title`` is that of the rule that decided."""
    words = explain_reason(reason, apps, title)
    body = {
        "type": f"urn:mailgate:reason:{reason}",
        "title": words.title,
        "status": status,
        "detail": detail or words.detail,
        "reason": reason.value,
        "reference": reference,
        **({"apps": list(apps)} if apps else {}),
    }
    return replace(json_answer(status, body, PROBLEM), headers=headers)
