"""The sources of the devices: the state of the connectors, enrolment tokens, and enrolled keys."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from mailgate.attest.enrolment import TOKEN_BYTES, name_of
from mailgate.demo.company.devices import FLEET, INTUNE, JAMF, CompanyDevice, DeviceProblem
from mailgate.demo.company.records import own_id, thumbprint
from mailgate.devices.trust import ENROLLED
from mailgate.errors import Trouble
from mailgate.model import SourceState
from mailgate.store import EnrolledKey, EnrolmentToken, Store

_LETS = (
    ("Laptops of the first office", 4000, 30),
    ("Laptops of the other offices", 6000, 30),
    ("New colleagues this month", 40, 12),
    ("The loan pool", 0, 3),
)
"""Tokens: their purpose, the uses that are left, and the days for which they are valid."""


async def note_sources(store: Store, random: Random, found: Sequence[CompanyDevice], now: datetime) -> None:
    """Store the state of the connectors and of enrolment."""
    for state in connector_states(found, now):
        await store.connectors.note(state)
    made = now - timedelta(days=61)
    names = []
    for note, left, days in _LETS:
        digest = random.randbytes(TOKEN_BYTES)  # the digest of a token that nobody has
        names.append(name_of(digest))
        token = EnrolmentToken(names[-1], "", note, left, made, now + timedelta(days=days))
        await store.enrolments.add(digest, token)
    await store.enrolments.take([_key(each, names) for each in found if each.source == ENROLLED])


def connector_states(found: Sequence[CompanyDevice], now: datetime) -> Iterator[SourceState]:
    """Two connectors that work, and one that was asked to wait for hours."""
    counts = Counter(each.source for each in found if each.problem is not DeviceProblem.GONE)
    gone = Counter(each.source for each in found if each.problem is DeviceProblem.GONE)
    for name, minutes in ((FLEET, 21), (INTUNE, 8), (JAMF, 3)):
        ended, troubled = now - timedelta(minutes=minutes), name == JAMF
        success = now - timedelta(hours=3) if troubled else ended
        yield SourceState(
            name,
            last_attempt=ended,
            last_success=success,
            last_full=success,
            failing_since=success + timedelta(minutes=15) if troubled else None,
            trouble=Trouble.THROTTLED if troubled else "",
            trouble_since=success + timedelta(minutes=15) if troubled else None,
            devices=counts[name],
            taken=0 if troubled else counts[name],
            gone=gone[name],
        )


def _key(owned: CompanyDevice, names: Sequence[str]) -> EnrolledKey:
    """An enrolled key. The key of a lost laptop is revoked from the time of the loss."""
    lost = owned.changed if owned.problem is DeviceProblem.LOST else None
    name = own_id(owned, ENROLLED)
    token = names[owned.number % 2]
    return EnrolledKey(
        thumbprint(owned), name, owned.person.login, token, owned.joined, owned.looked, revoked_at=lost
    )
