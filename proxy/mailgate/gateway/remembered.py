"""What is remembered of a request, and the form in which the next has to come to get the same (``remembering.py`` says why)."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TypeAlias, TypeVar

from mailgate.classify.protocol import protocol_in_path
from mailgate.gateway.authz.original import PATH
from mailgate.gateway.exchange import Exchange
from mailgate.gateway.local import is_local
from mailgate.gateway.trust import Origin
from mailgate.model import RequestFacts
from mailgate.store.recorded import first_folder

FORMS = 8
"""How many forms of one block of field lines are remembered; when there are more, all of them begin anew."""
LONGEST = 256
"""Bytes of a path that is remembered."""

Key = TypeVar("Key")
Value = TypeVar("Value")

Form: TypeAlias = tuple[str, bool, bytes, int, str]
"""Peer, whether by TLS, method, minor version, place."""


class Remembered(NamedTuple):
    """What a request gets: its way to the webmail, or the answer to a question about it."""

    mark: object
    since: datetime
    until: datetime
    record: Callable[[datetime], None]
    counted: tuple[Callable[[], None], ...]
    origin: Origin
    lines: bytes
    """What goes to the webmail behind the target."""
    yes: tuple[bytes, bytes, bytes] | None
    """An answer up to its date, from there to its reference, and from there on."""

    def note(self, now: datetime) -> None:
        """What is done beside every answer: it is recorded and counted."""
        self.record(now)
        for count in self.counted:
            count()


def put(known: dict[Key, Value], key: Key, value: Value) -> None:
    """Keep few: a client that makes up many begins anew."""
    if len(known) >= FORMS:
        known.clear()
    known[key] = value


def form_of(exchange: Exchange) -> Form:
    """The form of a request beside its field lines."""
    head, line = exchange.head, exchange.connection
    path = head.target.partition(b"?")[0]
    return line.peer, line.secure, head.method, head.minor, place_of(path) if len(path) <= LONGEST else ""


@lru_cache(4096)
def place_of(path: bytes) -> str:
    """All of a path that matters once it names no protocol and no address of the gate: the folder that is recorded.

    The question of a proxy is a place of its own; empty where more of the target has to be looked at.
    """
    text = path.decode("ascii")
    if text == PATH:
        return text
    special = is_local(RequestFacts(target=text)) or text.lower().startswith("/autodiscover/")
    return "" if special or not text.startswith("/") or protocol_in_path(text) else first_folder(text)
