"""Reads a login at the mail server. The client may name itself by the IMAP command ID (RFC 2971).

POP3, submission and ManageSieve have no such command, so a login over them says nothing about the client. A mail client
that is not known to run on computers counts as handheld.
"""

import re
from collections.abc import Mapping
from itertools import islice

from mailgate.classify.programs import HANDHELD_MAIL_APP
from mailgate.classify.reading import KIND_OF_FORM, Reading, system_name
from mailgate.classify.table import Match, Table, TableRule, readable
from mailgate.model import IMAP_ID, Signal
from mailgate.model.phrase import phrase

FIELDS = tuple(
    "name version vendor os os-version model device device-type x-android-device-model also".split()
)
"""The fields of an ID that are read and kept. Others hold addresses, ids of persons, or nothing of use here. ``also`` keeps a second,
different value of one name."""

MAX_LENGTH = 4096
"""The most characters of an ID that are read. RFC 2971, section 3.3, allows 30 fields, and clients send far fewer."""

_MAX_VALUE = 64
_MAX_FIELDS = 30
"""The most pairs of a list (RFC 2971, section 3.3)."""
_SPECIAL = re.compile(r'[\\"]')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ITEM = re.compile(r'"((?:[^"\\]++|\\.)*+)"?|([^\s()"]++)', re.DOTALL)

_HANDHELDS = Table(
    (
        TableRule(
            "tablet",
            "tablet",
            "Words for tablets in the name of a mail app, of a system or of a model.",
            r"iPad | ~tablet~ | PlayBook",
        ),
        TableRule(
            "phone",
            "phone",
            "Systems and devices of phones.",
            r"""
            iPhone | iPod | phone~ | Windows[ 0-9]*(?:Mobile|CE)~ | BlackBerry | Symbian | KaiOS | Sailfish
            ~Tizen | ~Bada~ | Ubuntu Touch
            """,
        ),
        TableRule(
            "mobile-system",
            "mail_app",
            "Systems that run on phones and tablets alike; the ID does not say which.",
            r"~iOS~ | ~Android | \.android\. | HarmonyOS | watchOS | visionOS | webOS | mobile~",
        ),
        TableRule(
            "mobile-client",
            "mail_app",
            "Mail clients that exist only for phones and tablets, by their names in an ID.",
            r"~Nine~ | ~myMail | ~Boxer",
        ),
        TableRule(
            "mobile-vendor",
            "mail_app",
            "Makers of phones. Their mail apps exist only for phones, whatever else they make.",
            r"""
            ~vendor (?:Huawei|Honor|Hihonor|Xiaomi|Redmi|Vivo|OPPO|ColorOS|OnePlus|Realme|Samsung|HTC|LGE?~|Motorola|Nokia|HMD~|Sony)
            ~vendor (?:BlackBerry|Research In Motion|Meizu|ZTE|TCL|TECNO|Transsion|Infinix|itel~|Fairphone|Nothing~|Google)
            """,
        ),
        HANDHELD_MAIL_APP,
    )
)
"""Words of handhelds, searched in all fields and their names. One such word outweighs a computer's. The name
``x-android-device-model`` is itself a word of Android."""

_COMPUTERS = Table(
    (
        TableRule(
            "desktop-client",
            "desktop",
            "Mail clients that exist only for computers, by the beginning of their names. A client that also exists for phones "
            "counts as a computer only if it names a computer's system. Outlook is one of these: for Outlook on phones, a service of "
            "its maker logs in at the mail server.",
            r"""
            ^name=(?:Mozilla )?Thunderbird(?:$|[ /]\d| Daily| Beta| ESR) | ^name=(?:SeaMonkey|Betterbird|Postbox)~
            ^name=(?:Evolution|KMail|Kontact|Akonadi|KIMAP|Geary|Claws|Sylpheed|Balsa|Mailspring|Vivaldi)~
            ^name=(?:Mutt|NeoMutt|Alpine|Pine|aerc|meli|himalaya|Gnus|Wanderlust)~ | ^name=Trojit
            ^name=Mac OS X ~ | ^name=com\.apple\.mail$ | ^name=MailMate~ | ^name=(?:Microsoft[ -]?)?MacOutlook
            ^name=(?:Microsoft )?(?:Outlook|eM Client) for (?:Mac|Windows)
            ^name=Outlook Express | ^name=Windows Live Mail | ^name=Microsoft Entourage | ^name=Mailbird~
            ^name=The Bat! | ^name=Becky | ^name=(?:Lotus|IBM|HCL) Notes | ^name=(?:Eudora|Pegasus|Opera) ?Mail
            """,
        ),
        TableRule(
            "program",
            "tool",
            "Programs that fetch, move or serve mail without a person at this connection, such as webmail.",
            r"""
            ^name=(?:offlineimap|mbsync|isync|imapsync|fetchmail|getmail|imapfilter|imapclient|go-imap|dsync|doveadm)
            ^name=(?:Roundcube|SOGo|Horde|SquirrelMail|RainLoop|SnappyMail|Nextcloud|Cypht|AfterLogic)
            ^name=(?:javamail|python|perl|php|curl)~
            """,
        ),
        TableRule(
            "desktop-system",
            "desktop",
            "Systems of computers. Linux is not among them, since Java gives Android that name, nor is Darwin, which is iOS as well.",
            r"""
            ^os=(?:Microsoft )?Windows(?:$| ?(?:NT|XP|Vista|Server|\d)) | ^os=WinNT | ^os=Win(?:32|64)
            ^os=mac ?OS | ^os=OS X | ^os=(?:Free|Open|Net)BSD
            """,
        ),
    )
)
"""Words of computers, searched in ``name`` and then in ``os``, each written as ``field=value``."""

