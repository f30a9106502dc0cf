"""Refusals in the form of the client's protocol, and the list of all forms.

Protocols outside the list are refused as on the web: by a page for a navigation, and by a problem document otherwise.
"""

import re
from collections.abc import Callable, Mapping

from mailgate.gateway.answer import Answer
from mailgate.gateway.pages.proofs import refused_proof
from mailgate.gateway.refusals import activesync
from mailgate.gateway.refusals.wording import problem, reason_header, refusal_sentence, xml_text
from mailgate.model import Access, Decision, Protocol

NAMESPACE = "urn:mailgate:reason"
"""The namespace of our conditions. The conditions of ``DAV:``, CalDAV and CardDAV mean other things."""

_DAV_BODY = """\
<?xml version="1.0" encoding="utf-8"?>
<D:error xmlns:D="DAV:" xmlns:M="{namespace}">
  <M:{reason}/>
  <M:description xml:lang="en">{description}</M:description>
  <M:reference>{reference}</M:reference>
</D:error>
"""


def refuse_dav(access: Access, decision: Decision, reference: str) -> Answer:  # noqa: ARG001 - the signature of every form
    """Refuse CalDAV, CardDAV and WebDAV by a ``DAV:error`` with the condition that was not met (RFC 4918, section 16).

    Answer 403, so that the client does not repeat the request. Every reason code is a valid XML name.
    """
    body = _DAV_BODY.format(
        namespace=NAMESPACE,
        reason=decision.reason.value,
        description=xml_text(refusal_sentence(decision, reference)),
        reference=xml_text(reference),
    )
    return Answer(403, body.encode(), "application/xml; charset=utf-8", (reason_header(decision),))


_SERVICES = "http://schemas.microsoft.com/exchange/services/2006"

_EWS_BODY = """\
<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">
  <s:Body>
    <s:Fault>
      <faultcode xmlns:a="{services}/types">a:ErrorAccessDenied</faultcode>
      <faultstring xml:lang="en-US">{message}</faultstring>
      <detail>
        <e:ResponseCode xmlns:e="{services}/errors">ErrorAccessDenied</e:ResponseCode>
        <e:Message xmlns:e="{services}/errors">{message}</e:Message>
        <t:MessageXml xmlns:t="{services}/types">
          <t:Value Name="Reason">{reason}</t:Value>
          <t:Value Name="Reference">{reference}</t:Value>
        </t:MessageXml>
      </detail>
    </s:Fault>
  </s:Body>
</s:Envelope>
"""


def refuse_ews(access: Access, decision: Decision, reference: str) -> Answer:  # noqa: ARG001 - the signature of every form
    """Refuse Exchange Web Services by the SOAP fault that Exchange uses for a whole request (MS-OXWSCDATA, section 2.2.5.24).

    Answer 403 with ``ErrorAccessDenied``, which clients show and do not retry.
    """
    body = _EWS_BODY.format(
        services=_SERVICES,
        message=xml_text(refusal_sentence(decision, reference)),
        reason=decision.reason.value,
        reference=xml_text(reference),
    )
    return Answer(403, body.encode(), "text/xml; charset=utf-8", (reason_header(decision),))


def refuse_jmap(access: Access, decision: Decision, reference: str) -> Answer:
    """Refuse JMAP by a problem document, which is the form of errors of a whole request (RFC 8620, section 3.6.1).

    Answer 403. The type is our own, since no registered ``urn:ietf:params:jmap:error:…`` means this.
    """
    return problem(
        403,
        decision.reason,
        reference,
        apps=decision.apps,
        title=decision.title,
        proof=refused_proof(access, decision),
        headers=(reason_header(decision),),
    )


NO_PRIVILEGE = "11"
"""The ``X-ResponseCode`` for a client without privileges (section 2.2.3.3.3)."""

_ECHOED = {"x-requesttype": "X-RequestType", "x-requestid": "X-RequestId", "x-clientinfo": "X-ClientInfo"}
"""Headers that a response repeats from its request (sections 2.2.3.3.1, 2.2.3.3.2, 2.2.3.3.4)."""

_PLAIN = re.compile(r"[\w{}:;,.=/-]{1,128}", re.ASCII)
"""The form of such a header: a word, a GUID and a counter. Other values are not repeated."""


def refuse_mapi(access: Access, decision: Decision, reference: str) -> Answer:
    """Refuse MAPI over HTTP by a response code in a header, and a text for readers of the client's log (MS-OXCMAPIHTTP).

    Answer 403. A client would read a 200 as an answer of the mailbox.
    """
    asked = access.facts.headers
    echoed = tuple(
        (header, asked[name]) for name, header in _ECHOED.items() if _PLAIN.fullmatch(asked.get(name, ""))
    )
    headers = (("X-ResponseCode", NO_PRIVILEGE), *echoed, reason_header(decision))
    words = f"{refusal_sentence(decision, reference)}\n".encode(errors="replace")
    return Answer(403, words, "text/plain; charset=utf-8", headers)


Refuse = Callable[[Access, Decision, str], Answer]
"""Makes the answer from the access, the decision and the reference id."""

FORMS: Mapping[Protocol, Refuse] = {
    Protocol.ACTIVESYNC: activesync.refuse,
    Protocol.DAV: refuse_dav,
    Protocol.EWS: refuse_ews,
    Protocol.JMAP: refuse_jmap,
    Protocol.MAPI: refuse_mapi,
}
