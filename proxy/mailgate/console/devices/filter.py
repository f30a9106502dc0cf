"""Reads the filter of the list of devices from an address: the same for the page, its CSV file, its bulk actions and
the API.

Nothing is ignored. A name or value that is not understood is a mistake, and a filter with a mistake matches no device.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailgate.config import Bundle
from mailgate.console.address_values import (
    AddressMistake,
    MisreadError,
    Reader,
    expected,
    line,
    one_of,
    read_address,
)
from mailgate.console.devices.mail_status import MailAccess
from mailgate.console.words import source_in_words
from mailgate.devices.trust import ASLEEP, ENROLLED
from mailgate.gateway.pages.devices import SYSTEMS
from mailgate.model import Kind, PostureState
from mailgate.model.phrase import phrase
from mailgate.store import Store
from mailgate.store.device_rows import SORT_COLUMNS, DeviceFilter

LOST = MailAccess.LOST.value
STATES = (*(each.value for each in PostureState), ASLEEP, LOST)
KINDS = tuple(each.value for each in Kind)
MAILS = tuple(each.value for each in MailAccess)
DISAGREE = "disagree"
ORDERS = ("ascending", "descending")
SORTED = (*SORT_COLUMNS, *(f"-{each}" for each in SORT_COLUMNS))


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """The values that a filter may name in this company. Each maps the stored value to its display name."""

    apps: Mapping[str, str]
    groups: Mapping[str, str]
    sources: Mapping[str, str]
    systems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ParsedFilter:
    known: FilterChoices
    wanted: DeviceFilter
    said: dict[str, str]
    """The values by name, as they are written in an address."""
    mistakes: tuple[AddressMistake, ...]
    """The names and values that are not understood. With a mistake the filter matches no device."""


async def filter_choices_of(store: Store, bundle: Bundle) -> FilterChoices:
    """The values that a filter may name: those in the files, and those that some device has. Raises StoreUnavailableError."""
    settings, catalog = bundle.settings, bundle.policy.catalog
    issuers = (each.issuer for each in settings.attestation.issuers)
    sources = {*settings.connectors, *issuers, ENROLLED, *await store.rows.distinct("source")}
    systems = sorted({*SYSTEMS, *await store.rows.distinct("os")}, key=str.casefold)
    return FilterChoices(
        apps={key: catalog.name_of(key) for key in catalog.apps},
        groups={each: each for each in sorted(bundle.groups.names(), key=str.casefold)},
        sources={each: source_in_words(each) for each in sorted(sources, key=str.casefold) if each},
        systems={each: SYSTEMS.get(each, each) for each in systems if each},
    )


def read(values: Iterable[tuple[str, str]], known: FilterChoices, now: datetime) -> ParsedFilter:
    """Read a filter. Empty values are ignored, since a form sends them for untouched fields."""
    said, mistakes = read_address(values, {**READERS, **_of_company(known)})
    return ParsedFilter(known, _wanted(said, now), said, tuple(mistakes))


def _wanted(said: Mapping[str, str], now: datetime) -> DeviceFilter:
    texts = {
        name: said.get(name, "") for name in ("name", "kind", "os", "source", "group", "app", "blocked_by")
    }
    state, mail, sort = said.get("state", ""), said.get("mail", ""), said.get("sort", "")
    if state == LOST:
        # no row has both words, so nothing is found: a lost device has no other mail status
        state, mail = "", LOST if mail in ("", LOST) else f"{LOST} and {mail}"
    return DeviceFilter(
        **texts,
        state=state,
        mail=mail,
        disagree="sources" in said,
        before=moment(said["before"], now) if "before" in said else None,
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-") or said.get("order") == "descending",
    )


def moment(text: str, now: datetime) -> datetime:
    """Read a day, a time, or a number of days ago (`7d`); UTC if it has no time zone. Raises MisreadError."""
    days = text.removesuffix("d")
    if text.endswith("d") and days.isascii() and days.isdecimal() and len(days) < 5:
        return now - timedelta(days=int(days))
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(text.upper())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    raise MisreadError(
        phrase(
            "it is not a time; use a number of days ago like 7d, a day like 2026-11-30, or a time like "
            "2026-11-30T09:00:00Z"
        )
    )


def _moment(text: str) -> str:
    moment(line()(text), datetime(2026, 1, 1, tzinfo=UTC))
    return text


READERS: Mapping[str, Reader] = {
    "name": line(),
    "mail": one_of(MAILS),
    "before": _moment,
    "state": one_of(STATES),
    "sources": one_of((DISAGREE,)),
    "kind": one_of(KINDS),
    "sort": one_of(SORTED),
    "order": one_of(ORDERS),
}
"""The readers of the values that are the same in every company. Each raises MisreadError."""


def _of_company(known: FilterChoices) -> dict[str, Reader]:
    return {
        "os": _called(known.systems),
        "source": _called(known.sources),
        "group": _called(known.groups),
        "app": _called(known.apps),
        "blocked_by": _called(known.apps),
    }


def _called(known: Mapping[str, str]) -> Reader:
    """Read a stored value, or its display name in any case if only one value has it."""

    def read(text: str) -> str:
        if text in known:
            return text
        meant = {key for key, words in known.items() if text.casefold() in (key.casefold(), words.casefold())}
        if len(meant) != 1:
            raise MisreadError(
                phrase("it is not known here; %(expected)s", expected=expected(text, tuple(known)))
            )
        return meant.pop()

    return read
