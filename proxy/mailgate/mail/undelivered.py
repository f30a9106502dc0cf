"""Mails that a person decides about: those of which nobody knows whether they went, and those that were not taken."""

from dataclasses import replace
from datetime import datetime

from mailgate.rollout.acts import Person
from mailgate.store import About, Act, Store
from mailgate.store.mail import Which


async def settle(store: Store, which: Which, person: Person, now: datetime, *, sent: bool) -> int:
    """Unsure mails were sent, or go out again. Returns how many of those that are meant were unsure."""
    done = {"as": "sent" if sent else "to be sent again"}
    return await store.mailings.settle(
        which,
        lambda count: _act(person, now, "notices-settled", which, done | {"mails": count}),
        now,
        sent=sent,
    )


async def retry(store: Store, which: Which, person: Person, now: datetime) -> int:
    """Failed mails go out again. Returns how many of those that are meant had failed and still say something."""
    return await store.mailings.retry(
        which, lambda count: _act(person, now, "notices-retried", which, {"mails": count}), now
    )


def _act(person: Person, now: datetime, what: str, which: Which, details: dict[str, object]) -> Act:
    about = f"rule {which.rule}" if isinstance(which, About) and which.rule else ""
    return replace(person.act(now, what), about=about, details=details)
