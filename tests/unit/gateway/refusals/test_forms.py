"""RFC 4918, section 16: the body of a refusal says which condition was not met."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from tests.unit.gateway.refusals.blocked import DECISION, refused

from mailgate.gateway.refusals.forms import NAMESPACE
from mailgate.model import Protocol, Reason


def test_a_refusal_has_the_condition_the_words_and_the_help_number() -> None:
    answer = refused(Protocol.DAV)
    error = ElementTree.fromstring(answer.body)
    assert (answer.status, answer.content_type) == (403, "application/xml; charset=utf-8")
    assert answer.headers == (("X-Device-Reason", "prohibited-app"),)
    assert error.tag == "{DAV:}error"
    assert [child.tag for child in error] == [
        f"{{{NAMESPACE}}}{name}" for name in ("prohibited-app", "description", "reference")
    ]
    assert "TikTok" in (error[1].text or "")
    assert "it-help@example.com" in (error[1].text or "")
    assert error[2].text == "REF2345"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_well_formed(reason: Reason) -> None:
    body = refused(Protocol.DAV, replace(DECISION, reason=reason)).body
    assert ElementTree.fromstring(body)[0].tag == f"{{{NAMESPACE}}}{reason}"


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
def test_every_reason_is_well_formed_of_ews(reason: Reason) -> None:
    body = refused(Protocol.EWS, replace(DECISION, reason=reason)).body
    assert len(ElementTree.fromstring(body))


def test_a_refusal_is_a_problem_document() -> None:
    answer = refused(Protocol.JMAP, replace(DECISION, apps=("TikTok",)))
    problem = json.loads(answer.body)
    assert (answer.status, answer.content_type) == (403, "application/problem+json")
    assert answer.headers == (("X-Device-Reason", "prohibited-app"),)
    assert problem.pop("title")
    assert "TikTok" in problem.pop("detail")
    assert problem == {
        "type": "urn:mailgate:reason:prohibited-app",
        "status": 403,
        "reason": "prohibited-app",
        "reference": "REF2345",
        "apps": ["TikTok"],
    }


REQUEST_ID = "{C715155F-2BE8-44E0-BD34-2960067874C8}:500"


def test_a_refusal_has_the_code_the_words_and_the_help_number() -> None:
    answer = refused(Protocol.MAPI)
    assert (answer.status, answer.content_type) == (403, "text/plain; charset=utf-8")
    assert answer.headers == (("X-ResponseCode", "11"), ("X-Device-Reason", "prohibited-app"))
    assert b"TikTok" in answer.body
    assert answer.body.endswith(b"Reference: REF2345.\n")


def test_identifiers_of_the_request_are_repeated() -> None:
    answer = refused(Protocol.MAPI, x_requesttype="Connect", x_requestid=REQUEST_ID, x_clientinfo="{AB}:1")
    assert (
        dict(answer.headers).items()
        >= {
            "X-RequestType": "Connect",
            "X-RequestId": REQUEST_ID,
            "X-ClientInfo": "{AB}:1",
        }.items()
    )


def test_malformed_identifiers_are_not_repeated() -> None:
    answer = refused(
        Protocol.MAPI, x_requesttype="a\r\nX-Evil: 1", x_requestid="é" * 9, x_clientinfo="x" * 999
    )
    assert [name for name, _ in answer.headers] == ["X-ResponseCode", "X-Device-Reason"]
