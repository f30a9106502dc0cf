"""The store: devices and the reports about them, sightings and the decisions on them.

``Store`` is the open database. The path of a request uses ``Postures`` and ``Ledger``.
"""

from mailgate.model.notice import MailKind
from mailgate.store.approvals import Approval
from mailgate.store.audit import Act
from mailgate.store.chain import Break, Entry, Head
from mailgate.store.enrolments import EnrolledKey, Enrolments, EnrolmentToken, NotEnrolled, Revoked
from mailgate.store.errors import StoreError, StoreMissingError, StoreUnavailableError
from mailgate.store.gates import Beat, Heard
from mailgate.store.help_requests import HelpRequest
from mailgate.store.ingest import Taken
from mailgate.store.keys import Key, Keys
from mailgate.store.ledger import Ledger, sighting_of
from mailgate.store.mail import Mail, MailCount, MailState, NoticeKey
from mailgate.store.pagination import Place
from mailgate.store.person_records import QuarantineMail, Sighted
from mailgate.store.plans import Planned
from mailgate.store.policies import Activation, AlteredError, Draft, OvertakenError, Policies, Version
from mailgate.store.postures import Postures
from mailgate.store.retention import Keep
from mailgate.store.retractions import Retraction, Shown
from mailgate.store.seen_clients import Way
from mailgate.store.sightings import ClientFacts, Recorded, Sighting, Tally
from mailgate.store.spent_proofs import SpentProofs
from mailgate.store.store import Store
from mailgate.store.write_queue import Backlog

__all__ = [
    "Act",
    "Activation",
    "AlteredError",
    "Approval",
    "Backlog",
    "Beat",
    "Break",
    "ClientFacts",
    "Draft",
    "EnrolledKey",
    "EnrolmentToken",
    "Enrolments",
    "Entry",
    "Head",
    "Heard",
    "HelpRequest",
    "Keep",
    "Key",
    "Keys",
    "Ledger",
    "Mail",
    "MailCount",
    "MailKind",
    "MailState",
    "NotEnrolled",
    "NoticeKey",
    "OvertakenError",
    "Place",
    "Planned",
    "Policies",
    "Postures",
    "QuarantineMail",
    "Recorded",
    "Retraction",
    "Revoked",
    "Shown",
    "Sighted",
    "Sighting",
    "SpentProofs",
    "Store",
    "StoreError",
    "StoreMissingError",
    "StoreUnavailableError",
    "Taken",
    "Tally",
    "Version",
    "Way",
    "sighting_of",
]
