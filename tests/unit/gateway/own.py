"""Devices of people, for the tests of their own pages."""

from datetime import timedelta

from tests.unit.gateway.gates import NOW, policy

from mailgate.devices.device import Device, Report
from mailgate.gateway.selfservice.own_devices import AskingRequest
from mailgate.gateway.selfservice.person import KnownBy, RecognisedPerson
from mailgate.model import (
    Access,
    AttestationResult,
    Client,
    Compliance,
    Enrolment,
    Kind,
    Posture,
    PostureState,
    RequestFacts,
)
from mailgate.policy.decide import decide
from mailgate.store import StoreUnavailableError
from mailgate.store.person_records import UnreportedPhone

RULES = policy(
    (
        {"id": "laptop", "when": 'client.kind == "laptop"', "effect": "allow"},
        {"id": "listed", "title": "No listed app", "when": 'device.state == "listed"', "effect": "block",
         "reason": "prohibited-app", "notice": {"fix": "remove-app", "contact": "it-help@example.com"}},
        {"id": "unproven", "when": 'client.handheld && device.state != "clean"', "effect": "block"},
        {"id": "clean", "when": "client.handheld", "effect": "allow"},
    )
)  # fmt: skip
LOOKED = NOW - timedelta(minutes=3)
EAS_ID = "applc39x8fake"
REPORT = Report(
    "intune",
    "intune-1",
    "alice",
    Kind.PHONE,
    "ios",
    "18.6",
    managed=True,
    status="affirming",
    apps=frozenset({"tiktok"}),
    apps_complete=True,
    reported_at=LOOKED,
    asked=frozenset({"tiktok"}),
    enrolment=Enrolment.WORK_PROFILE_PERSONAL,
    compliance=Compliance.COMPLIANT,
    compliance_at=LOOKED,
    denied_at=LOOKED,
    not_denied="ownership",
    names=frozenset({("serial", "C39X84F2A"), ("eas", EAS_ID), ("eas", EAS_ID.encode().hex())}),
    first_seen=NOW - timedelta(days=41),
    last_seen=NOW,
)
PHONE = Device("aaaa-bbbb-cccc", (REPORT,), first_seen=NOW - timedelta(days=41), last_seen=NOW)
LISTED = Posture(
    PostureState.LISTED, PHONE.id, Kind.PHONE, "ios", "18.6", owner="alice",
    apps=("tiktok",), lists=("prohibited",), source="intune", reported_at=LOOKED,
)  # fmt: skip
CLEAN = Posture(PostureState.CLEAN, PHONE.id, Kind.PHONE, "ios", source="intune", reported_at=LOOKED)
UNREPORTED = UnreportedPhone("appl7777", Kind.MAIL_APP, "ios", "iPhone", 3, NOW - timedelta(hours=1), NOW)
PROOF = AttestationResult(device_id="phone-1", issuer="https://mdm.example.com", expires=NOW)
LAPTOP = Client(Kind.LAPTOP, handheld=False)
HANDHELD = Client(Kind.PHONE, handheld=True, os="ios")
ALICE = RecognisedPerson("alice", KnownBy.LOGIN)


def asking(person=ALICE, *, client=LAPTOP, posture=None, proof=None):
    access = Access(RequestFacts(), client, posture or Posture(), NOW, attestation=proof)
    return AskingRequest(access, decide(access, RULES), person, RULES)


class Tokens(dict):
    broken = False

    async def add(self, digest, token):
        if self.broken:
            raise StoreUnavailableError("down")
        self[digest] = token
