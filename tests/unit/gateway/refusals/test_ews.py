"""MS-OXWSCDATA: a fault whose ResponseCode the client looks up; the same shape as Exchange's own."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from tests.unit.gateway.refusals.blocked import DECISION, refused

from mailgate.model import Protocol, Reason

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
EXCHANGE = "{http://schemas.microsoft.com/exchange/services/2006"


def test_a_refusal_is_a_fault_that_clients_look_up() -> None:
    answer = refused(Protocol.EWS)
    envelope = ElementTree.fromstring(answer.body)
    fault = envelope.find(f"{SOAP}Body/{SOAP}Fault")
    assert fault is not None
    assert (answer.status, answer.content_type) == (403, "text/xml; charset=utf-8")
    assert answer.headers == (("X-Device-Reason", "prohibited-app"),)
    assert fault.findtext("faultcode") == "a:ErrorAccessDenied"
    assert fault.findtext(f"detail/{EXCHANGE}/errors}}ResponseCode") == "ErrorAccessDenied"
    assert fault.findtext(f"detail/{EXCHANGE}/errors}}Message") == fault.findtext("faultstring")
    assert "TikTok" in (fault.findtext("faultstring") or "")
    values = {value.get("Name"): value.text for value in fault.iter(f"{EXCHANGE}/types}}Value")}
    assert values == {"Reason": "prohibited-app", "Reference": "REF2345"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_well_formed(reason: Reason) -> None:
    body = refused(Protocol.EWS, replace(DECISION, reason=reason)).body
    assert len(ElementTree.fromstring(body))
