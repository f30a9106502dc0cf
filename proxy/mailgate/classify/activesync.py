"""Exchange ActiveSync: the device names itself in the query ([MS-ASHTTP] 2.2.1.1.1), in plain pairs or in base64.

What a request claims may only restrict, so ActiveSync in any spelling makes a handheld. The names of a device, of its type and of a
person count for more only where the webmail is bound to check the login (``checks_login``). A webmail with one script for
every address goes by a session, whatever stands in the path, and checks none of them.
"""

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_plus

from mailgate.classify.protocol import decoded
from mailgate.classify.reading import KIND_OF_FORM, Reading
from mailgate.classify.table import Table, TableRule
from mailgate.model import Finding, Reason, RequestFacts, Signal
from mailgate.model.phrase import phrase

MAX_LENGTH = 1024
"""The most characters of a query that are read. Real ones have about 150."""
VERSION_HEADER = "ms-asprotocolversion"

_MOST = 3 * (MAX_LENGTH + 1)
"""The most characters with escapes: this many may encode ``MAX_LENGTH`` characters and one more."""
_MAX_VALUE = 256
_MAX_PAIRS = 32
_MAX_PARAMETERS = 16
"""The most parameters of a query. There are seven kinds ([MS-ASHTTP] 2.2.1.1.1.1.3)."""
_SOURCE = "activesync"
_BASE64 = re.compile(r"[A-Za-z0-9+/]{2,}={0,2}")
_VERSION = re.compile(r"[0-9]{1,2}\.[0-9]")
_OLDEST_IN_BASE64 = 121
_NEWEST_IN_BASE64 = 199
_TAG_USER = 8
_NAMES = frozenset({"cmd", "deviceid", "devicetype", "user"})
"""The names in a plain query, in lower case ([MS-ASHTTP] 2.2.1.1.1.2)."""
_OF_COMMANDS = frozenset(
    "attachmentname collectionid collectionname itemid longid occurrence parentid saveinsent".split()
)
"""The further names that commands take in a plain query ([MS-ASHTTP] 2.2.1.1.1.2.5), in lower case."""
_OWN = frozenset({*_NAMES, *_OF_COMMANDS, ""})
_METHODS = frozenset({"POST", "OPTIONS"})
_CONTENT = re.compile(
    r"(?:application/(?:vnd\.ms-sync(?:\.wbxml)?|octet-stream)|message/rfc822)?\s*(?:;[^,]*)?", re.IGNORECASE
)
"""The content types of ActiveSync ([MS-ASHTTP] 2.2.1.1.2.2), and of no type in particular. No webmail reads a session in them."""
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")
"""The value of a cookie (RFC 6265, section 4.1.1). Some servers split it at a space, a comma or a quote."""

CODES = {
    0: "Sync",
    1: "SendMail",
    2: "SmartForward",
    3: "SmartReply",
    4: "GetAttachment",
    9: "FolderSync",
    10: "FolderCreate",
    11: "FolderDelete",
    12: "FolderUpdate",
    13: "MoveItems",
    14: "GetItemEstimate",
    15: "MeetingResponse",
    16: "Search",
    17: "Settings",
    18: "Ping",
    19: "ItemOperations",
    20: "Provision",
    21: "ResolveRecipients",
    22: "ValidateCert",
    23: "Find",
}
"""Commands by their code in a base64 query ([MS-ASHTTP] 2.2.1.1.1.1.2); 5 to 8 are no longer in use. Code 23 came with version 16.1. That it
means Find is taken from a port of Z-Push; if that is wrong, only the form of a refusal is wrong."""

_COMMANDS = {name.lower(): name for name in CODES.values()}

_TYPES = Table(
    (
        TableRule(
            "desktop-client",
            "desktop",
            "Outlook for Windows and TbSync in Thunderbird run on computers only.",
            r"^WindowsOutlook\d*$ | ^Thunderbird$ | ^TbSync$",
        ),
        TableRule(
            "tablet-type",
            "tablet",
            "Types of tablets by name or by Samsung's model numbers.",
            r"""
            iPad | PlayBook | Tablet | TouchPad | ^SAMSUNGSM[TXP]\d | ^SAMSUNGGT[PN]\d | Galaxy ?Tab
            ^KF[A-Z]{2,}
            """,
        ),
        TableRule(
            "phone-type",
            "phone",
            "Types of phones; Android tablets mostly say Android as well and are told apart by their user agent.",
            r"""
            iPhone | iPod | Smart ?Phone | Android | ^WP\d*$ | Windows ?Phone | Pocket ?PC | BlackBerry
            Palm | Symbian | Nokia | ^SAMSUNG | ^htc | ^LG | ^Moto | ^SonyEricsson | ^HUAWEI | ^webOS
            ^MSFT-
            """,
        ),
    )
)


class _BrokenError(Exception):
    """This is not a query of ActiveSync. The text says what is wrong."""


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    """The values of a query. A missing value is empty. ``fault`` says what is wrong with one that cannot be read."""

    device_id: str = ""
    """The DeviceId as text if it is printable ASCII, otherwise in hex, as servers write it."""
    device_type: str = ""
    command: str = ""
    """The command in its own spelling (``CODES``); empty if unknown."""
    version: str = ""
    """The protocol version, like ``14.1``."""
    user: str = ""
    """The user that the device names. This claim is not checked: the webmail checks the login and not this."""
    fault: str = ""


def read_query(query: str, version: str = "") -> DeviceQuery:
    """Read the parameters of a query in either form. Never raises. A query that cannot be read has a fault and nothing else. ``version`` is
    the ``MS-ASProtocolVersion`` header, for queries that name no version themselves."""
    said = version.strip()
    return _read(query[:_MOST], said if _VERSION.fullmatch(said) else "")


