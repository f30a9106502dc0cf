"""CalDAV, CardDAV and WebDAV: a ``DAV:error`` that names the condition which was not met (RFC 4918, section 16)."""

from mailgate.gateway.answer import Answer
from mailgate.gateway.refusals.wording import reason_header, sentence, xml_text
from mailgate.model import Access, Decision

NAMESPACE = "urn:mailgate:reason"
"""Whose elements the conditions are: those of ``DAV:`` and of CalDAV and CardDAV mean other things."""

_BODY = """\
<?xml version="1.0" encoding="utf-8"?>
<D:error xmlns:D="DAV:" xmlns:M="{namespace}">
  <M:{reason}/>
  <M:description xml:lang="en">{description}</M:description>
  <M:reference>{reference}</M:reference>
</D:error>
"""


def refuse(access: Access, decision: Decision, reference: str) -> Answer:  # noqa: ARG001 - the shape of every form
    """403: the client must not repeat the request as it is. Every code of a reason is a name in XML."""
    body = _BODY.format(
        namespace=NAMESPACE,
        reason=decision.reason.value,
        description=xml_text(sentence(decision, reference)),
        reference=xml_text(reference),
    )
    return Answer(403, body.encode(), "application/xml; charset=utf-8", (reason_header(decision),))
