"""A person's page with every kind of content."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailgate.devices.device import Report
from mailgate.gateway.pages.employee import (
    AskedSource,
    DeviceCard,
    EmployeeView,
    SourceResult,
    StoredRecord,
    StoredRecords,
)
from mailgate.gateway.pages.view import View
from mailgate.model import Effect, Kind, PostureState, Reason
from mailgate.store import HelpRequest

NOW = datetime(2026, 12, 9, 9, tzinfo=UTC)
ALLOWED = View(Reason.RULE_MATCHED, "7f3a91c25e08", NOW, Effect.ALLOW, host="mail.example.com")
BLOCKED = replace(
    ALLOWED, reason=Reason.PROHIBITED_APP, effect=Effect.BLOCK, apps=("TikTok",), os="ios", kind=Kind.PHONE
)
PHONE = DeviceCard(
    mark="5d0c1f",
    verdict=BLOCKED,
    state=PostureState.LISTED,
    kind=Kind.PHONE,
    os="ios",
    os_version="18.6",
    tail="4F2A",
    apps=("TikTok",),
    sources=(Report("intune", "1", reported_at=NOW - timedelta(minutes=3), apps_complete=True),),
    asked=(AskedSource(SourceResult.FOUND, "intune", ("TikTok",), NOW - timedelta(minutes=3)),),
    stored=({"id": "phone-1", "managed": True, "last_seen": NOW},),
    since=NOW - timedelta(days=41),
    until=NOW + timedelta(days=90),
)
TABLET = DeviceCard(
    mark="77aa02",
    verdict=replace(ALLOWED, kind=Kind.TABLET),
    state=PostureState.CLEAN,
    kind=Kind.TABLET,
    os="android",
    stored=({"id": "tablet-1"},),
    since=NOW,
    until=NOW + timedelta(days=90),
)
REQUEST = StoredRecord(
    {"day": NOW.date(), "effect": "block", "reason": "prohibited-app", "count": 14}, NOW + timedelta(days=30)
)
MAIL = StoredRecord({"written_at": NOW, "reason": "prohibited-app"}, NOW + timedelta(days=30))
LOOK = StoredRecord({"looked_at": NOW, "role": "operator"}, NOW + timedelta(days=90))
ASKED = HelpRequest("app", "alice", "alice", "", "prohibited-app", "REF2345", "p1", True, 1, NOW, NOW)
OWN = EmployeeView(
    here=ALLOWED,
    person="alice",
    known_by="login",
    devices=(PHONE, TABLET),
    records=StoredRecords(requests=(REQUEST,), quarantine_mails=(MAIL,), looks=(LOOK,)),
    listed=("TikTok", "WeChat"),
    contact="it-help@example.com",
    fingerprint='W/"abc"',
)
NOBODY = EmployeeView(here=ALLOWED, sign_in=True, listed=OWN.listed)


def spoken(view: EmployeeView, language: str) -> EmployeeView:
    """The page in the language of a browser."""
    return replace(view, here=replace(view.here, accept_language=language))
