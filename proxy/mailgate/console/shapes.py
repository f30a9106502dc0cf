"""The shapes of what the console shows again and again: the badge of a state, and tables whose actions stay in reach."""

import re
from collections.abc import Callable
from itertools import count

from markupsafe import Markup, escape

from mailgate import look

_STATES = {
    "ok": ("allow", "clean", "ok", "gets-mail", "lets-in"),
    "no": ("block", "blocks", "kept-out", "lost", "unavailable", "failing"),
    "warn": ("warn", "warned", "warns", "held", "listed", "challenge", "challenges", "must-prove-itself"),
    "let": ("exempt",),
}
FORM_OF = {state: form for form, states in _STATES.items() for state in states}
"""The form of a state's badge. A state that is not here has no effect, or is not known."""
_PICTURES = {"watches": "eye", "off": "off"}


def badge(words: str, state: str) -> Markup:
    """A state in words, by its form."""
    return look.badge(words, FORM_OF.get(state, "off"), _PICTURES.get(state, ""))


_AT = re.compile(r"@(?=[^<>]*(?:<|$))")
"""Where an address in a text breaks first if it has no room."""


def breakable(text: str) -> Markup:
    """A text whose addresses break before their domain."""
    return Markup(_AT.sub("<wbr>@", str(escape(text))))  # noqa: S704 - escaped


_HEAD = re.compile(r"<th\b([^>]*)>(.*?)</th>", re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<(td|th)\b([^>]*)>(.*?)</\1>", re.DOTALL)
_CLASS = re.compile(r' class="([^"]*)"')
_TAG = re.compile(r"<[^>]*>|[▲▼]")
_SIZES = ((3, "least"), (4, "few"), (6, "some"))
"""How a table with at most so many columns is called by its style."""
NAME = "name"


def table(label: str, *, caller: Callable[[], str]) -> Markup:
    """A table that becomes a list of cards where it has no room, so that no action hides behind a scroll. Each cell then says of which
    column it is, the first one or that of the class ``name`` stands above the others, and what can be done stands below them.

    :param label: what the table lists, for screen readers.
    :param caller: its head and its rows. What can be done in a row has a head that is read out alone.
    """
    head, _, body = str(caller()).partition("</thead>")
    heads = _HEAD.findall(head)
    name = next((place for place, (attributes, _) in enumerate(heads) if '"name"' in attributes), 0)
    columns = [NAME if place == name else _column(words) for place, (_, words) in enumerate(heads)]
    rows = _ROW.sub(lambda row: _labelled(row[0], columns), body)
    size = next((size for most, size in _SIZES if len(columns) <= most), "many")
    return Markup('<div class="table {}"><table aria-label="{}">{}</thead>{}</table></div>').format(
        size, label, Markup(head), Markup(rows)  # noqa: S704 - of a template
    )  # fmt: skip


def _column(head: str) -> str:
    """The words of a column; empty for what can be done in a row."""
    return "" if head.startswith('<span class="hidden">') else _TAG.sub("", head).strip()


def _labelled(row: str, columns: list[str]) -> str:
    if "colspan" in row:
        return row
    places = count()
    return _CELL.sub(lambda cell: _cell(cell[1], cell[2], cell[3], columns[next(places)]), row)


def _cell(tag: str, attributes: str, content: str, column: str) -> str:
    content = _AT.sub("<wbr>@", content)
    if column and column is not NAME:
        inside = f"<div>{content}</div>" if content.strip() else ""
        return f'<{tag}{attributes} data-th="{column}">{inside}</{tag}>'
    role, said = "name" if column else "act", _CLASS.search(attributes)
    classes = f"{said[1]} {role}" if said else role
    return f'<{tag}{_CLASS.sub("", attributes)} class="{classes}">{content}</{tag}>'
