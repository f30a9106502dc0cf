"""Exchange ActiveSync: the device names itself in the query ([MS-ASHTTP] 2.2.1.1.1)."""

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

from mailgate.classify.reading import KIND_OF_FORM, Reading
from mailgate.classify.table import Rule, Table
from mailgate.model import Signal

MAX_LENGTH = 2048
"""Characters of a query that are read."""

_MAX_VALUE = 256
_MAX_PAIRS = 32
_SOURCE = "activesync"

_TYPES = Table(
    (
        Rule(
            "desktop-client",
            "desktop",
            "Outlook for Windows and TbSync in Thunderbird run on computers only.",
            r"^WindowsOutlook\d*$ | ^Thunderbird$ | ^TbSync$",
        ),
        Rule(
            "tablet-type",
            "tablet",
            "Types of tablets by name or by Samsung's model numbers.",
            r"""
            iPad | PlayBook | Tablet | TouchPad | ^SAMSUNGSM[TXP]\d | ^SAMSUNGGT[PN]\d | Galaxy ?Tab
            ^KF[A-Z]{2,}
            """,
        ),
        Rule(
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


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    """``DeviceId`` and ``DeviceType`` as sent; empty where the query has none or is the base64 form."""

    device_id: str = ""
    device_type: str = ""


def read_query(query: str) -> DeviceQuery:
    """The parameters of the plain form. Names are compared without case; the first of a name counts."""
    found: dict[str, str] = {}
    for pair in re.split("[&;]", query[:MAX_LENGTH], maxsplit=_MAX_PAIRS):
        name, separator, value = pair.partition("=")
        if separator:
            found.setdefault(unquote_plus(name).strip().lower(), unquote_plus(value).strip()[:_MAX_VALUE])
    return DeviceQuery(found.get("deviceid", ""), found.get("devicetype", ""))


def read_activesync(query: DeviceQuery) -> Reading:
    """What the device says of itself. Whatever is not known as a client of computers is handheld."""
    match = _TYPES.first(query.device_type.encode("ascii", "replace").decode("ascii"))
    form = match.rule.form if match else "mail_app"
    shown = Signal(_SOURCE, "DeviceType", query.device_type, KIND_OF_FORM[form])
    reading = Reading(form=form, signals=(shown,))
    return (
        replace(reading, browser="Outlook")
        if query.device_type.lower().startswith("windowsoutlook")
        else reading
    )
