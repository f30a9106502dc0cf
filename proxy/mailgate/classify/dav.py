"""Which protocol the caller speaks, told from method and path."""

import re
from urllib.parse import unquote

from mailgate.model import Protocol, RequestFacts

MAX_PATH = 8192
"""Bytes of a path that are read: the longest request line that common servers take."""

_DAV_METHODS = frozenset(
    "PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT MKCALENDAR ACL SEARCH BIND UNBIND REBIND".split()
)

_SEGMENTS = {
    "microsoft-server-activesync": Protocol.ACTIVESYNC,
    "caldav": Protocol.DAV,
    "carddav": Protocol.DAV,
    "dav": Protocol.DAV,
    "webdav": Protocol.DAV,
    "caldav.php": Protocol.DAV,
    "carddav.php": Protocol.DAV,
    "dav.php": Protocol.DAV,
    "ews": Protocol.EWS,
    "exchange.asmx": Protocol.EWS,
    "jmap": Protocol.JMAP,
    "mapi": Protocol.MAPI,
    "emsmdb": Protocol.MAPI,
}
"""Path segments that name a protocol, wherever the service is mounted (``/SOGo/Microsoft-Server-ActiveSync``)."""

_SEPARATORS = re.compile(r"[/\\]")


def protocol_of(facts: RequestFacts) -> Protocol:
    """The protocol of a request. Reads the path as a lenient upstream would: decoded, without case, without
    parameters, so that no spelling of an ActiveSync address passes for a web page."""
    path = unquote(facts.path[:MAX_PATH], errors="replace").lower()
    segments = (segment.partition(";")[0].strip() for segment in _SEPARATORS.split(path))
    found = next((_SEGMENTS[segment] for segment in segments if segment in _SEGMENTS), None)
    if found is None and facts.method.upper() in _DAV_METHODS:
        return Protocol.DAV
    return found or Protocol.WEB
