"""Refuses MAPI over HTTP by a response code in a header, and a text for readers of the client's log (MS-OXCMAPIHTTP)."""

import re

from mailgate.gateway.answer import Answer
from mailgate.gateway.refusals.wording import reason_header, refusal_sentence
from mailgate.model import Access, Decision

NO_PRIVILEGE = "11"
"""The ``X-ResponseCode`` for a client without privileges (section 2.2.3.3.3)."""

_ECHOED = {"x-requesttype": "X-RequestType", "x-requestid": "X-RequestId", "x-clientinfo": "X-ClientInfo"}
"""Headers that a response repeats from its request (sections 2.2.3.3.1, 2.2.3.3.2, 2.2.3.3.4)."""

_PLAIN = re.compile(r"[\w{}:;,.=/-]{1,128}", re.ASCII)
"""The form of such a header: a word, a GUID and a counter. Other values are not repeated."""


def refuse(access: Access, decision: Decision, reference: str) -> Answer:
    """Answer 403. A client would read a 200 as an answer of the mailbox."""
    asked = access.facts.headers
    echoed = tuple(
        (header, asked[name]) for name, header in _ECHOED.items() if _PLAIN.fullmatch(asked.get(name, ""))
    )
    headers = (("X-ResponseCode", NO_PRIVILEGE), *echoed, reason_header(decision))
    words = f"{refusal_sentence(decision, reference)}\n".encode(errors="replace")
    return Answer(403, words, "text/plain; charset=utf-8", headers)
