"""RFC 4918, section 16: the body of a refusal says which condition was not met."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from pyactivesync._wbxml import WBXMLReader, WBXMLWriter, wtag
from tests.unit.gateway.refusals.blocked import DECISION, refused

from mailgate.classify.activesync import CODES
from mailgate.gateway.refusals.forms import (
    BODIES,
    CONTENT_TYPE,
    FORMS,
    NAMESPACE,
    Tag,
    document,
    forbid_activesync,
)
from mailgate.model import Access, Client, Decision, Effect, Kind, Posture, Protocol, Reason, RequestFacts


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
        >= {"X-RequestType": "Connect", "X-RequestId": REQUEST_ID, "X-ClientInfo": "{AB}:1"}.items()
    )


def test_malformed_identifiers_are_not_repeated() -> None:
    answer = refused(
        Protocol.MAPI, x_requesttype="a\r\nX-Evil: 1", x_requestid="é" * 9, x_clientinfo="x" * 999
    )
    assert [name for name, _ in answer.headers] == ["X-ResponseCode", "X-Device-Reason"]


NOW = datetime(2026, 11, 24, tzinfo=UTC)
BLOCKED = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "v1")
MISSING = {"page8.0x07": "MeetingResponse.MeetingResponse", "page8.0x0A": "MeetingResponse.Result",
           "page8.0x0B": "MeetingResponse.Status", "page11.0x05": "ValidateCert.ValidateCert",
           "page11.0x0A": "ValidateCert.Status"}  # fmt: skip
"""Code pages 8 and 11 of [MS-ASWBXML] 2.1.2.1, as other implementations have them too."""


def asked(command, version="14.1", method="POST"):
    client = Client(
        Kind.PHONE, handheld=True, protocol=Protocol.ACTIVESYNC, eas_command=command, eas_version=version
    )
    return Access(RequestFacts(method=method), client, Posture(), NOW)


def decoded(body):
    """Elements as ``{page.name: text or elements}``."""

    def plain(nodes):
        if [name for name, _, _ in nodes] == ["#text"]:
            return nodes[0][1]
        return {MISSING.get(name, name): plain(children) for name, _, children in nodes}

    return plain(WBXMLReader(body).parse())


def status(page, root=None):
    return {f"{page}.{root or page}": {f"{page}.Status": "129"}}


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("Sync", status("AirSync", "Sync")),
        ("SendMail", status("ComposeMail", "SendMail")),
        ("SmartForward", status("ComposeMail", "SmartForward")),
        ("SmartReply", status("ComposeMail", "SmartReply")),
        ("FolderSync", status("FolderHierarchy", "FolderSync")),
        ("FolderCreate", status("FolderHierarchy", "FolderCreate")),
        ("FolderDelete", status("FolderHierarchy", "FolderDelete")),
        ("FolderUpdate", status("FolderHierarchy", "FolderUpdate")),
        (
            "MoveItems",
            {
                "Move.MoveItems": {
                    "Move.Status": "129",
                    "Move.Response": {"Move.SrcMsgId": {}, "Move.Status": "129"},
                }
            },
        ),
        ("GetItemEstimate", status("ItemEstimate", "GetItemEstimate")),
        (
            "MeetingResponse",
            {
                "MeetingResponse.MeetingResponse": {
                    "MeetingResponse.Result": {"MeetingResponse.Status": "129"}
                }
            },
        ),
        ("Search", status("Search")),
        ("Settings", status("Settings")),
        ("Ping", status("Ping")),
        ("ItemOperations", status("ItemOperations")),
        ("Provision", status("Provision")),
        ("ResolveRecipients", status("ResolveRecipients")),
        ("ValidateCert", status("ValidateCert")),
        ("Find", status("Find")),
    ],
)
@pytest.mark.parametrize("version", ["14.0", "14.1", "16.0", "16.1"])
def test_every_command_is_told_in_its_own_form(command, body, version):
    answer = FORMS[Protocol.ACTIVESYNC](asked(command, version), BLOCKED, "REFERENCE")
    assert (answer.status, answer.content_type) == (200, CONTENT_TYPE)
    assert answer.headers == (("X-Device-Reason", "prohibited-app"),)
    assert decoded(answer.body) == body


def test_only_an_attachment_has_no_form():
    assert set(CODES.values()) - set(BODIES) == {"GetAttachment"}


def test_a_body_is_byte_for_byte_what_exchange_sends():
    """As long as the example of [MS-ASPROV] 4.1.1, which has 142 in its place."""
    assert BODIES["FolderSync"] == bytes.fromhex("03016a00 0007 56 4c 03 313239 00 01 01")


@pytest.mark.parametrize(
    "request_of",
    [asked("Sync", version) for version in ("12.1", "12.0", "2.5", "", "14", "x.y", "14.")]
    + [asked("GetAttachment"), asked(""), asked("Sync", method="GET")],
    ids=lambda access: f"{access.facts.method} {access.client.eas_command} {access.client.eas_version}",
)
def test_a_command_without_a_status_is_refused_by_http_alone(request_of):
    answer = FORMS[Protocol.ACTIVESYNC](request_of, BLOCKED, "REFERENCE")
    assert (answer.status, answer.body, answer.content_type) == (403, b"", "")
    assert answer.headers == (("X-Device-Reason", "prohibited-app"),)


def test_a_status_may_be_turned_off():
    assert forbid_activesync(asked("Sync"), BLOCKED, "REFERENCE").status == 403


def test_a_document_equals_that_of_another_writer():
    written = WBXMLWriter().tag("Ping", "Ping", [wtag("Ping", "Status", text="129"), wtag("Ping", "Folders")])
    assert document(13, Tag(0x05, (Tag(0x07, "129"), Tag(0x09)))) == written.render()


def test_the_first_page_needs_no_switch():
    assert document(0, Tag(0x05)) == b"\x03\x01\x6a\x00\x05"


def test_text_beyond_ascii_is_read_back():
    [(_, _, [(_, text, _)])] = WBXMLReader(document(7, Tag(0x07, "Entwürfe"))).parse()
    assert text == "Entwürfe"
