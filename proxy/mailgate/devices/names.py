"""The names by which a device is known, and finding people and things by typed or pasted text, in every spelling in which they may be stored.

A name is a pair of kind and text, and texts are compared in the form made here. What is typed is read for searching only:
``policy/people.py`` decides which person a login is; there, ``Müller`` and ``müller`` are two people.
"""

import binascii
import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from mailgate.model.decision import user_text as user_text

SERIAL = "serial"
"""The serial number of the hardware, in ASCII capitals."""
UDID = "udid"
"""The id that the maker or the system gives the hardware, in ASCII capitals without hyphens."""
KEY = "key"
"""The RFC 7638 thumbprint of the key of an attestation. It is compared exactly."""
CERT = "cert"
"""The SHA-256 of a TLS client certificate (``x5t#S256``). It is compared exactly."""
DIRECTORY = "directory"
"""The device's id in the company's directory, such as Entra's, in the form of a UDID. A device that registers anew gets
another, so two of them may be one device."""
EAS = "eas"
"""The ActiveSync DeviceId. It is compared without case and in both of its forms."""
MDM = "mdm"
"""A source's own id of a device, compared exactly. The store keeps it with the report and not as a name."""
FORMER = "former"
"""The id of a device that was merged into this one."""
USER = "user"
"""The login name of the owner, compared without case. It names a person, so it does not identify a single device."""

STRONG = (SERIAL, UDID, KEY, CERT, DIRECTORY, EAS)
"""The kinds of names that identify a device across sources, the strongest first."""

Name = tuple[str, str]


def storable(text: str) -> str:
    """Escape the characters that a database cannot keep: NUL and lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def serial_text(serial: str) -> str:
    """A serial number without the spaces around it, in ASCII capitals."""
    return _upper(serial.strip())


def udid_text(udid: str) -> str:
    """A UDID or UUID in ASCII capitals, without hyphens and braces, which not every source writes."""
    return _upper(udid.strip().strip("{}").replace("-", ""))


def eas_text(eas_id: str) -> str:
    """An ActiveSync DeviceId as plain text in ASCII lower case, whichever form it came in."""
    return _text(eas_id).decode()


def eas_forms(eas_id: str) -> frozenset[str]:
    """Every form of one ActiveSync DeviceId, in ASCII lower case: a phone sends it as text in a plain query, and in a base64
    query servers read it as the hex of that text. Two ids are the same if they share a form."""
    text = _text(eas_id)
    return frozenset(form.decode() for form in (text, text.hex().encode(), _lower(eas_id)) if form)


def forms_of(kind: str, name: str) -> frozenset[str]:
    """Every form in which a name of this kind may be stored, in whatever form it is typed. An empty one has none."""
    if kind == EAS:
        return eas_forms(name)
    return frozenset({text_of(kind, name)} - {""})


def text_of(kind: str, name: str) -> str:
    """A name of this kind in the form in which names are compared."""
    forms = {SERIAL: serial_text, UDID: udid_text, DIRECTORY: udid_text, EAS: eas_text}
    return forms.get(kind, str)(name)


def _text(eas_id: str) -> bytes:
    sent = _lower(eas_id)
    try:
        plain = binascii.unhexlify(sent)
    except binascii.Error:
        return sent
    return plain.lower() if plain.isascii() and plain.decode().isprintable() else sent


def _lower(text: str) -> bytes:
    # lowering bytes leaves letters beyond ASCII as they are
    return text.encode("utf-8", "backslashreplace").lower()


def _upper(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").upper().decode()


_ANGLED = re.compile(r"<([^<>]+)>")
_APART = re.compile(r"[\s.\-_#:]+")
_AROUND = " \"'`<>()[]{}.,;:!?#“”„‘’«»"
_LATIN = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
LETTERS = str.maketrans({**_LATIN, "_": ".", "-": ".", " ": "."})
"""Letters whose accent is no combining mark, and the characters between the words of a name."""
ACCENTS = ("\u0300", "\u036f")
"""The first and the last of the combining marks of Latin, Greek and Cyrillic letters."""
_ACCENT = re.compile("[{}-{}]".format(*ACCENTS))


def bare(text: str) -> str:
    """The text without what a paste adds: the address in ``Plum Key <plum.key@example.com>``, without ``mailto:`` and outer punctuation."""
    seen = "".join(each for each in unicodedata.normalize("NFC", text) if unicodedata.category(each) != "Cf")
    angled = _ANGLED.search(seen)
    inner = (angled[1] if angled else seen).strip()
    if inner[:7].lower() == "mailto:":
        inner = unicodedata.normalize("NFC", unquote(inner[7:].partition("?")[0]))
    return " ".join(inner.strip(_AROUND).split())


def folded(text: str) -> str:
    """A name without case and accents, with a dot between its words: ``Jürgen Müller`` is ``jurgen.muller``."""
    if not text.isascii():
        text = _ACCENT.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return text.lower().translate(LETTERS)


def logins(text: str) -> list[str]:
    """The logins that a text may mean, the most likely first: as it is, without case, and with dots for spaces."""
    names = [text.strip(), (inner := bare(text)), *_given_first(inner)]
    return _once(spelled for name in names for spelled in _spellings(name))


def ids(text: str) -> list[str]:
    """The ids or serial numbers that a text may mean: in any case, in one piece, or with hyphens."""
    own, inner = text.strip(), bare(text)
    joined = (join.join(filter(None, _APART.split(inner))) for join in ("", "-"))
    return _once(
        case(name) for name in (own, inner, *joined) for case in (str, _ascii(str.upper), _ascii(str.lower))
    )


def references(text: str) -> list[str]:
    """The references of refusals that a text may mean."""
    own = text.strip()
    return _once([own, own.upper(), "".join(filter(None, _APART.split(bare(text)))).upper()])


def _given_first(name: str) -> list[str]:
    """A name in parts as a login: ``Plum Key`` and ``Key, Plum`` are ``Plum.Key``."""
    if "@" in name:
        return []
    last, comma, first = name.partition(",")
    return [".".join(f"{first} {last}".split() if comma else name.split())]


def _spellings(name: str) -> list[str]:
    """A name in the cases and forms in which letters beyond ASCII may be stored; an ASCII name has one."""
    if name.isascii():
        return [name]
    cases = (str, str.lower, str.upper, str.title, str.casefold)
    return [unicodedata.normalize(form, case(name)) for case in cases for form in ("NFC", "NFD")]


def _ascii(case: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: case(text) if text.isascii() else text


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))
