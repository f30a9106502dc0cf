"""Recognises requests that only ask the way to the mail. A client that the rules refuse gets the way and nothing else.

A device that was refused here would assume that the service does not exist and fall back to another protocol. Paths are
compared literally, so that no spelling means one thing to an upstream and another thing here.

An address alone does not make an answer harmless: a webmail with one script for every address may show a mailbox to a
client with a login. If the answer passes through the gate, only the way is passed on
(``gateway/directions.py``). If another proxy carries the answer, the rules decide on a request with a
login; without a login the answer holds nobody's mail.
"""

import re

from mailgate.model import RequestFacts

_OPTIONS = re.compile(
    r"(?ai)(?:/SOGo)?/Microsoft-Server-ActiveSync(?:/default\.eas)?/?"
    r"(?:\?(?:(?:Cmd|User|DeviceId|DeviceType)=[^&;=]*(?:&|$))*|\?(?:[A-Za-z0-9+/]|%2[BF])*(?:=|%3D){0,2})?"
)
"""ActiveSync's own address with its own query.

At other addresses a webmail may answer OPTIONS like GET, with any segment behind its script's name and any query.
"""
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
MAX_QUESTION_BYTES = 16 * 1024
"""The most bytes in the body of an Autodiscover question. A real one has a few hundred."""

_SWITCHES = frozenset(
    {"upgrade", "http2-settings", "x-http-method", "x-method-override", "x-http-method-override"}
)
_QUESTION = re.compile(
    r"(?ai)(?:(?:text|application)/(?:[\w.-]+\+)?xml|application/vnd\.ms-sync(?:\.\w+)?)\s*(?:;[^,]*)?"
)
_XML = re.compile(r"/autodiscover/autodiscover\.(?:xml|svc)", re.IGNORECASE)
"""The address of Autodiscover in XML ([MS-OXDSCLI] 2.2.3; ActiveSync's schema is in [MS-ASCMD] 2.2.1.1) and in SOAP,
which Outlook for Mac uses ([MS-OXWSADISC]). The question is in the body."""
_LETTER = r"(?:[\w.+'-]|%(?:27|2B|2D|2E|5F))"
_JSON = re.compile(
    rf"(?ai)/autodiscover/autodiscover\.json(?:/v1\.0/{_LETTER}+(?:@|%40)[\w.-]+)?"
    rf"(?:\?(?:(?:Email|Protocol|RedirectCount)=(?:{_LETTER}|@|%40)*(?:&|$))+)?"
)
"""The address of Autodiscover, version 2, with the questions that it may hold.

Exchange once followed a path in the query to anybody's mail (CVE-2021-34473), and many servers change a path with ``%2F`` for
slashes. So only escapes that occur in mail addresses are accepted.
"""
_LONGEST = 512


def is_autodiscover(facts: RequestFacts) -> bool:
    """Whether this request asks an Autodiscover service for the server of an address."""
    target = facts.target
    if len(target) > _LONGEST or facts.method not in METHODS:
        return False
    return bool(_XML.fullmatch(target) or _JSON.fullmatch(target))


def is_discovery(facts: RequestFacts) -> bool:
    """Whether a client asks for its mail server: by ActiveSync's OPTIONS ([MS-ASHTTP] 2.2.3) or by Autodiscover.

    A request does not count if it would switch to another protocol, overrides its method, or has a body that is
    not an Autodiscover question.
    """
    if facts.method == "OPTIONS":
        asked = len(facts.target) <= _LONGEST and _OPTIONS.fullmatch(facts.target) is not None
    else:
        asked = facts.method in ("GET", "POST") and is_autodiscover(facts)
    switches = asked and any(name.replace("_", "-") in _SWITCHES for name in facts.headers)
    return asked and not switches and _asks_nothing_else(facts)


def _asks_nothing_else(facts: RequestFacts) -> bool:
    """Whether the body is a short Autodiscover question in XML and no form. Other requests must have no body, since some servers
    take an unexpected body for the next request."""
    kind, length = facts.headers.get("content-type", ""), facts.headers.get("content-length", "0")
    if "transfer-encoding" in facts.headers or not re.fullmatch("[0-9]{1,5}", length, re.ASCII):
        return False
    is_question = _QUESTION.fullmatch(kind) is not None
    if facts.method != "POST":
        return not int(length) and (is_question or not kind)
    return is_question and int(length) <= MAX_QUESTION_BYTES