def checks_login(facts: RequestFacts) -> bool:
    """Whether a webmail is bound to check the login of this request, if it is no page load: it has ActiveSync's own address to the letter, its
    method, its content type, no query but its own, and no cookie of a session, by which a webmail could go instead."""
    place, sent = facts.activesync, facts.headers
    return (
        facts.path in place.addresses
        and facts.method in _METHODS
        and _CONTENT.fullmatch(sent.get("content-type", "").strip()) is not None
        and all(_logs_nobody_in(pair, place.cookies) for pair in sent.get("cookie", "").split(";"))
        and _asks_nothing_else(facts.query[:_MOST])
    )


def _logs_nobody_in(pair: str, harmless: Collection[str]) -> bool:
    """Whether a cookie is one of the harmless ones, and could not be read as several."""
    name, _, value = pair.strip().partition("=")
    return not pair.strip() or (name in harmless and _COOKIE_VALUE.fullmatch(value) is not None)


@lru_cache(1024)
def _asks_nothing_else(query: str) -> bool:
    """Whether a query can be read, and has nothing but the parameters of ActiveSync."""
    if _read(query, "").fault:
        return False
    if _BASE64.fullmatch(decoded(query)):
        return True
    names = {unquote_plus(pair.partition("=")[0]).strip().lower() for pair in re.split("[&;]", query)}
    return len(query) <= MAX_LENGTH and names <= _OWN


@lru_cache(1024)
def _read(query: str, said: str) -> DeviceQuery:
    """Read a query with a cache, since a query is read more than once on its way and a phone repeats its queries."""
    unescaped = decoded(query)
    try:
        if not _BASE64.fullmatch(unescaped):
            return _read_plain(query[:MAX_LENGTH], said)
        return _read_base64(unescaped)
    except _BrokenError as broken:
        return DeviceQuery(version=said, fault=str(broken))


def _read_plain(query: str, version: str) -> DeviceQuery:
    """Read a plain query. Names are compared without case. A repeated name is refused, since servers may take either value."""
    found: dict[str, str] = {}
    for pair in re.split("[&;]", query, maxsplit=_MAX_PAIRS):
        raw, separator, text = pair.partition("=")
        name, value = unquote_plus(raw).strip().lower(), unquote_plus(text).strip()[:_MAX_VALUE]
        if separator and found.setdefault(name, value) != value and name in _NAMES:
            raise _BrokenError("one parameter has two values")
    if query and found.keys().isdisjoint(_NAMES):
        raise _BrokenError("it is not base64 and names no device")
    return DeviceQuery(
        device_id=found.get("deviceid", ""),
        device_type=found.get("devicetype", ""),
        command=_COMMANDS.get(found.get("cmd", "").lower(), ""),
        version=version,
        user=found.get("user", ""),
    )


def _read_base64(text: str) -> DeviceQuery:
    """Read a base64 query: version, command, locale, device id, policy key, device type, parameters ([MS-ASHTTP] 2.2.1.1.1.1)."""
    if len(text) > MAX_LENGTH:
        raise _BrokenError(f"longer than {MAX_LENGTH} characters")
    try:
        data = base64.b64decode(text + "==")  # more padding than needed is passed over
    except binascii.Error:
        raise _BrokenError("not base64") from None
    if len(data) < 4 or not _OLDEST_IN_BASE64 <= data[0] <= _NEWEST_IN_BASE64:
        raise _BrokenError("no protocol version that is sent in this form")
    device_id, rest = _take(data[4:], "device id")
    policy_key, rest = _take(rest, "policy key")
    device_type, rest = _take(rest, "device type")
    if not device_id or len(policy_key) not in (0, 4):
        raise _BrokenError("a device id or policy key of the wrong length")
    return DeviceQuery(
        device_id=_printable(device_id),
        device_type=device_type.decode("utf-8", "replace").strip(),
        command=CODES.get(data[1], ""),
        version=f"{data[0] // 10}.{data[0] % 10}",
        user=_parameters(rest).get(_TAG_USER, b"").decode("utf-8", "replace"),
    )


def _parameters(data: bytes) -> dict[int, bytes]:
    """Read tags, lengths and values until the end. The first value of a tag counts."""
    found: dict[int, bytes] = {}
    for _ in range(_MAX_PARAMETERS):
        if data:
            value, rest = _take(data[1:], "parameter")
            found.setdefault(data[0], value)
            data = rest
    if data:
        raise _BrokenError("more parameters than any command has")
    return found


def _take(data: bytes, what: str) -> tuple[bytes, bytes]:
    if not data or len(data) < 1 + data[0]:
        raise _BrokenError(f"it ends inside the {what}")
    end = 1 + data[0]
    return data[1:end], data[end:]


def _printable(device_id: bytes) -> str:
    text = device_id.decode("ascii", "replace")
    return text if text.isascii() and text.isprintable() else device_id.hex()


def read_activesync(query: DeviceQuery, *, checked: bool) -> Reading:
    """Read the device's statements about itself. Every client that is not known to run on computers is a handheld.
    ``checked``: whether the webmail checks the login; otherwise nothing in a query makes a computer."""
    match = _TYPES.first(query.device_type.encode("ascii", "replace").decode("ascii"))
    form = match.rule.form if match else "mail_app"
    if form == "desktop" and not checked:
        form = "mail_app"
    shown = Signal(_SOURCE, "DeviceType", query.device_type, KIND_OF_FORM[form])
    fault = query.fault and phrase("the query cannot be read: %(fault)s", fault=query.fault)
    return Reading(
        form=form,
        browser="Outlook" if query.device_type.lower().startswith("windowsoutlook") else "",
        signals=(shown,),
        findings=(Finding(Reason.REQUEST_MALFORMED, fault),) if fault else (),
    )
