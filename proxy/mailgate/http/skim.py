"""Reads usual heads quickly: a second reader beside the strict ones (``request.py``).

Its law: it takes only what the strict reader takes, and reads it the same. So it looks for nothing but the usual form, in which
every line is ``name: value`` with one space, and no name or value in it means more than it says. A head that has anything else
is left to the strict reader, which also says what is wrong with it. What the names mean is found out once for each row of names
(``fields.py``), and heads of rows that come often are read by one regular expression for the whole head.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from mailgate.http.body import BodyUntilClose
from mailgate.http.fields import ROWS, Fields, Row
from mailgate.http.grammar import CRLF, HOST, LINE, TOKEN, is_token
from mailgate.http.request import BASIC, RequestHead, ResponseHead, body_of

_IN_LINES = LINE.replace(b"\t", b"")
_EMPTY = re.compile(rb"\n[" + re.escape(TOKEN) + rb"]+: (?=\r)")
_VALUE = rb"[!-~\x80-\xff][ -~\x80-\xff]*+(?<! )"
_BEARER = re.compile(rb"[Bb]earer [^ ,]+")
_LONGEST = 128
"""The most bytes of a host that is remembered."""
OFTEN, _LONGEST_FORM, _MAX_FORMS = 64, 24, 4
"""How often a row comes before it gets a regular expression, the most lines of one that does, and how many of the same length have one."""
_OPTIONS = {b"keep-alive": True, b"Keep-Alive": True, b"close": False}
"""Whether the connection stays open, by the usual values of ``Connection``."""
_LOOKED_AT = frozenset(
    b"te trailer expect transfer-encoding upgrade http2-settings max-forwards close".split()
)
"""Names with which a message means more. ``close`` is one that ``Connection: close`` removes."""
_ONCE = (b"host", b"connection", b"content-length", b"authorization", b"transfer-encoding", b"cookie")


class _FieldPlaces(NamedTuple):
    """Where the fields are that have to be looked at; None if they are not there."""

    host: int | None
    connection: int | None
    length: int | None
    login: int | None
    coding: int | None


def _places(row: Row) -> _FieldPlaces | None:
    """None if a name is none, or is there twice and must be there once."""
    places = row.places
    if not all(map(is_token, row.names)) or any(len(places.get(key, ())) > 1 for key in _ONCE):
        return None
    return _FieldPlaces(*(places[key][0] if key in places else None for key in _ONCE[:5]))


def _of_request(row: Row) -> _FieldPlaces | None:
    """None if the names alone make a request unusual."""
    usual = b"host" in row.places and _LOOKED_AT.isdisjoint(row.places)
    return _places(row) if usual else None


def _of_answer(row: Row) -> _FieldPlaces | None:
    """None if the names alone make an answer unusual."""
    both = b"transfer-encoding" in row.places and b"content-length" in row.places
    usual = not both and (_LOOKED_AT - {b"transfer-encoding"}).isdisjoint(row.places)
    return _places(row) if usual else None


def skim_request(head: bytes, most: int) -> RequestHead | None:
    """The request whose head this is, to its empty line; None if it has to be read strictly."""
    found = _REQUESTS.read(head, most)
    if found is None:
        return None
    (method, target, *lines), row = found
    places: _FieldPlaces | None = row[_of_request]
    if places is None:
        return None
    host, connection, length, login, _ = places
    assert host is not None
    named = lines[host][6:]
    keep_alive = connection is None or _OPTIONS.get(lines[connection][12:])
    if keep_alive is None or len(named) > _LONGEST or not _is_host(named):
        return None
    if login is not None:
        told = lines[login][15:]
        if not BASIC.fullmatch(told) and not _BEARER.fullmatch(told):
            return None
    size = None if length is None else _length(lines[length])
    if size is None and length is not None:
        return None
    parsed = RequestHead(method, target, 1, Fields.of(lines, row), named, keep_alive, size)
    parsed.raw = head
    return parsed


def skim_answer(head: bytes, *, method: bytes, max_fields: int) -> ResponseHead | None:
    """The answer to ``method`` whose head this is, to its empty line; None if it has to be read strictly."""
    found = _ANSWERS.read(head, max_fields)
    if found is None:
        return None
    (told, reason, *lines), row = found
    places: _FieldPlaces | None = row[_of_answer]
    if places is None:
        return None
    _, connection, length, _, coding = places
    status = int(told)
    keep_alive = connection is None or _OPTIONS.get(lines[connection][12:])
    size = None if length is None else _length(lines[length])
    if keep_alive is None or (size is None and length is not None):
        return None
    is_head = method == b"HEAD"
    if coding is not None and (is_head or status in (204, 304) or lines[coding][19:] != b"chunked"):
        return None
    body = body_of(status, size, is_chunked=coding is not None, is_head=is_head)
    keep_alive = keep_alive and type(body) is not BodyUntilClose
    parsed = ResponseHead(status, reason, 1, Fields.of(lines, row), body, keep_alive)
    parsed.raw = head
    return parsed


_Form: TypeAlias = tuple[Callable[[bytes], re.Match[bytes] | None], Row]


class _Heads:
    """Heads whose first line is of a pattern with two groups."""

    def __init__(self, first: bytes) -> None:
        self._first = re.compile(first)
        self._forms: dict[int, list[_Form]] = {}
        """The rows that come often, the latest first, by the number of lines."""

    def read(self, head: bytes, most: int) -> tuple[tuple[bytes, ...], Row] | None:
        """The two parts of the first line and the field lines, and the row of what stands before the first ``: `` in each, if every line
        has the usual form but perhaps for its name, which is looked at once for each row."""
        ends = head.count(CRLF)
        for form, row in self._forms.get(ends, ()):
            found = form(head)
            if found is not None:
                return (found.groups(), row) if ends - 2 <= most else None
        return self._read(head, ends) if ends - 2 <= most else None

    def _read(self, head: bytes, ends: int) -> tuple[tuple[bytes, ...], Row] | None:
        """The same for any row."""
        first, *lines, _, _ = head.split(CRLF)
        begun = self._first.fullmatch(first)
        if begun is None or head.translate(None, _IN_LINES) != CRLF * ends:
            return None
        if b":  " in head or (b" \r\n" in head and head.count(b" \r\n") != len(_EMPTY.findall(head))):
            return None
        try:
            row = ROWS[tuple([line[: line.index(b": ")] for line in lines])]
        except ValueError:
            return None
        row.came += b" \r\n" not in head  # its expression takes no empty value
        if row.came % OFTEN == 0 and len(lines) <= _LONGEST_FORM:
            self._forms[ends] = [self._form(lines, row), *self._forms.get(ends, ())][:_MAX_FORMS]
        return (*begun.groups(), *lines), row

    def _form(self, lines: list[bytes], row: Row) -> _Form:
        """What reads heads with the names of these lines, but for such with an empty value."""
        names = [re.escape(line[: line.index(b": ") + 2]) for line in lines]
        rest = [b"\r\n(%b%b)" % (name, _VALUE) for name in names]
        return re.compile(b"".join([self._first.pattern, *rest, b"\r\n\r\n"])).fullmatch, row


_REQUESTS = _Heads(rb"(?!CONNECT |TRACE )([A-Z]{3,20}) (/[!\"$-~]*) HTTP/1\.1")
_ANSWERS = _Heads(rb"HTTP/1\.1 ([2-5][0-9]{2}) ([ -~]{0,64})")


@lru_cache(1024)
def _is_host(text: bytes) -> bool:
    return HOST.fullmatch(text) is not None


def _length(line: bytes) -> int | None:
    """The length in a ``Content-Length`` line, if it is written in the one usual way."""
    told = line[16:]
    plain = told.isdigit() and len(told) < 16 and (told == b"0" or told[0] != 48)
    return int(told) if plain else None
