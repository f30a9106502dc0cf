"""Which protocol the caller speaks, told from method and path, or from the scheme of a login at the mail server."""

from urllib.parse import unquote

from mailgate.model import LOGINS, Protocol, RequestFacts

MAX_PATH = 8192
"""Bytes of a path that are read: the longest request line that common servers take."""

_DAV_METHODS = frozenset(
    (
        "PROPFIND",
        "PROPPATCH",
        "MKCOL",
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "REPORT",
        "MKCALENDAR",
        "ACL",
        "SEARCH",
    )
)
"""Methods of RFC 4918, 3253, 3744, 4791 and 5323 that a web page does not send."""

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
"""Path segments that name a protocol, wherever the service is mounted (``/SOGo/Microsoft-Server-ActiveSync``).
The first that stands in a path counts: ActiveSync before all."""


def protocol_of(facts: RequestFacts) -> Protocol:
    """The protocol of a request. Reads the path as a lenient upstream would: decoded, without case, without
    parameters, so that no spelling of an ActiveSync address passes for a web page."""
    if facts.scheme in LOGINS:  # no HTTP request has one of these schemes
        return Protocol(facts.scheme)
    path = unquote(facts.path[:MAX_PATH], errors="replace").lower().replace("\\", "/")
    found = next((protocol for name, protocol in _SEGMENTS.items() if _has_segment(path, name)), None)
    if found is None and facts.method.upper() in _DAV_METHODS:
        return Protocol.DAV
    return found or Protocol.WEB


def _has_segment(path: str, name: str) -> bool:
    """Whether ``name`` is a whole segment. Searches instead of splitting: a path may be all slashes."""
    start = path.find(name)
    while start >= 0:
        end = start + len(name)
        if path[max(start - 1, 0) : start] in ("", "/") and path[end : end + 1] in ("", "/", ";", " "):
            return True
        start = path.find(name, end)
    return False
