"""The words of every form of refusal: the reason as a code and as a text, and the reference id."""

import re
from xml.sax.saxutils import escape

from mailgate.gateway.pages import explain_reason
from mailgate.model import Decision

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that no XML document may hold, not even escaped (XML 1.0, section 2.2)."""


def refusal_sentence(decision: Decision, reference: str) -> str:
    """The refusal in one line of plain English, with the contact, if there is one, and the reference."""
    words = explain_reason(decision.reason, decision.apps, decision.title)
    contact = f" Contact: {decision.contact}." if decision.contact else ""
    return f"{words.title}. {words.detail}{contact} Reference: {reference}."


def xml_text(text: str) -> str:
    """``text`` as character data of an XML element."""
    return escape(_NOT_XML.sub("\ufffd", text))


def reason_header(decision: Decision) -> tuple[str, str]:
    return "X-Device-Reason", decision.reason.value
