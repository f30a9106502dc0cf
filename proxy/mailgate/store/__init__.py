"""The store: devices and the reports about them, sightings and the decisions on them.

``Store`` is the open database. The path of a request uses ``Postures`` and ``Ledger``.
"""

from mailgate.model.notice import MailKind
from mailgate.store.audit import Act
from mailgate.store.bulk_rows import RowPosition
from mailgate.store.enrolments import EnrolledKey, Enrolments, EnrolmentToken, NotEnrolled
from mailgate.store.errors import StoreError, StoreMissingError, StoreUnavailableError
from mailgate.store.gates import GateHeartbeat, LastHeartbeat, SharedKey, SharedKeys, SpentProofs
from mailgate.store.hash_chain import AuditBreak, AuditEntry, AuditHead
from mailgate.store.help_requests import HelpRequest
from mailgate.store.ingest import IngestResult
from mailgate.store.ledger import Ledger, sighting_of
from mailgate.store.mail import Mail, MailCount, MailState, NoticeKey
from mailgate.store.person_records import QuarantineMail, UnreportedPhone
from mailgate.store.plans import Approval, StoredPlan
from mailgate.store.policies import Activation, AlteredError, OvertakenError, Policies, RuleTexts, Version
from mailgate.store.postures import Postures
from mailgate.store.retention import RetentionTimes
from mailgate.store.retractions import Retraction, ShownAnswer
from mailgate.store.shut_enrolments import Named, Revoked
from mailgate.store.sightings import ClientFacts, Proofs, Recorded, SeenClient, Sighting, Tally
from mailgate.store.store import Store
from mailgate.store.write_queue import Backlog

__all__ = [
    "Act",
    "Activation",
    "AlteredError",
    "Approval",
    "AuditBreak",
    "AuditEntry",
    "AuditHead",
    "Backlog",
    "ClientFacts",
    "EnrolledKey",
    "EnrolmentToken",
    "Enrolments",
    "GateHeartbeat",
    "HelpRequest",
    "IngestResult",
    "LastHeartbeat",
    "Ledger",
    "Mail",
    "MailCount",
    "MailKind",
    "MailState",
    "Named",
    "NotEnrolled",
    "NoticeKey",
    "OvertakenError",
    "Policies",
    "Postures",
    "Proofs",
    "QuarantineMail",
    "Recorded",
    "RetentionTimes",
    "Retraction",
    "Revoked",
    "RowPosition",
    "RuleTexts",
    "SeenClient",
    "SharedKey",
    "SharedKeys",
    "ShownAnswer",
    "Sighting",
    "SpentProofs",
    "Store",
    "StoreError",
    "StoreMissingError",
    "StoreUnavailableError",
    "StoredPlan",
    "Tally",
    "UnreportedPhone",
    "Version",
    "sighting_of",
]
