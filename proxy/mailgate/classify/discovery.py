"""Requests that only ask for the way to the mail: no answer to them holds any, so that nobody is kept from it.

A device that was refused here would take the service for absent and fall back to another protocol. The paths are taken
literally, so that no spelling leads an upstream elsewhere than it leads this file.
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
    """Whether no answer can hold mail: ActiveSync's OPTIONS ([MS-ASHTTP] 2.2.3), or Autodiscover.

    Not with a cookie: a webmail that answers unknown addresses with its first page shows whose session it is their mail. The
    gate passes none on (``gateway/sessionless.py``); a proxy that asks about such a request would. And not with ``Upgrade``: what
    follows a switch of protocols nobody judges.
    """
    if "cookie" in facts.headers or "upgrade" in facts.headers:
        return False
    if facts.method == "OPTIONS" and len(facts.target) <= _LONGEST and _OPTIONS.fullmatch(facts.target):
        return True
    return is_autodiscover(facts)
