"""Whom each page, operation and command shows, and the look at them that is kept before its answer leaves. Whatever is not named here
shows people: a new page is on record, and closed to whoever sees numbers alone, until somebody has looked at it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from mailgate.config.admins import Role, sees_names
from mailgate.rollout.person import Person
from mailgate.store import Store
from mailgate.store.looks import DataLook

_BOTH = frozenset(
    "apps login login-oidc login-oidc-back logout language asset list_apps get_me get_traffic".split()
)
NUMBERS = _BOTH | {"now", "now-stream", "get_now"}
"""What a role without names may open. Names that others see there are left out for it."""
SHOWS_NOBODY = _BOTH.union(
    """policy policy-version policy-diff policy-rule policy-rollback policy-drafts policy-drafts-make policy-draft
    policy-draft-plan policy-draft-patch policy-draft-file policy-plans policy-plans-make policy-plan-picture policy-plan-csv
    connectors connectors-sync notices audit-verify
    get_policy list_versions get_version compare_versions list_drafts get_draft get_draft_patch list_plans get_making
    get_plan_counts get_plan_picture list_connectors list_notices get_notice verify_log list_rules_off""".split(),
    "doctor|audit verify|exempt add|exempt end|extension tokens|privacy report|devices forget|devices found|devices lost".split("|"),
    (f"connectors {each}" for each in ("check", "import", "list", "sync")),
    (f"enroll {each}" for each in ("allow", "code", "revoke", "token")),
    (f"notices {each}" for each in ("correct", "retry", "send", "settle", "status")),
    (f"policy {each}" for each in "approve apply break-glass diff drafts history plans resume".split()),
    (f"policy {each}" for each in ("retract", "rollback", "send-back", "show")),
    (f"store {each}" for each in ("backup", "check", "copy", "renew-keys")),
)  # fmt: skip
"""What has no data of any employee, though admins are named there in office; and commands that act, which the audit log has."""
_PERSON, _DEVICE = ("login", "person", "owner", "user"), ("device", "id", "device_id")
MAX_SOUGHT = 1000
"""The most characters that are kept of what was asked for."""


def may_open(name: str, roles: Collection[Role]) -> bool:
    """Whether roles allow a page or operation, as far as names of people go."""
    return sees_names(roles) or name in NUMBERS


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
    if what in SHOWS_NOBODY or (roles and not sees_names(roles)):
        return
    shown = _named(shows)
    rows = shown or next(filter(None, map(_named, asked)), [])
    named = ({row[at] for row in rows} - {""} for at in (0, 1))
    person, device = ("".join(names) if len(names) == 1 else "" for names in named)
    sought = "" if person or device else sought[:MAX_SOUGHT]
    roles_then, number = " ".join(sorted(roles)), number or len(shown) or None
    look = DataLook(now, by.name, roles_then, by.origin, what, person, device, sought, number)
    store.look_queue.note(look)


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
