"""Refusals in the form of the client's protocol, and the list of all forms.

Protocols outside the list are refused as on the web: by a page for a navigation, and by a problem document otherwise. ActiveSync is
refused by a status that ends the sync as "blocked", and never by a page, a redirect or a provisioning status. From version 14.0 on the
body has a status that is common to all commands; before that only HTTP has one ([MS-ASCMD] 2.2.2, [MS-ASHTTP] 2.2.2.1.1).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mailgate.gateway.answer import Answer
from mailgate.gateway.pages.proofs import refused_proof
from mailgate.gateway.refusals.wording import problem, reason_header, refusal_sentence, xml_text
from mailgate.model import Access, Decision, Protocol

_HEADER = b"\x03\x01\x6a\x00"
"""Version 1.3, no public identifier, UTF-8, no string table."""
_SWITCH_PAGE, _END, _INLINE_STRING, _HAS_CONTENT = b"\x00", b"\x01", b"\x03", 0x40


@dataclass(frozen=True, slots=True)
class Tag:
    """An element by its token ([MS-ASWBXML] 2.1.2.1). It holds text, other elements or nothing."""

    token: int
    content: "str | tuple[Tag, ...]" = ()


def document(page: int, root: Tag) -> bytes:
    """A whole document whose elements are all of one code page."""
    switch = _SWITCH_PAGE + bytes((page,)) if page else b""
    return _HEADER + switch + _element(root)


def _element(tag: Tag) -> bytes:
    if not tag.content:
        return bytes((tag.token,))
    if isinstance(tag.content, str):
        content = _INLINE_STRING + tag.content.encode() + b"\0"
    else:
        content = b"".join(map(_element, tag.content))
    return bytes((tag.token | _HAS_CONTENT,)) + content + _END


CONTENT_TYPE = "application/vnd.ms-sync.wbxml"

_BLOCKED = "129"
"""DeviceIsBlockedForThisUser ([MS-ASCMD] 2.2.2). 140 would wipe the device, 142 and 449 make it loop."""
_FIRST_WITH_STATUS = (14, 0)


def _status(page: int, root: int, status: int) -> bytes:
    return document(page, Tag(root, (Tag(status, _BLOCKED),)))


_MOVE, _MEETING, _COMPOSE, _FOLDERS = 5, 8, 21, 7

BODIES = {
    "Sync": _status(0, 0x05, 0x0E),
    "GetItemEstimate": _status(6, 0x05, 0x0E),
    "FolderCreate": _status(_FOLDERS, 0x13, 0x0C),
    "FolderDelete": _status(_FOLDERS, 0x14, 0x0C),
    "FolderUpdate": _status(_FOLDERS, 0x15, 0x0C),
    "FolderSync": _status(_FOLDERS, 0x16, 0x0C),
    "ResolveRecipients": _status(10, 0x05, 0x07),
    "ValidateCert": _status(11, 0x05, 0x0A),
    "Ping": _status(13, 0x05, 0x07),
    "Provision": _status(14, 0x05, 0x0B),
    "Search": _status(15, 0x05, 0x0C),
    "Settings": _status(18, 0x05, 0x06),
    "ItemOperations": _status(20, 0x05, 0x0D),
    "SendMail": _status(_COMPOSE, 0x05, 0x12),
    "SmartForward": _status(_COMPOSE, 0x06, 0x12),
    "SmartReply": _status(_COMPOSE, 0x07, 0x12),
    "Find": _status(25, 0x05, 0x0A),
    # the status stands in a result, which need not name the meeting ([MS-ASCMD] 2.2.3.155.2, 2.2.3.177.9)
    "MeetingResponse": document(_MEETING, Tag(0x07, (Tag(0x0A, (Tag(0x0B, _BLOCKED),)),))),
    # the status may stand in the root, but a response with its item must be there too, and only the request's body
    # says which item that is ([MS-ASCMD] 2.2.3.153.5, 2.2.3.177.10)
    "MoveItems": document(
        _MOVE, Tag(0x05, (Tag(0x0B, _BLOCKED), Tag(0x0A, (Tag(0x07), Tag(0x0B, _BLOCKED)))))
    ),
}
"""The answers to commands that are answered in WBXML. Pages and tokens are from [MS-ASWBXML] 2.1.2.1. GetAttachment is missing, since its
answer is the attachment itself."""


def refuse_activesync(access: Access, decision: Decision, reference: str) -> Answer:
    """Answer 200 with status 129 in the form of the command. Versions and commands without such a form get ``forbid_activesync``."""
    client = access.client
    body = BODIES.get(client.eas_command)
    if body is None or access.facts.method != "POST" or _version(client.eas_version) < _FIRST_WITH_STATUS:
        return forbid_activesync(access, decision, reference)
    return Answer(200, body, CONTENT_TYPE, (("X-Device-Reason", decision.reason.value),))


def forbid_activesync(access: Access, decision: Decision, reference: str) -> Answer:  # noqa: ARG001 - the signature of every form
    """Answer 403 without a body, which every version understands."""
    return Answer(403, headers=(("X-Device-Reason", decision.reason.value),))


def _version(text: str) -> tuple[int, int]:
    """The version as numbers. ``classify`` has written it as ``N.N`` or left it empty."""
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if minor.isdigit() and major.isdigit() else (0, 0)


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
    """Refuse CalDAV, CardDAV and WebDAV by a ``DAV:error`` with the condition that was not met (RFC 4918, section 16), and 403, so that the
    client does not repeat the request. Every reason code is a valid XML name."""
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
    """Refuse Exchange Web Services by 403 and the SOAP fault that Exchange uses for a whole request (MS-OXWSCDATA, section 2.2.5.24), which
    clients show and do not retry."""
    body = _EWS_BODY.format(
        services=_SERVICES,
        message=xml_text(refusal_sentence(decision, reference)),
        reason=decision.reason.value,
        reference=xml_text(reference),
    )
    return Answer(403, body.encode(), "text/xml; charset=utf-8", (reason_header(decision),))


def refuse_jmap(access: Access, decision: Decision, reference: str) -> Answer:
    """Refuse JMAP by 403 and a problem document, its form of errors of a whole request (RFC 8620, section 3.6.1). The type is our own, since no
    registered ``urn:ietf:params:jmap:error:…`` means this."""
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
    """Refuse MAPI over HTTP by a response code in a header, and a text for readers of the client's log (MS-OXCMAPIHTTP), with 403: a client
    would read a 200 as an answer of the mailbox."""
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
    Protocol.ACTIVESYNC: refuse_activesync,
    Protocol.DAV: refuse_dav,
    Protocol.EWS: refuse_ews,
    Protocol.JMAP: refuse_jmap,
    Protocol.MAPI: refuse_mapi,
}
