"""Whom each page, operation and command shows, and the look at them that is kept before its answer leaves. Whatever says nothing of it
shows people: a new page is on record, and closed to whoever sees numbers alone, until somebody has looked at it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum, auto
from functools import cache
from typing import Any

from mailgate.config.admins import Role, sees_names
from mailgate.console.nouns import of_every_noun
from mailgate.rollout.person import Person
from mailgate.store import Store
from mailgate.store.looks import DataLook


class Shows(Enum):
    """Whom a page or operation shows."""

    PEOPLE = auto()
    """Employees by name: it is on record, and closed to a role without names."""
    NAMES_TO_ROLES = auto()
    """The same, but for a role without names their names are left out."""
    ADMINS = auto()
    """No data of any employee, though admins are named in office: it is not on record, and closed to a role without names."""
    NUMBERS = auto()
    """Nobody: it is open to every role."""


PAGES = {
    **dict.fromkeys("login login-oidc login-oidc-back logout language asset".split(), Shows.NUMBERS),
    **dict.fromkeys(("now", "now-stream"), Shows.NAMES_TO_ROLES),
    **dict.fromkeys(
        """policy policy-version policy-diff policy-rule policy-rollback policy-drafts policy-drafts-make policy-draft
        policy-draft-plan policy-draft-patch policy-draft-file policy-plans policy-plans-make policy-plan-picture policy-plan-csv
        connectors-sync notices audit-verify""".split(),
        Shows.ADMINS,
    ),
}
"""Pages that are functions of their own, by the names of their routes. Operations say it themselves, for their pages too."""
COMMANDS = frozenset().union(
    "apps|doctor|audit verify|exempt add|exempt end|extension tokens|privacy report|devices forget|devices found|devices lost".split("|"),
    (f"connectors {each}" for each in ("check", "import", "list", "sync")),
    (f"enroll {each}" for each in ("allow", "code", "revoke", "token")),
    (f"notices {each}" for each in ("correct", "retry", "send", "settle", "status")),
    (f"policy {each}" for each in "approve apply break-glass diff drafts history plans resume".split()),
    (f"policy {each}" for each in ("retract", "rollback", "send-back", "show")),
    (f"store {each}" for each in ("backup", "check", "copy", "renew-keys")),
)  # fmt: skip
"""Commands without data of any employee; and those that act, which the audit log has."""
_PERSON, _DEVICE = ("login", "person", "owner", "user"), ("device", "id", "device_id")
MAX_SOUGHT = 1000
"""The most characters that are kept of what was asked for."""


def shown_by(name: str) -> Shows:
    """Whom a page or operation shows."""
    return PAGES.get(name) or _said_by_operations().get(name, Shows.PEOPLE)


@cache
def _said_by_operations() -> Mapping[str, Shows]:
    operations = list(of_every_noun("api", "OPERATIONS"))
    return {name: each.shows for each in operations for name in (each.name, each.page_name) if name}


def may_open(name: str, roles: Collection[Role]) -> bool:
    """Whether roles allow a page or operation, as far as names of people go."""
    return sees_names(roles) or shown_by(name) in (Shows.NUMBERS, Shows.NAMES_TO_ROLES)


def note_look(
    store: Store,
    now: datetime,
    by: Person,
    roles: Collection[Role],
    what: str,
    sought: str,
    shows: Any,
    *asked: Any,
    number: int | None = None,
) -> None:
    """Keep that somebody sees people: the rows that it ``shows``, or else the first of ``asked`` that names any. One alone is kept by
    name, of several what was sought and how many they are. Raises StoreUnavailableError if it cannot be kept."""  # fmt: skip
    if _is_no_look(what, roles):
        return
    shown = _named(shows)
    rows = shown or next(filter(None, map(_named, asked)), [])
    named = ({row[at] for row in rows} - {""} for at in (0, 1))
    person, device = ("".join(names) if len(names) == 1 else "" for names in named)
    sought = "" if person or device else sought[:MAX_SOUGHT]
    roles_then, number = " ".join(sorted(roles)), number or len(shown) or None
    look = DataLook(now, by.name, roles_then, by.origin, what, person, device, sought, number)
    store.look_queue.note(look)


def _is_no_look(what: str, roles: Collection[Role]) -> bool:
    """Whether nobody's data is seen: by a command, which has no roles, or by a page or operation."""
    return (
        not sees_names(roles) or shown_by(what) in (Shows.ADMINS, Shows.NUMBERS)
        if roles
        else what in COMMANDS
    )


def names_anybody(asked: Any) -> bool:
    """Whether a person or a device is named in what was asked."""
    return bool(_named(asked))


def sought_in(*given: Iterable[tuple[str, str]]) -> str:
    """What the parts and the query of an address ask for. Nothing empty is kept, and no spaces at the edges, or they could push what
    was sought out of what is kept."""
    return "&".join(f"{name}={text.strip()}" for pairs in given for name, text in pairs if text.strip())


def _named(shown: Any) -> list[tuple[str, str]]:
    """The person and the device of each row, or of one thing alone, empty if not known; nothing if nobody is named."""
    rows = [_whom(each) for each in (shown if type(shown) in (list, tuple) else (shown,))]
    return rows if any(map(any, rows)) else []


def _whom(row: Any) -> tuple[str, str]:
    """The person and the device of a row. Only a row with an owner has an id that is one of a device."""
    devices = _DEVICE if _get(row, "owner") is not None else _DEVICE[:1]
    return next(_texts(row, _PERSON), ""), next(_texts(row, devices), "")


def _texts(row: Any, names: tuple[str, ...]) -> Iterator[str]:
    found = (_get(row, name) for name in names)
    return (
        text
        for each in found
        if isinstance(text := _get(each, "id") or _get(each, "name") or each, str) and text
    )


def _get(row: Any, name: str) -> Any:
    return row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)
