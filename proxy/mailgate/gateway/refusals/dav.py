"""Refuses CalDAV, CardDAV and WebDAV by a ``DAV:error`` with the condition that was not met (RFC 4918, section 16)."""

from mailgate.gateway.answer import Answer
from mailgate.gateway.refusals.wording import reason_header, refusal_sentence, xml_text
from mailgate.model import Access, Decision

NAMESPACE = "urn:mailgate:reason"
"""The namespace of our conditions. The conditions of ``DAV:``, CalDAV and CardDAV mean other things."""

_BODY = """\
<?xml version="1.0" encoding="utf-8"?>
<D:error xmlns:D="DAV:" xmlns:M="{namespace}">
  <M:{reason}/>
  <M:description xml:lang="en">{description}</M:description>
  <M:reference>{reference}</M:reference>
</D:error>
"""


def refuse(access: Access, decision: Decision, reference: str) -> Answer:  # noqa: ARG001 - the signature of every form
    """Answer 403, so that the client does not repeat the request. Every reason code is a valid XML name."""
    body = _BODY.format(
        namespace=NAMESPACE,
        reason=decision.reason.value,
        description=xml_text(refusal_sentence(decision, reference)),
        reference=xml_text(reference),
    )
    return Answer(403, body.encode(), "application/xml; charset=utf-8", (reason_header(decision),))
