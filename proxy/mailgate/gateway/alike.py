"""Requests that differ from one that came before in nothing but who sends them, or which address a proxy asks about.

Their field lines have the same ``Outline`` (``http1/memory.py``), and their form is the same (``remembered.py``). Of the values
that differ nothing more is read on the way of a request than

- of the user agent, what makes the ``Client``: it is read each time, and its ``gist`` has to be the same. What is left to differ is the
  browser, and versions, where no rule reads them (``UNLIKE``), and the text itself, which is recorded as it came;
- of the address, in either of the fields that tell one, its place: what is recorded of a path, where it names no protocol
  (``place_of``).

So a flood of user agents that were never seen costs little more than reading each of them.
"""

from collections.abc import Callable, Hashable
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeAlias

from mailgate.classify import gist
from mailgate.gateway.http1.fields import LONGEST_LINE, Fields
from mailgate.gateway.http1.memory import ADDRESSES, USER_AGENT
from mailgate.gateway.http1.request import TARGET, RequestHead
from mailgate.gateway.remembered import LONGEST, Form, Remembered, place_of, put

UNLIKE = frozenset({"client.browser", "client.browser_version", "client.os_version"})
"""Variables that may differ between clients that are remembered as one. Where a rule reads them, none are."""

Asked: TypeAlias = tuple[str, ...]
RecordAs: TypeAlias = Callable[[str, datetime], None]


class _Known(NamedTuple):
    """What one kind of sender gets."""

    verdict: Remembered
    record_as: RecordAs
    around: tuple[bytes, bytes] | None
    """The lines for the webmail before and behind the user agent; None where it is not in them."""


class Alike:
    """What hangs on one outline."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[Form, Asked, Hashable], _Known] = {}

    def find(self, form: Form, head: RequestHead) -> Remembered | None:
        """What a request of this form gets, where that is known."""
        agent, places = _agent(head.fields), _asked(head)
        if agent is None or places is None:
            return None
        text = agent.decode("latin-1")
        known = self._known.get((form, places, gist(text)))
        if known is None:
            return None
        (mark, since, until, _, counted, origin, lines, yes), record_as, around = known
        if around is not None:
            lines = around[0] + agent + around[1]
        return Remembered(mark, since, until, partial(record_as, text), counted, origin, lines, yes)

    def keep(self, form: Form, head: RequestHead, verdict: Remembered, record_as: RecordAs) -> None:
        """Remember what was just carried out for others that are like it."""
        agent, places = _agent(head.fields), _asked(head)
        if agent is None or places is None:
            return
        sender = gist(agent.decode("latin-1"))
        if sender is not None:
            known = _Known(verdict, record_as, _around_agent(verdict.lines, head.fields))
            put(self._known, (form, places, sender), known)


def _agent(fields: Fields) -> bytes | None:
    """The one user agent; None where there is none, or more than one, or one that is too long to be remembered."""
    agents = fields.named.get(USER_AGENT, ())
    return agents[0] if len(agents) == 1 and len(agents[0]) <= LONGEST_LINE else None


def _around_agent(lines: bytes, fields: Fields) -> tuple[bytes, bytes] | None:
    name, agent = next(field for field in fields if field[0].lower() == USER_AGENT)
    mark = b"\r\n%b: " % name
    before, found, behind = lines.partition(b"%b%b\r\n" % (mark, agent))
    return (before + mark, b"\r\n" + behind) if found else None


def _asked(head: RequestHead) -> Asked | None:
    """The places of the addresses that another proxy tells, most often none; None where one has to be looked at."""
    named = head.fields.named
    places: Asked = ()
    for name in ADDRESSES:
        for told in named.get(name, ()):
            path = told.partition(b"?")[0]
            place = place_of(path) if len(path) <= LONGEST and TARGET.fullmatch(told) else ""
            if not place:
                return None
            places = (*places, place)
    return places
