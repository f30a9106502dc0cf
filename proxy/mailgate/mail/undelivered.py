"""Mails that an admin decides about: `unsure` ones, which may have been sent, and `failed` ones, which were not
taken."""

from dataclasses import replace
from datetime import datetime

from mailgate.rollout.person import Person
from mailgate.store import Act, NoticeKey, Store
from mailgate.store.mail import Which


async def settle(store: Store, which: Which, person: Person, now: datetime, *, sent: bool) -> int:
    """Mark unsure mails as sent, or queue them again. Returns how many there were."""
    done = {"as": "sent" if sent else "to be sent again"}
    return await store.mails.settle(
        which,
        lambda count: _act(person, now, "notices-settled", which, done | {"mails": count}),
        now,
        sent=sent,
    )


async def retry(store: Store, which: Which, person: Person, now: datetime) -> int:
    """Queue failed mails again. Returns how many still had their notice."""
    return await store.mails.retry(
        which, lambda count: _act(person, now, "notices-retried", which, {"mails": count}), now
    )


def _act(person: Person, now: datetime, what: str, which: Which, details: dict[str, object]) -> Act:
    about = f"rule {which.rule}" if isinstance(which, NoticeKey) and which.rule else ""
    return replace(person.act(now, what), about=about, details=details)
