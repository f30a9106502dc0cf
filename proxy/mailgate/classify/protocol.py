"""Recognises the protocol of a request by path, method, headers and the client's name.

A browser that loads a page shows it to a person, at any address. It gets a page and the probe, like any other page
load. A sign that names ActiveSync makes its sender a handheld all the same (``names_activesync``).
"""

import binascii
import re
from collections.abc import Mapping
from functools import lru_cache

from mailgate.classify.table import Table, TableRule
from mailgate.model import Protocol


def decoded(text: str) -> str:
    """Decode each ``%XX`` in ``text`` to one character. A ``%`` that begins no escape may become ``=``, and a character beyond ASCII ``?``.

    The result is only good for finding ASCII words. ``urllib.parse.unquote`` takes a Python step for each escape, and the decoders of
    ``codecs`` one for each mistake; a request may hold thousands.
    """
    if "%" not in text and text.isascii():
        return text
    return binascii.a2b_qp(_as_quoted_printable(text.encode("ascii", "replace"))).decode("latin-1")


def _as_quoted_printable(escaped: bytes) -> bytes:
    """Decode as quoted-printable, which has ``=`` for ``%`` (RFC 2045, section 6.7). C code decodes it and keeps invalid escapes.

    That code joins broken lines, reads two signs in a row as one and drops one at the very end. So these are escaped before,
    and signs in a row twice, since replacements may touch each other.
    """
    for sign in (b"=", b"\r", b"\n"):
        escaped = escaped.replace(sign, b"%%%02X" % sign[0])
    escaped = escaped.replace(b"%%", b"%25%").replace(b"%%", b"%25%")
    if escaped.endswith(b"%"):
        escaped += b"25"
    return escaped.replace(b"%", b"=")


MAX_PATH = 8192
"""The most bytes of a path that are read. This is the longest request line that common servers accept."""

MAX_HEADER = 256
"""The most characters of a header or of a client's name that are read."""

_DAV = {
    "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",  # RFC 4918
    "REPORT", "VERSION-CONTROL", "CHECKIN", "CHECKOUT", "UNCHECKOUT", "MKWORKSPACE", "UPDATE", "LABEL",
    "MERGE", "BASELINE-CONTROL", "MKACTIVITY",  # RFC 3253
    "ORDERPATCH", "ACL", "MKCALENDAR", "SEARCH", "BIND", "UNBIND", "REBIND",  # RFC 3648, 3744, 4791, 5323, 5842
    "MKREDIRECTREF", "UPDATEREDIRECTREF",  # RFC 4437
}  # fmt: skip
_RPC = {"RPC_IN_DATA", "RPC_OUT_DATA", "RPC_ECHO_DATA"}
"""Outlook Anywhere, the forerunner of MAPI over HTTP ([MS-RPCH] 2.1.2.1.1)."""

_METHODS = dict.fromkeys(_DAV, Protocol.DAV) | dict.fromkeys(_RPC, Protocol.MAPI)
"""The protocols of methods that a web page does not send."""

_ACTIVESYNC = "microsoft-server-activesync"

SEGMENTS = {
    _ACTIVESYNC: Protocol.ACTIVESYNC,
    **dict.fromkeys(
        (
            "dav", "webdav", "caldav", "carddav", "groupdav", "principals", "davical", "radicale", "baikal",
            "xandikos", "irony", "dav.php", "webdav.php", "caldav.php", "carddav.php", "groupdav.php",
            "remote.php",
        ),
        Protocol.DAV,
    ),
    **dict.fromkeys(("ews", "exchange.asmx"), Protocol.EWS),
    "jmap": Protocol.JMAP,
    **dict.fromkeys(("mapi", "emsmdb", "nspi", "rpcproxy.dll"), Protocol.MAPI),
}  # fmt: skip
"""Path segments that name a protocol at any place in a path (``/SOGo/dav``, ``/.well-known/caldav``)."""

_WHOLE_SEGMENT = re.compile(rf"(?=[a-z])(?<![^/])(?:{'|'.join(map(re.escape, SEGMENTS))})(?![^/; ])")

_SYNC_TYPE = re.compile(r"application/vnd\.ms-sync")
_FORM_TYPE = re.compile(r"application/x-www-form-urlencoded|multipart/form-data|text/plain")
"""The content types of forms, which are the only ones that a browser posts to load a page (HTML, section 4.10.21)."""

