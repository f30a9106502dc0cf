"""Recognises an answer of Autodiscover by the names and the form of everything in it. Its content type does not count.

A page, a mailbox and an answer of Exchange Web Services are not recognised: they have other elements.
"""

import json
import re
from typing import NoReturn
from xml.parsers.expat import ExpatError, ParserCreate

from mailgate.gateway.autodiscover.schema import ENVELOPED, NAMESPACES, PLAIN, is_attribute

_SEPARATOR = "\n"
"""Stands between the namespace of an element and its name. No namespace contains it."""
_MAX_ELEMENTS = 1000
"""The most elements of an answer. Exchange sends a hundred, and seven more for every other mailbox that the person may open."""
_MAX_VALUE = 1024
"""The longest text of a leaf, in characters. Addresses are the longest, with about two hundred."""
_MAX_DOCUMENT = 32 * 1024
"""The most characters of all leaves, attributes and prefixes together."""
_MAX_ENCODING = 40
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}")

_ANSWER = frozenset({"protocol", "url"})
_ERROR = frozenset({"errorcode", "errormessage"})
_PROTOCOLS = frozenset({"activesync", "autodiscoverv1", "ews", "rest", "substrate", "substratesearchservice"})
"""The protocols that clients ask for by version 2, in lower case. Other protocols are services of Microsoft's own cloud."""
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_ERROR_CODE = re.compile(r"[A-Za-z0-9]{1,64}")


def is_xml_directions(text: str) -> bool:
    """Whether it is a complete document, every name is in Autodiscover's schemas, and only leaves hold text."""
    parser = ParserCreate(namespace_separator=_SEPARATOR)
    seen = _Seen()
    parser.buffer_text = True
    parser.XmlDeclHandler = seen.declaration
    parser.StartNamespaceDeclHandler = seen.namespace
    parser.StartElementHandler = seen.start
    parser.CharacterDataHandler = seen.text
    parser.EndElementHandler = seen.end
    parser.CommentHandler = parser.ProcessingInstructionHandler = parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except (ExpatError, _ForeignError, ValueError):
        return False
    return True


class _ForeignError(Exception):
    """The document holds something that no answer of Autodiscover has."""


def _refuse(*_: object) -> NoReturn:
    raise _ForeignError


def _check(holds: bool) -> None:
    if not holds:
        raise _ForeignError


class _Open:
    """An open element: whether it may hold elements, whether it may hold text, and its text so far."""

    def __init__(self, *, holder: bool, leaf: bool) -> None:
        self.holder, self.leaf, self.text = holder, leaf, ""


class _Seen:
    """Follows a document as it is parsed. Every method raises _ForeignError for something that belongs in no answer."""

    def __init__(self) -> None:
        self._names = PLAIN
        self._open: list[_Open] = []
        self._elements = self._characters = 0

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """Accept an XML declaration."""
        _check(len(encoding or "") <= _MAX_ENCODING)

    def namespace(self, prefix: str | None, space: str | None) -> None:
        """Accept the declaration of a namespace of the schemas, with a prefix that holds no text."""
        _check(space in NAMESPACES and (prefix is None or _PREFIX.fullmatch(prefix) is not None))
        self._count(prefix or "")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Accept the start of an element of the schemas. The element around it must be one that holds elements and no text."""
        space, _, local = name.rpartition(_SEPARATOR)
        if not self._open:
            self._names = ENVELOPED if local == "Envelope" else PLAIN
            _check(local in ("Envelope", "Autodiscover"))
        else:
            self._enter(self._open[-1])
        _check(space in self._names)
        holder, leaf = (local in names for names in self._names[space])
        _check(holder or leaf)
        self._attributes(attributes)
        self._elements += 1
        _check(self._elements <= _MAX_ELEMENTS)
        self._open.append(_Open(holder=holder, leaf=leaf))

    def text(self, data: str) -> None:
        """Accept text. Only a leaf may have more than white space."""
        within = self._open[-1]
        within.text = (within.text + data).lstrip()
        _check(not within.text or within.leaf)
        _check(len(within.text.rstrip()) <= _MAX_VALUE)

    def end(self, _name: str) -> None:
        """Accept the end of an element."""
        self._count(self._open.pop().text)

    def _enter(self, parent: _Open) -> None:
        _check(parent.holder and not parent.text)
        parent.leaf = False

    def _attributes(self, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            space, _, local = name.rpartition(_SEPARATOR)
            _check(is_attribute(space, local, value))
            self._count(value)

    def _count(self, text: str) -> None:
        self._characters += len(text)
        _check(self._characters <= _MAX_DOCUMENT)


def is_json_directions(text: str) -> bool:
    """Whether it is one JSON object with the names of an answer or an error of version 2, each once and with a short value."""
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return False
    if not isinstance(pairs, _Pairs):
        return False
    told = {name.lower(): value for name, value in pairs if isinstance(value, str)}
    if len(told) != len(pairs) or any(len(value) > _MAX_VALUE for value in told.values()):
        return False
    if told.keys() == _ERROR:
        return _ERROR_CODE.fullmatch(told["errorcode"]) is not None
    return told.keys() == _ANSWER and told["protocol"].lower() in _PROTOCOLS and _is_url(told["url"])


def _is_url(text: str) -> bool:
    return _URL.fullmatch(text) is not None


class _Pairs(list[tuple[str, object]]):
    """Every name and value of an object. A repeated name is kept, since both of its values would be passed on."""
