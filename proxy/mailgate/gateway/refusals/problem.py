"""Problem documents (RFC 9457) for programs on the web and for JMAP clients."""

import json
import secrets
from datetime import timedelta
from functools import lru_cache

from mailgate.gateway.answer import PROBLEM, Answer, json_answer
from mailgate.gateway.pages import explain_reason
from mailgate.model import Reason

REMEMBERED = 256
"""How many documents are cached. Each has about half a KiB."""
_JSON = json.JSONEncoder(ensure_ascii=False)


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
    """A problem document with the reason as its type, in words and as a code. ``title`` is the title of the rule that
    decided.

    ``proof`` is the reason why a proof was refused, if there is one. ``clock_off`` is how far the device's clock is
    ahead.
    """
    before, behind = _around_reference(status, reason, apps, title, detail, proof, clock_off)
    return Answer(status, before + _JSON.encode(reference).encode() + behind, PROBLEM, headers)


@lru_cache(REMEMBERED)
def _around_reference(
    status: int,
    reason: Reason,
    apps: tuple[str, ...],
    title: str,
    detail: str,
    proof: Reason | None,
    clock_off: timedelta | None,
) -> tuple[bytes, bytes]:
    """The document in two parts, before and after its reference. Only the reference differs between requests."""
    words, mark = explain_reason(proof or reason, apps, title, clock_off), secrets.token_hex(16)
    body = {
        "type": f"urn:mailgate:reason:{reason}",
        "title": words.title,
        "status": status,
        "detail": detail or words.detail,
        "reason": reason.value,
        "reference": mark,
        **({"apps": list(apps)} if apps else {}),
        **({"proof": proof.value} if proof else {}),
        **({"clock_off_seconds": int(clock_off.total_seconds())} if clock_off is not None else {}),
    }
    before, _, behind = json_answer(status, body, PROBLEM).body.partition(_JSON.encode(mark).encode())
    return before, behind
