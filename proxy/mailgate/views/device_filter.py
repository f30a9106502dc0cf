"""What an address asks of the devices: read once for the page, its file, its bulk question and the API.

Nothing is passed over. A name or a value that cannot be meant is a mistake, and with a mistake no device is meant: neither all of
them nor those that the rest of the address leaves.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mailgate.config import Bundle
from mailgate.devices.trust import ENROLLED
from mailgate.gateway.pages.devices import SYSTEMS
from mailgate.model import Kind, PostureState
from mailgate.model.phrase import capital, phrase
from mailgate.policy.spelling import nearest
from mailgate.store import Store
from mailgate.store.device_rows import SORTS, Wanted
from mailgate.views.mail_status import MailAccess
from mailgate.views.words import source_told

LOST = MailAccess.LOST.value
STATES = (*(each.value for each in PostureState if each is not PostureState.UNAVAILABLE), LOST)
KINDS = tuple(each.value for each in Kind)
MAILS = tuple(each.value for each in MailAccess)
ORDERS = ("ascending", "descending")
SORTED = (*SORTS, *(f"-{each}" for each in SORTS))
NAMES = ("name", "mail", "before", "state", "kind", "os", "source", "group", "app", "sort", "order")
"""What an address may say."""
LONGEST = 255
"""Characters of a value."""
_SHOWN = 12
"""Of how many words an answer says which can be meant."""


class MisreadError(ValueError):
    """A value that cannot be meant. Its text says what is expected."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Mistake(NamedTuple):
    """What cannot be meant in an address."""

    name: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a company has that can be asked for, each with its words: a map from what is stored to what people call it."""

    apps: Mapping[str, str]
    groups: Mapping[str, str]
    sources: Mapping[str, str]
    systems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for."""

    wanted: Wanted
    said: dict[str, str]
    """The same as an address says it."""
    mistakes: tuple[Mistake, ...]
    """What cannot be meant; with one of them nothing is meant."""


async def known_of(store: Store, bundle: Bundle) -> Known:
    """What can be asked for: what the files name, and what any device has. Raises StoreUnavailableError."""
    settings, catalog = bundle.settings, bundle.policy.catalog
    issuers = (each.issuer for each in settings.attestation.issuers)
    sources = {*settings.connectors, *issuers, ENROLLED, *await store.rows.distinct("source")}
    systems = sorted({*SYSTEMS, *await store.rows.distinct("os")}, key=str.casefold)
    return Known(
        apps={key: catalog.name_of(key) for key in catalog.apps},
        groups={each: each for each in sorted(bundle.groups.names(), key=str.casefold)},
        sources={each: source_told(each) for each in sorted(sources, key=str.casefold) if each},
        systems={each: SYSTEMS.get(each, each) for each in systems if each},
    )


def read(values: Iterable[tuple[str, str]], known: Known, now: datetime) -> Asked:
    """Read an address. An empty value asks for nothing, as an untouched field of a form sends it."""
    readers = {**READERS, **_of_company(known)}
    said, mistakes = dict[str, str](), list[Mistake]()
    for name, value in ((name, text.strip()) for name, text in values):
        try:
            if name not in NAMES:
                raise MisreadError(
                    phrase("there is no such filter; %(expected)s", expected=_expected(name, NAMES))
                )
            if name in said:
                raise MisreadError(phrase("it stands there more than once; expected it once"))
            if value:
                said[name] = readers[name](value)
        except MisreadError as error:
            mistakes.append(Mistake(name, value[:LONGEST], error.words))
    return Asked(_wanted(said, now), said, tuple(mistakes))


def _wanted(said: Mapping[str, str], now: datetime) -> Wanted:
    texts = {name: said.get(name, "") for name in ("name", "kind", "os", "source", "group", "app")}
    state, mail, sort = said.get("state", ""), said.get("mail", ""), said.get("sort", "")
    if state == LOST:
        # nothing that is lost has any other access; no row has both words, and so none is found
        state, mail = "", LOST if mail in ("", LOST) else f"{LOST} and {mail}"
    return Wanted(
        **texts,
        state=state,
        mail=mail,
        before=moment(said["before"], now) if "before" in said else None,
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-") or said.get("order") == "descending",
    )


def moment(text: str, now: datetime) -> datetime:
    """A day, a time, or so many days ago (`7d`), in UTC where it says no zone. Raises MisreadError."""
    days = text.removesuffix("d")
    if text.endswith("d") and days.isascii() and days.isdecimal() and len(days) < 5:
        return now - timedelta(days=int(days))
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(text.upper())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    raise MisreadError(
        phrase(
            "it is no time; expected so many days ago like 7d, a day like 2026-11-30, or a time like 2026-11-30T09:00:00Z"
        )
    )


def _text(text: str) -> str:
    if len(text) > LONGEST:
        raise MisreadError(phrase("it is too long; expected at most %(most)s characters", most=LONGEST))
    return text


def _moment(text: str) -> str:
    moment(_text(text), datetime(2026, 1, 1, tzinfo=UTC))
    return text


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise MisreadError(phrase("it is not known here; %(expected)s", expected=_expected(text, words)))
        return text

    return read


READERS: Mapping[str, Callable[[str], str]] = {
    "name": _text,
    "mail": _one_of(MAILS),
    "before": _moment,
    "state": _one_of(STATES),
    "kind": _one_of(KINDS),
    "sort": _one_of(SORTED),
    "order": _one_of(ORDERS),
}
"""How the values are read that mean the same in every company. Each raises MisreadError."""


def _of_company(known: Known) -> dict[str, Callable[[str], str]]:
    return {
        "os": _called(known.systems),
        "source": _called(known.sources),
        "group": _called(known.groups),
        "app": _called(known.apps),
    }


def _called(known: Mapping[str, str]) -> Callable[[str], str]:
    """Of what is called so, its stored word: it is taken by that or by its words, in any case where only one is meant."""

    def read(text: str) -> str:
        if text in known:
            return text
        meant = {key for key, words in known.items() if text.casefold() in (key.casefold(), words.casefold())}
        if len(meant) != 1:
            raise MisreadError(
                phrase("it is not known here; %(expected)s", expected=_expected(text, tuple(known)))
            )
        return meant.pop()

    return read


def _expected(text: str, words: tuple[str, ...]) -> str:
    near, options = nearest(text, words), _options(words)
    if not near:
        return options
    return phrase("did you mean %(near)s? %(options)s", near=near, options=capital(options))


def _options(words: tuple[str, ...]) -> str:
    if not words:
        return phrase("nothing is defined that could stand here")
    shown = ", ".join(words[:_SHOWN])
    if len(words) > _SHOWN:
        return phrase("expected one of %(words)s, … (%(number)s in all)", words=shown, number=len(words))
    return phrase("expected one of %(words)s", words=shown)