_HEADERS = (
    ("content-type", _SYNC_TYPE, Protocol.ACTIVESYNC),
    ("content-type", re.compile(r"application/(?:mapi-http|rpc\b)"), Protocol.MAPI),
    ("content-type", re.compile(r"text/(?:x-)?v?(?:calendar|card)\b|application/calendar\+"), Protocol.DAV),
    ("soapaction", re.compile(r'"?https?://schemas\.microsoft\.com/exchange/services/'), Protocol.EWS),
    ("sec-websocket-protocol", re.compile(r"(?:.*[ ,])?jmap\b"), Protocol.JMAP),
    ("depth", re.compile(r"[01]|infinity"), Protocol.DAV),
    ("translate", re.compile(r"f\Z"), Protocol.DAV),
)
"""Headers that name a protocol by the beginning of their value, in lower case. Sources: [MS-OXCMAPIHTTP] 2.2.3.2.2,
RFC 4918 10.2, RFC 6352 6.3.2, RFC 8887 4.1, [MS-WDVME] 2.2.1."""

HEADERS = (*dict.fromkeys(name for name, _, _ in _HEADERS), "sec-fetch-mode", "accept")
"""Every header that is read here except the user agent."""

_CLIENTS = Table(
    (
        TableRule(
            Protocol.EWS,
            "mail_app",
            "The libraries by which Apple's and Microsoft's programs call Exchange Web Services.",
            r"ExchangeWebServices | ExchangeServicesClient | ~EWS~",
        ),
        TableRule(
            Protocol.DAV,
            "mail_app",
            "Clients that fetch calendars, contacts and files, by the names that they send.",
            r"""
            ~DAVx | DAVdroid | ~DavClnt~ | CalDAV | CardDAV | WebDAV | ~dataaccessd | CalendarAgent | ~accountsd
            ~remindd | AddressBook(?:SourceSync|Core)?/ | ~Contacts/[\d.]+ | ~iCal/ | ~CoreDAV
            ~Thunderbird | ~Lightning | ~Evolution/ | ~gvfs/ | ~davfs2 | ~cadaver | ~litmus | ~vdirsyncer
            ~pimsync | DAV groupware | ~Akonadi | ~mirall | Nextcloud-(?:android|iOS) | ~Cyberduck
            ~BusyCal | BusyContacts | Fantastical | ~org\.tasks | ~jtx ?Board | SOGo.?Connector | ~aCal/
            ~eM ?Client
            """,
        ),
    )
)


def protocol_beside(named: Protocol | None, method: str, headers: Mapping[str, str]) -> Protocol:
    """The protocol of an HTTP request. ``named`` is the one in its path. Of the headers, only ``HEADERS`` and the user agent are read."""
    agent = headers.get("user-agent", "")
    found = named or _METHODS.get(method.upper()) or _of_headers(headers) or protocol_of_agent(agent)
    return Protocol.WEB if found is None or _loads_page(method, headers, agent) else found


def names_activesync(named: Protocol | None, headers: Mapping[str, str]) -> bool:
    """Whether a request names ActiveSync anywhere: by a spelling of its path, or by a content type."""
    return named is Protocol.ACTIVESYNC or bool(_SYNC_TYPE.match(_content_type(headers)))


def protocol_in_path(path: str) -> Protocol | None:
    """The protocol in a path; None if there is none. It is read as by a lenient upstream: decoded, without case and without parameters, so that
    every spelling of an ActiveSync address is recognised. If it names several, ActiveSync counts, and otherwise the first."""
    lenient = decoded(path[:MAX_PATH]).lower().replace("\\", "/")
    if _ACTIVESYNC in lenient and _ACTIVESYNC in _WHOLE_SEGMENT.findall(lenient):
        return Protocol.ACTIVESYNC
    first = _WHOLE_SEGMENT.search(lenient)
    return SEGMENTS[first[0]] if first else None


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "")[:MAX_HEADER].strip().lower()


def _of_headers(headers: Mapping[str, str]) -> Protocol | None:
    named = (
        protocol
        for name, value, protocol in _HEADERS
        if name in headers and value.match(headers[name][:MAX_HEADER].strip().lower())
    )
    return next(named, None)


@lru_cache(4096)
def protocol_of_agent(user_agent: str) -> Protocol | None:
    """The protocol of a client by its name; None if it has none. Nothing else of a user agent is read here."""
    match = _CLIENTS.first(user_agent[:MAX_HEADER].encode("ascii", "replace").decode("ascii"))
    return Protocol(match.rule.name) if match else None


def _loads_page(method: str, headers: Mapping[str, str], agent: str) -> bool:
    """Whether a browser shows the answer as a page, by Fetch metadata if they were sent.

    Otherwise the client must accept HTML and not be a native client (Thunderbird accepts HTML in every request)."""
    if method.upper() not in ("GET", "HEAD", "POST"):
        return False
    mode, content = headers.get("sec-fetch-mode"), _content_type(headers)
    if mode is not None:
        return mode == "navigate"
    if method.upper() == "POST" and content and not _FORM_TYPE.match(content):
        return False
    return "text/html" in headers.get("accept", "")[:MAX_HEADER] and protocol_of_agent(agent) is None
