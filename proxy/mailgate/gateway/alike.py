"""Requests that differ from one that came before in nothing but who sends them, or which address a proxy asks about.

Their field lines have the same ``Outline`` (``http1/memory.py``), and their form is the same (``remembered.py``). Of the two values
that differ nothing more is read on the way of a request than

- of the user agent, what makes the ``Client``: it is read each time, and its ``gist`` has to be the same. What is left to differ are
  versions, where no rule reads them (``UNLIKE``), and the text itself, which is recorded as it came;
- of the address, its place: what is recorded of a path, where it names no protocol (``place_of``).

So a flood of user agents that were never seen costs little more than reading each of them.
"""

from collections.abc import Callable, Hashable
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeAlias

from mailgate.classify import gist
from mailgate.gateway.http1.memory import ORIGINAL_URI, USER_AGENT
from mailgate.gateway.http1.request import TARGET, RequestHead
from mailgate.gateway.remembered import LONGEST, Form, Remembered, place_of, put

UNLIKE = frozenset({"client.os_version", "client.browser_version"})
"""Variables that may differ between clients that are remembered as one. Where a rule reads them, none are."""

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
        self._known: dict[tuple[Form, str, Hashable], _Known] = {}

    def find(self, form: Form, head: RequestHead) -> Remembered | None:
        """What a request of this form gets, where that is known."""
        place = _asked(head) if self._known else ""
        if not place:
            return None
        agent = head.fields.named[USER_AGENT][0]
        text = agent.decode("latin-1")
        known = self._known.get((form, place, gist(text)))
        if known is None:
            return None
        (mark, since, until, _, counted, origin, lines, yes), record_as, around = known
        if around is not None:
            lines = around[0] + agent + around[1]
        return Remembered(mark, since, until, partial(record_as, text), counted, origin, lines, yes)

    def keep(self, form: Form, head: RequestHead, verdict: Remembered, record_as: RecordAs) -> None:
        """Remember what was just carried out for others that are like it."""
        agents, place = head.fields.named.get(USER_AGENT, ()), _asked(head)
        if len(agents) != 1 or not place:
            return
        before, found, behind = verdict.lines.partition(b"\r\nUser-Agent: %b\r\n" % agents[0])
        around = (before + found[: found.index(b" ") + 1], b"\r\n" + behind) if found else None
        sender = gist(agents[0].decode("latin-1"))
        if sender is not None:
            put(self._known, (form, place, sender), _Known(verdict, record_as, around))


def _asked(head: RequestHead) -> str:
    """The place of the address that is asked about; empty where it has to be looked at."""
    told = head.fields.named.get(ORIGINAL_URI)
    if told is None:
        return "-"
    path = told[0].partition(b"?")[0]
    return place_of(path) if len(path) <= LONGEST and TARGET.fullmatch(told[0]) else ""
