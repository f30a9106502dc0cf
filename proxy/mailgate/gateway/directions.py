"""Whether a text is an answer of Autodiscover: by the names of all that is in it, whatever it is called by whoever sent it.

A page, a mailbox and an answer of Exchange Web Services are none: no element of theirs is one of Autodiscover's.
"""

import json
import re
from typing import NoReturn
from xml.parsers.expat import ExpatError, ParserCreate

_SEPARATOR = "\n"
"""Between the namespace of an element and its name: no namespace has one."""
_WITHIN = "http://schemas.microsoft.com/exchange/autodiscover/"
"""How the namespaces of [MS-OXDSCLI] and [MS-ASCMD] 2.2.1.1 begin, of questions and of answers."""
_SOAP = re.compile(
    r"http://(?:schemas\.xmlsoap\.org/soap/envelope/|www\.w3\.org/2003/05/soap-envelope|www\.w3\.org/2005/08/addressing"
    r"|schemas\.microsoft\.com/exchange/2010/Autodiscover)"
)
"""The namespaces of [MS-OXWSADISC]."""
_JSON = frozenset({"protocol", "url", "errorcode", "errormessage"})
"""What an answer of version 2 has, or of the error in its place."""
_LONGEST_VALUE = 2048


def is_xml_directions(text: str) -> bool:
    """Whether it is a whole document whose every element is one of Autodiscover's, and which declares nothing of its own."""
    parser = ParserCreate(namespace_separator=_SEPARATOR)
    seen: list[str] = []
    parser.StartElementHandler = lambda name, _: _see(seen, name)
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except (ExpatError, _ForeignError, ValueError):
        return False
    return True


class _ForeignError(Exception):
    """Something that no answer of Autodiscover has."""


def _refuse(*_: object) -> NoReturn:
    raise _ForeignError


def _see(seen: list[str], name: str) -> None:
    """Take in one element more, by the root that stands before it. Raises _ForeignError."""
    space, _, local = name.rpartition(_SEPARATOR)
    if not seen:
        soap = local == "Envelope" and _SOAP.fullmatch(space) is not None
        if not soap and (local != "Autodiscover" or not _is_own(space)):
            raise _ForeignError
        seen.append("soap" if soap else "plain")
    elif not (_SOAP.fullmatch(space) if seen[0] == "soap" else _is_own(space)):
        raise _ForeignError


def _is_own(space: str) -> bool:
    """Some servers write the documents without any namespace."""
    return not space or space.lower().startswith(_WITHIN)


def is_json_directions(text: str) -> bool:
    """Whether it is one object with the names of version 2, and with short words for them."""
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(pairs, _Pairs)
        and bool(pairs)
        and all(name.lower() in _JSON for name, _ in pairs)
        and all(isinstance(value, str) and len(value) <= _LONGEST_VALUE for _, value in pairs)
    )


class _Pairs(list[tuple[str, object]]):
    """Every name and value of an object: of two of one name both are passed on."""
