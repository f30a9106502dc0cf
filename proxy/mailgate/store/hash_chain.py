"""A chain of entries. Each entry holds the digest of the one before, so a changed, removed or moved entry is found.

The digest is the SHA-256 of the entry's canonical form: a JSON object of every field except the digest, with sorted keys,
without spaces, in ASCII. Anybody can compute it from an export.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from typing import Annotated, Any

from pydantic import WithJsonSchema, with_config

from mailgate.model.fact import DESCRIBED, Words
from mailgate.model.phrase import phrase
from mailgate.store.errors import StoreError

MAX_SHOWN = 200
"""How many characters are shown of a value that is no text."""


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last entry of a chain. It identifies the whole chain."""

    number: int = 0
    """Its number."""
    digest: str = ""
    """Its digest."""

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act. Every field is as it is stored and hashed, so that the digest can be checked."""

    number: int
    """Its number, counted from 1."""
    at: Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
    """When it was done, in UTC."""
    who: str
    """The person who acted; `gate` or `file` if a gate acted by itself."""
    what: str
    """What was done, like `policy-activated`."""
    about: str
    """The object of the act, like `version 3`."""
    why: str
    """The reason that was given."""
    origin: str
    """The computer from which it was done; behind `console at` or `api at` the address of the client."""
    details: str
    """A JSON object, as text."""
    previous: str
    """The digest of the entry before; empty for the first entry."""
    digest: str = ""
    """The SHA-256 of the entry."""

    @property
    def head(self) -> AuditHead:
        return AuditHead(self.number, self.digest)


class NotText(str):
    """Stands in words for a stored value that is no text, so that every field of an entry is text."""

    __slots__ = ()


def entry_of(row: Mapping[Any, Any]) -> AuditEntry:
    """The entry in a row of the store, whatever its columns hold. ``damage`` finds what is no text."""
    told: dict[str, Any] = {
        name: value if name == "number" or isinstance(value, str) else NotText(repr(value)[:MAX_SHOWN])
        for name, value in row.items()
    }
    return AuditEntry(**told)


def damage(entry: AuditEntry) -> str:
    """What of an entry cannot have been written by Mailgate, in words; empty if nothing is."""
    for each in fields(entry):
        if isinstance(getattr(entry, each.name), NotText):
            return phrase("is damaged: its field `%(field)s` is no text", field=each.name)
    if _object_in(entry.details) is None:
        return phrase("is damaged: its field `details` is no JSON object")
    return ""


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class AuditBreak:
    """A place where the log was changed."""

    number: int
    """The number of the entry."""
    message: Words
    """What is wrong, in words."""


def details_of(entry: AuditEntry) -> dict[str, Any]:
    """The details of an entry; empty if they are no JSON object, which the chain reports."""
    return _object_in(entry.details) or {}


DAMAGED = "an entry of the audit log is damaged"
VERIFY = ": see `mailgate audit verify`"


def read_details(text: str) -> dict[str, Any]:
    """The details in the column of an entry, for those who decide by them. Raises StoreError if they are damaged."""
    told = _object_in(text) if isinstance(text, str) else None
    if told is None:
        raise StoreError(DAMAGED, by_command=VERIFY)
    return told


def _object_in(text: str) -> dict[str, Any] | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def digest_of(entry: AuditEntry) -> str:
    told = asdict(entry)
    del told["digest"]
    return sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(slots=True)
class Chain:
    """Finds every break of a chain. It reads the chain in parts, so the chain may be long."""

    witnesses: Collection[AuditHead] = ()
    """Heads that were noted earlier in another place."""
    _last: AuditHead = field(default_factory=AuditHead)
    _sound: bool = True
    _noted: dict[int, set[str]] = field(default_factory=dict)
    """The digests of the noted heads that are not read yet, by number."""
    _held: int = 0
    """The last number up to which every noted entry is present."""
    _rewritten: int = 0
    """The first number whose noted digest differs from that of its entry."""

    def __post_init__(self) -> None:
        for head in self.witnesses:
            if head.number:
                self._noted.setdefault(head.number, set()).add(head.digest)

    def take(self, entries: Iterable[AuditEntry]) -> list[AuditBreak]:
        """Read the next entries in order, and return their breaks."""
        return [found for entry in entries for found in self._follow(entry)]

    def end(self, head: AuditHead | None) -> list[AuditBreak]:
        """Finish the chain, and return the breaks at its end. ``head`` is the last entry by the store; None if the store has none."""
        found = list(_at_the_end(self._last, head))
        if self._rewritten:
            why = phrase(
                "is not the one that was noted earlier: the log was rewritten after entry %(held)s",
                held=str(self._held),
            )
            found.append(AuditBreak(self._rewritten, why))
        gone = max(self._noted, default=0)
        found += _missing(
            self._last.number + 1,
            gone + 1,
            phrase("cut off the end: entry %(gone)s was noted earlier", gone=str(gone)),
        )
        return found

    def _follow(self, entry: AuditEntry) -> Iterator[AuditBreak]:
        last = self._last
        yield from _missing(last.number + 1, entry.number, phrase("taken out"))
        # otherwise there is nothing to compare it with
        follows = entry.number == last.number + 1 and self._sound
        damaged = damage(entry)
        self._sound = not damaged and digest_of(entry) == entry.digest
        if damaged:
            yield AuditBreak(entry.number, damaged)
        elif not self._sound:
            yield AuditBreak(
                entry.number, phrase("was edited or moved: its content is not what its digest was made of")
            )
        elif follows and entry.previous != last.digest:
            why = phrase(
                "does not follow entry %(number)s: one of the two was put in later", number=str(last.number)
            )
            yield AuditBreak(entry.number, why)
        self._remember(entry.head)
        self._last = entry.head

    def _remember(self, head: AuditHead) -> None:
        noted = self._noted.pop(head.number, None)
        if noted is None:
            return
        if not self._rewritten and noted == {head.digest}:
            self._held = head.number
        elif not self._rewritten:
            self._rewritten = head.number


def _at_the_end(last: AuditHead, head: AuditHead | None) -> Iterator[AuditBreak]:
    if head is None:
        yield AuditBreak(
            last.number, phrase("may not be the last: the row that names the last one was deleted or damaged")
        )
        return
    yield from _missing(last.number + 1, head.number + 1, phrase("cut off the end"))
    if last.number > head.number:
        why = phrase("and later entries were not written by a gate: they are after the head of the log")
        yield AuditBreak(head.number + 1, why)
    elif last.number == head.number and last.digest != head.digest:
        yield AuditBreak(
            last.number, phrase("is not the last one that was written: the head has another digest")
        )


def _missing(first: int, behind: int, how: str) -> Iterator[AuditBreak]:
    if first < behind - 1:
        yield AuditBreak(first, phrase("to %(last)s were %(how)s", last=str(behind - 1), how=how))
    elif first < behind:
        yield AuditBreak(first, phrase("was %(how)s", how=how))