_PACKAGE = re.compile(
    r"(?:[a-z]{2}|com|org|net|app|dev|info|edu)\.[a-z]|(?:[a-z][\w-]*\.){2,}[a-z]", re.IGNORECASE
)
"""The beginning of a package name, as apps of phones have it. Only those programs of computers that are in
``_COMPUTERS`` have one."""

_MODELS = ("model", "device", "device-type")
_COMPUTER_MODEL = re.compile(
    r"(?:Apple )?(?:i?Mac|MacBook|Macintosh|(?:desktop|laptop|notebook|workstation|computer|PC)\b)",
    re.IGNORECASE,
)
"""The beginnings of the models and types of computers. A list of phones' models would always lack the next one."""


def read_id(text: str) -> dict[str, str]:
    """Read the fields of an ID list in order. The list may have parentheses or not, and may be cut short.

    Names are compared without case. The first value of a name counts, and NIL is no value (RFC 2971, section 3.3). The first
    value that differs from an earlier one of its name is kept in ``also``.
    """
    items = [_value(*item.groups("")) for item in islice(_ITEM.finditer(text[:MAX_LENGTH]), 2 * _MAX_FIELDS)]
    found: dict[str, str] = {}
    for name, value in zip(items[::2], items[1::2], strict=False):
        name = name.lower()
        if value and name in FIELDS and found.setdefault(name, value) != value:
            found.setdefault("also", f"{name} {value}"[:_MAX_VALUE])
    return found


def write_id(fields: Mapping[str, str]) -> str:
    """Fields as a list that ``read_id`` reads as these fields."""
    return " ".join(_quoted(text) for pair in fields.items() for text in pair)


def _quoted(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\g<0>", text)
    return f'"{escaped}"'


def read_client(fields: Mapping[str, str]) -> Reading:
    """Read a mail client's statements about itself. Never raises. One that is not known to run on computers is a handheld."""
    handheld = _HANDHELDS.first("\n".join(f"{name} {readable(value)}" for name, value in fields.items()))
    computer = _computer(fields)
    claimed = computer.text if computer and computer.rule.form == "desktop" else ""
    disputed = handheld.text if handheld else _strange(fields) if claimed else ""
    form = handheld.rule.form if handheld else computer.rule.form if computer and not disputed else "mail_app"
    reading = Reading(
        form=form,
        os=system_name(re.split(r"\s*[\d(/]", fields.get("os", ""))[0]),
        os_version=fields.get("os-version", ""),
        browser=fields.get("name", ""),
        browser_version=fields.get("version", ""),
        model=fields.get("x-android-device-model") or fields.get("model") or fields.get("device", ""),
        signals=_signals(fields, form),
    )
    if not (claimed and disputed):
        return reading
    detail = phrase(
        "the mail client names a computer (%(computer)s) and something that no computer has (%(disputed)s)",
        computer=claimed,
        disputed=disputed,
    )
    return reading.contradicted(detail)


def _strange(fields: Mapping[str, str]) -> str:
    """A value that no computer's program sends, or empty: two values of one name, a package name, or another device's model."""
    if "also" in fields:
        return f"also {fields['also']}"
    name = fields.get("name", "")
    if _PACKAGE.match(name) and not _COMPUTERS.first(f"name={readable(name)}"):
        return f"name {name}"
    told = {field: fields[field] for field in _MODELS if fields.get(field)}
    return next((f"{field} {model}" for field, model in told.items() if not _COMPUTER_MODEL.match(model)), "")


def _computer(fields: Mapping[str, str]) -> Match | None:
    named = (
        _COMPUTERS.first(f"{name}={readable(fields[name])}") for name in ("name", "os") if name in fields
    )
    return next((match for match in named if match), None)


def _signals(fields: Mapping[str, str], form: str) -> tuple[Signal, ...]:
    kind = KIND_OF_FORM[form]
    if not fields:
        return (Signal(IMAP_ID, "absent", "", kind),)
    return tuple(
        Signal(IMAP_ID, name, value, kind if name == next(iter(fields)) else None)
        for name, value in fields.items()
    )


def _value(quoted: str, atom: str) -> str:
    """The value of a string. An unquoted word is NIL or no string."""
    if atom:
        return "" if atom.upper() == "NIL" else atom[:_MAX_VALUE]
    return _ESCAPED.sub(r"\1", quoted, count=_MAX_VALUE)[:_MAX_VALUE]
