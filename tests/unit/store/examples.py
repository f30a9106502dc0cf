"""Devices, apps and requests that the tests of the store share."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.devices.device import new_id
from mailgate.model import (
    Access,
    AppsReport,
    AttestationResult,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    Reason,
    RequestFacts,
    User,
)
from mailgate.model.apps import ListedApp
from mailgate.model.device import PostureTerms
from mailgate.policy import AppCatalog
from mailgate.store import Recorded, RetentionTimes, Store, gates

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KEEP = RetentionTimes(sightings=30 * DAY, devices=90 * DAY, lost_devices=365 * DAY)
MAX_AGE = timedelta(hours=24)
TERMS = PostureTerms(MAX_AGE)
ISSUER = "https://mdm.example.com"
BROWSER = Client(Kind.PHONE, handheld=True, os="ios")


def set_shared_clock(patched: pytest.MonkeyPatch, at: datetime) -> None:
    """Let the database say that it is ``at``, as PostgreSQL would, whatever the clocks of gates say."""

    async def by_the_database(_connection: object, _now: datetime) -> datetime:
        return at

    patched.setattr(gates, "shared_now", by_the_database)


async def prune(store: Store, before: datetime) -> int:
    """Delete what was last seen before then, of all that is kept as long as sightings."""
    return await store.retention.prune(before + KEEP.sightings, KEEP)


async def stored(store: Store) -> list[Recorded]:
    """The last sightings, once all that waits is written."""
    await store.ledger.flush()
    return await store.sightings.latest()


def catalog(*apps: str, **lists: tuple[str, ...]) -> AppCatalog:
    """A catalogue of these apps and lists."""
    return AppCatalog({key: ListedApp(key, key.title()) for key in apps}, lists)


PHONE_1 = new_id((ISSUER, "phone-1"))
PHONE_2 = new_id((ISSUER, "phone-2"))
CATALOG = catalog("tiktok", "chess", prohibited=("tiktok",))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def proof(
    *apps: str, at: datetime | None = NOW, complete: bool = True, **fields: object
) -> AttestationResult:
    """A verified proof of one phone, each with a key of its own. ``at=None``: without a report of apps."""
    named = f"{fields.get('device_id', 'phone-1')} of {fields.get('issuer', ISSUER)}"
    known: dict[str, object] = {
        "device_id": "phone-1",
        "issuer": ISSUER,
        "key_thumbprint": f"thumb of {named}",
        "kind": Kind.PHONE,
        "os": "ios",
        "os_version": "26.1",
        "managed": True,
        "user": "ada@example.com",
        "status": "affirming",
        "expires": NOW + timedelta(days=7),
        "apps": AppsReport(frozenset(apps), complete, at) if at else None,
    }
    return AttestationResult(**known | fields)  # type: ignore[arg-type]


def mail_app(eas_id: str) -> Client:
    return Client(Kind.MAIL_APP, handheld=True, eas_id=eas_id, eas_type="iPhone")


def access(
    facts: RequestFacts | None = None,
    *,
    client: Client = BROWSER,
    device: str = "phone-1",
    user: str = "ada@example.com",
    now: datetime = NOW,
) -> Access:
    facts = facts or RequestFacts(headers={"user-agent": "Mozilla/5.0 (iPhone)"})
    return Access(facts, client, Posture(device_id=device), now, User(user))


BLOCK = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "v1")
ALLOW = Decision(Effect.ALLOW, Reason.RULE_MATCHED, "laptop-browser", "v1")
