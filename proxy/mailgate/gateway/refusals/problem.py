"""Problem documents (RFC 9457): what programs on the web, and JMAP clients, are told."""

import json
import secrets
from datetime import timedelta
from functools import lru_cache

from mailgate.gateway.answer import PROBLEM, Answer, json_answer
from mailgate.gateway.pages import explain_reason
from mailgate.model import Reason

REMEMBERED = 256
"""Documents that are kept, each of about half a KiB."""
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
    """A problem with the reason as its type, in words and as a code. ``title`` is that of the rule that decided.

    ``proof`` is what was wrong with the proof that came, which is then what the words say; ``clock_off`` by how much its
    clock is ahead.
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
    """The document up to its reference, which alone is another with each request, and from there on."""
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
