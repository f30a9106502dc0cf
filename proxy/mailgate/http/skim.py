"""Reads usual heads quickly: a second reader beside the strict ones (``request.py``).

Its law: it takes only what the strict reader takes, and reads it the same. So it looks for nothing but the usual form, in which
every line is ``name: value`` with one space, and no name or value in it means more than it says. A head that has anything else
is left to the strict reader, which also says what is wrong with it. What the names mean is found out once for each row of names
(``fields.py``), and heads of rows that come often are read by one regular expression for the whole head.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mailgate.http.fields import ROWS, Row, fields_of
from mailgate.http.grammar import CRLF, LINE, TOKEN, is_token
from mailgate.http.request import BASIC, RequestHead, ResponseHead

_IN_LINES = LINE.replace(b"\t", b"")
_EMPTY = re.compile(rb"\n[" + re.escape(TOKEN) + rb"]+: (?=\r)")
_VALUE = rb"[!-~\x80-\xff][ -~\x80-\xff]*+(?<! )"
_VALUES: Mapping[bytes, bytes] = {
    b"host": rb"(?:[A-Za-z0-9._-]{1,100}+|\[[0-9A-Fa-f:.]{2,45}+\])(?::[0-9]{1,5}+)?+",
    b"connection": rb"(?:[Kk]eep-[Aa]live|close)",
    b"content-length": rb"(?:0|[1-9][0-9]{0,14}+)",
    b"authorization": rb"(?:(?i:%b)(?<![ \t])|[Bb]earer [!-+\--~\x80-\xff]+)" % BASIC.pattern,
    b"transfer-encoding": rb"chunked",
}
"""The usual values of fields that say more than the webmail or its client reads."""
OFTEN, _LONGEST_FORM, _MAX_FORMS = 64, 24, 4
"""How often a row comes before it gets a regular expression, the most lines of one that does, and how many of the same length have one."""
_LOOKED_AT = frozenset(
    b"te trailer expect transfer-encoding upgrade http2-settings max-forwards close".split()
)
"""Names with which a message means more. ``close`` is one that ``Connection: close`` removes."""
_ONCE = (b"host", b"connection", b"content-length", b"transfer-encoding", b"authorization", b"cookie")


@dataclass(frozen=True, slots=True)
class _FieldPlaces:
    """Where the fields are that have to be looked at; None if they are not there."""

    host: int | None
    connection: int | None
    length: int | None
    coding: int | None
    usual: tuple[tuple[int, re.Pattern[bytes]], ...]
    """Those with a usual value, and what they have to be."""


def _places(row: Row) -> _FieldPlaces | None:
    """None if a name is none, or is there twice and must be there once."""
    places = row.places
    if not all(map(is_token, row.names)) or any(len(places.get(key, ())) > 1 for key in _ONCE):
        return None
    usual = [
        (at, re.compile(rb"[^:]+: " + _VALUES[key])) for at, key in enumerate(row.names) if key in _VALUES
    ]
    host, connection, length, coding = (places[key][0] if key in places else None for key in _ONCE[:4])
    return _FieldPlaces(host, connection, length, coding, tuple(usual))


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
    parts, row, places = found
    lines, connection, length = parts[2:], places.connection, places.length
    assert places.host is not None
    host, keep_alive = lines[places.host][6:], connection is None or lines[connection][12:] != b"close"
    size = None if length is None else int(lines[length][16:])
    parsed = RequestHead(parts[0], parts[1], 1, fields_of(lines, row), host, keep_alive, size)
    parsed.raw = head
    return parsed


def skim_answer(head: bytes, *, method: bytes, max_fields: int) -> ResponseHead | None:
    """The answer to ``method`` whose head this is, to its empty line; None if it has to be read strictly."""
    found = _ANSWERS.read(head, max_fields)
    if found is None:
        return None
    parts, row, places = found
    lines, connection, length = parts[2:], places.connection, places.length
    status, is_chunked = int(parts[0]), places.coding is not None
    size = None if length is None else int(lines[length][16:])
    if method == b"HEAD" or status in (204, 304):
        size = 0  # it has no body (RFC 9112, section 6.3)
        if is_chunked:
            return None
    keep_alive = (size is not None or is_chunked) and (
        connection is None or lines[connection][12:] != b"close"
    )
    parsed = ResponseHead(status, parts[1], 1, fields_of(lines, row), size, keep_alive, is_chunked)
    parsed.raw = head
    return parsed


_Read: TypeAlias = tuple[tuple[bytes, ...], Row, _FieldPlaces]
"""The two parts of the first line and the field lines; the row of what stands before the first ``: `` in each, and its places."""
_Form: TypeAlias = tuple[bytes, Callable[[bytes], re.Match[bytes] | None], Row, _FieldPlaces]
"""What only heads of this row have among those of the forms behind it; and what reads them."""


class _Heads:
    """Heads whose first line is of a pattern with two groups. ``places``: what has to be looked at in a row; None if it is unusual."""

    def __init__(self, first: bytes, places: Callable[[Row], _FieldPlaces | None]) -> None:
        self._first, self._places = re.compile(first), places
        self._forms: dict[int, list[_Form]] = {}
        """The rows that come often, the latest first, by the number of lines."""

    def read(self, head: bytes, most: int) -> _Read | None:
        """The parts of a head if it has the usual form."""
        ends = head.count(CRLF)
        if ends - 2 > most:
            return None
        for mark, form, row, places in self._forms.get(ends, ()):
            if mark in head and (found := form(head)) is not None:
                return found.groups(), row, places
        return self._read(head, ends)

    def _read(self, head: bytes, ends: int) -> _Read | None:
        """The same for any row."""
        first, *lines, _, _ = head.split(CRLF)
        begun = self._first.fullmatch(first)
        if begun is None or head.translate(None, _IN_LINES) != CRLF * ends:
            return None
        empty = head.count(b" \r\n", len(first))  # an answer without a reason has one before
        if b":  " in head or (empty and empty != len(_EMPTY.findall(head))):
            return None
        try:
            row = ROWS[tuple([line[: line.index(b": ")] for line in lines])]
        except ValueError:
            return None
        places: _FieldPlaces | None = row[self._places]
        if places is None or not all(value.fullmatch(lines[at]) for at, value in places.usual):
            return None
        row.came += not empty  # its expression takes no empty value
        if row.came % OFTEN == 0 and len(lines) <= _LONGEST_FORM:
            others = self._forms.get(ends, [])
            form = _mark(lines, row, others), self._form(lines, row), row, places
            self._forms[ends] = [form, *others][:_MAX_FORMS]
        return (*begun.groups(), *lines), row, places

    def _form(self, lines: list[bytes], row: Row) -> Callable[[bytes], re.Match[bytes] | None]:
        """What reads heads with the names of these lines, but for such with an empty value."""
        rest = [
            b"\r\n(%b%b)" % (re.escape(line[: line.index(b": ") + 2]), _VALUES.get(key, _VALUE))
            for line, key in zip(lines, row.names, strict=True)
        ]
        return re.compile(b"".join([self._first.pattern, *rest, b"\r\n\r\n"])).fullmatch


def _mark(lines: list[bytes], row: Row, others: list[_Form]) -> bytes:
    """The first name of these lines that no other row has, as it stands in a head; the end of a line if each has one of them."""
    for line, key in zip(lines, row.names, strict=True):
        if not any(key in other.places for _, _, other, _ in others):
            return CRLF + line[: line.index(b": ") + 2]
    return CRLF


_REQUESTS = _Heads(rb"(?!CONNECT |TRACE )([A-Z]{3,20}+) (/[!\"$-~]*+) HTTP/1\.1", _of_request)
_ANSWERS = _Heads(rb"HTTP/1\.1 ([2-5][0-9]{2}) ([ -~]{0,64}+)", _of_answer)
