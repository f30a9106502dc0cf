"""Refuses Exchange Web Services by the SOAP fault that Exchange uses for a whole request (MS-OXWSCDATA, section 2.2.5.24)."""

from mailgate.gateway.answer import Answer
from mailgate.gateway.refusals.wording import reason_header, refusal_sentence, xml_text
from mailgate.model import Access, Decision

_SERVICES = "http://schemas.microsoft.com/exchange/services/2006"

_BODY = """\
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


def refuse(access: Access, decision: Decision, reference: str) -> Answer:  # noqa: ARG001 - the signature of every form
    """Answer 403 with ``ErrorAccessDenied``, which clients show and do not retry."""
    body = _BODY.format(
        services=_SERVICES,
        message=xml_text(refusal_sentence(decision, reference)),
        reason=decision.reason.value,
        reference=xml_text(reference),
    )
    return Answer(403, body.encode(), "text/xml; charset=utf-8", (reason_header(decision),))
