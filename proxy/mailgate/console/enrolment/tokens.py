"""Makes tokens and codes for the enrolment of devices in the name of an admin."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.rollout.person import Person
from mailgate.store import EnrolmentToken, Store, enrolments

MAX_USES = 1_000_000
MAX_DAYS = 30


async def make_token(
    store: Store, by: Person, now: datetime, *, user: str, note: str, uses: int, days: int
) -> tuple[str, EnrolmentToken]:
    """Make a token. Returns its text, which is shown only once, and the stored row."""
    text = enrolments.new_token(secrets.token_bytes(enrolments.TOKEN_BYTES))
    return text, await keep_token(
        store, by, now, text, user=user, note=note, uses=uses, life=timedelta(days=days)
    )


async def make_code(store: Store, by: Person, now: datetime, user: str) -> str:
    """Make a code, which a person types into the extension of one browser within ten minutes."""
    text = enrolments.new_code(secrets.token_bytes(enrolments.CODE_BYTES))
    await keep_token(store, by, now, text, user=user, note="", uses=1, life=enrolments.CODE_LIFE)
    return text


async def keep_token(
    store: Store, by: Person, now: datetime, text: str, *, user: str, note: str, uses: int, life: timedelta
) -> EnrolmentToken:
    """Store a token or a code, and who made it. Returns the stored row."""
    digest = enrolments.digest_of(text)
    made = EnrolmentToken(enrolments.name_of(digest), user, note, uses, now, now + life)
    act = replace(
        by.act(now, "enrolment-token-made", note), about=f"token {made.name}", details={"uses": uses}
    )
    await store.enrolments.add(digest, made)
    await store.audit.append(act)
    return made
