"""Finds people and things by typed or pasted text, in every spelling in which they may be stored.

This is for searching only. ``policy/login_names.py`` decides which person a login is; there, ``Müller`` and ``müller`` are
two people.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import unquote

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
    """The text without what a paste adds: the address in ``Plum Key <plum.key@example.com>``, without ``mailto:`` and
    punctuation around it."""
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
