"""Requests that only ask for the way to the mail. Whom the rules refuse is told the way all the same, and nothing else.

A device that was refused here would take the service for absent and fall back to another protocol. The paths are taken
literally, so that no spelling leads an upstream elsewhere than it leads this file.

Nothing of this is mail only because of its address: a webmail with one script for every address may show a mailbox to whoever
brings a login. Where the answer passes through the gate, only the way is passed on of it (``gateway/autodiscover/for_refused.py``). Where another
proxy carries it, a request that brings a login is left to the rules: what nobody asks for is nobody's mail.
"""

import re

from mailgate.model import RequestFacts

_OPTIONS = re.compile(
    r"(?:/SOGo)?/Microsoft-Server-ActiveSync(?:/default\.eas)?/?"
    r"(?:\?(?:(?:Cmd|User|DeviceId|DeviceType)=[^&;=]*(?:&|$))*|\?(?:[A-Za-z0-9+/]|%2[BF])*(?:=|%3D){0,2})?",
    re.ASCII | re.IGNORECASE,
)
"""ActiveSync's own address with its own query. Elsewhere a webmail may answer OPTIONS as it answers GET, whatever
segment stands behind its script's name and whatever its query asks for."""
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
MOST_ASKED = 16 * 1024
"""Bytes of a question; a real one has some hundred."""

_SWITCHES = frozenset(
    {"upgrade", "http2-settings", "x-http-method", "x-method-override", "x-http-method-override"}
)
_QUESTION = re.compile(
    r"(?:(?:text|application)/(?:[\w.-]+\+)?xml|application/vnd\.ms-sync(?:\.\w+)?)\s*(?:;[^,]*)?",
    re.ASCII | re.IGNORECASE,
)
_XML = re.compile(r"/autodiscover/autodiscover\.(?:xml|svc)", re.IGNORECASE)
"""[MS-OXDSCLI] 2.2.3, with its ActiveSync schema in [MS-ASCMD] 2.2.1.1, and the same in SOAP, which Outlook for Mac asks
([MS-OXWSADISC]). The question stands in the body."""
_LETTER = r"(?:[\w.+'-]|%(?:27|2B|2D|2E|5F))"
_JSON = re.compile(
    rf"/autodiscover/autodiscover\.json(?:/v1\.0/{_LETTER}+(?:@|%40)[\w.-]+)?"
    rf"(?:\?(?:(?:Email|Protocol|RedirectCount)=(?:{_LETTER}|@|%40)*(?:&|$))+)?",
    re.ASCII | re.IGNORECASE,
)
"""Version 2. It is bound to what it may ask: an Exchange of 2021 followed a path in its query to anybody's mail
(CVE-2021-34473), and of a path that has slashes as ``%2F`` many servers make another one. So of what is escaped only what
stands in addresses counts."""
_LONGEST = 512


def is_autodiscover(facts: RequestFacts) -> bool:
    """Whether this asks an Autodiscover service where the mail of an address is."""
    target = facts.target
    if len(target) > _LONGEST or target[:14].lower() != "/autodiscover/" or facts.method not in METHODS:
        return False
    return bool(_XML.fullmatch(target) or _JSON.fullmatch(target))


def asks_the_way(facts: RequestFacts) -> bool:
    """Whether this is what clients ask before they know where their mail is: ActiveSync's OPTIONS ([MS-ASHTTP] 2.2.3), or Autodiscover.

    Not what would switch to another protocol, is meant for another method than it says, or has a body that asks nothing.
    """
    if facts.method == "OPTIONS":
        asked = len(facts.target) <= _LONGEST and _OPTIONS.fullmatch(facts.target) is not None
    else:
        asked = facts.method in ("GET", "POST") and is_autodiscover(facts)
    switches = asked and any(name.replace("_", "-") in _SWITCHES for name in facts.headers)
    return asked and not switches and _asks_nothing_else(facts)


def _asks_nothing_else(facts: RequestFacts) -> bool:
    """Whether its body is a question of Autodiscover, which is XML: no form, and not long. Else it has none, since there are servers
    that take a body where they expect none for the next request."""
    kind, length = facts.headers.get("content-type", ""), facts.headers.get("content-length", "0")
    if "transfer-encoding" in facts.headers or not re.fullmatch("[0-9]{1,5}", length, re.ASCII):
        return False
    is_question = _QUESTION.fullmatch(kind) is not None
    if facts.method != "POST":
        return not int(length) and (is_question or not kind)
    return is_question and int(length) <= MOST_ASKED
