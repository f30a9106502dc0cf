"""The words of every form of refusal: the reason as a code and as a text, the reference id, and problem documents (RFC 9457) for programs on the web and for JMAP clients."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from secrets import token_hex
from xml.sax.saxutils import escape

from mailgate.gateway.answer import PROBLEM, Answer, json_answer
from mailgate.gateway.pages.reasons import explain_reason
from mailgate.model import Access, Decision, Reason
from mailgate.policy.people import user_text

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that no XML document may hold, not even escaped (XML 1.0, section 2.2)."""


def as_told(access: Access, decision: Decision) -> Decision:
    """The decision as whoever asks may read it: without its cause if that is about somebody whom the request only names.

    Anybody can send a name, or the ActiveSync id of a colleague's phone. What is known of that phone is told only to who has
    proved to be that device, or whom a trusted proxy names as its owner.
    """
    return without_cause(decision) if decision.claimed or _is_only_named(access) else decision


def without_cause(decision: Decision) -> Decision:
    """The decision without anything that is known of a device."""
    return replace(
        decision,
        reason=Reason.RULE_MATCHED,
        title="",
        fix="",
        apps=(),
        update=None,
        deadline=None,
        let_in=None,
    )


def _is_only_named(access: Access) -> bool:
    """Whether nothing but the word of whoever asks says that the device is theirs."""
    proof, owner = access.attestation, user_text(access.posture.owner)
    proved = proof is not None and proof.refused is None
    owned = bool(owner) and user_text(access.facts.user or "") == owner
    return bool(access.client.eas_id) and not (proved or owned)


def refusal_sentence(decision: Decision, reference: str) -> str:
    """The refusal in one line of plain English, with the contact, if there is one, and the reference."""
    words = explain_reason(decision.reason, decision.apps, decision.title)
    contact = f" Contact: {decision.contact}." if decision.contact else ""
    return f"{words.title}. {words.detail}{contact} Reference: {reference}."


def xml_text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def reason_header(decision: Decision) -> tuple[str, str]:
    return "X-Device-Reason", decision.reason.value


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
    by_person: bool = False,
    proof: Reason | None = None,
    clock_off: timedelta | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """A problem document with the reason as its type, in words and as a code. ``title`` is that of the rule that decided, ``by_person``: whether
    all devices of a person have. ``proof`` is the reason why a proof was refused; ``clock_off`` is how far the device's clock is ahead."""
    before, behind = _around_reference(status, reason, apps, title, detail, by_person, proof, clock_off)
    return Answer(status, before + _JSON.encode(reference).encode() + behind, PROBLEM, headers)


@lru_cache(REMEMBERED)
def _around_reference(
    status: int,
    reason: Reason,
    apps: tuple[str, ...],
    title: str,
    detail: str,
    by_person: bool,
    proof: Reason | None,
    clock_off: timedelta | None,
) -> tuple[bytes, bytes]:
    """The document in two parts, before and after its reference. Only the reference differs between requests."""
    words, mark = explain_reason(proof or reason, apps, title, clock_off, by_person=by_person), token_hex(16)
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
