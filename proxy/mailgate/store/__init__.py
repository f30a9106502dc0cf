"""The store: devices and the reports about them, sightings and the decisions on them.

``Store`` is the open database. The path of a request uses ``Postures`` and ``Ledger``.
"""

from mailgate.model.notice import MailKind as MailKind
from mailgate.store.audit import Act as Act
from mailgate.store.bulk_rows import RowPosition as RowPosition
from mailgate.store.enrolments import EnrolledKey as EnrolledKey
from mailgate.store.enrolments import EnrolmentToken as EnrolmentToken
from mailgate.store.enrolments import NotEnrolled as NotEnrolled
from mailgate.store.errors import StoreError as StoreError
from mailgate.store.errors import StoreMissingError as StoreMissingError
from mailgate.store.errors import StoreUnavailableError as StoreUnavailableError
from mailgate.store.gates import GateHeartbeat as GateHeartbeat
from mailgate.store.gates import LastHeartbeat as LastHeartbeat
from mailgate.store.gates import SharedKey as SharedKey
from mailgate.store.hash_chain import AuditBreak as AuditBreak
from mailgate.store.hash_chain import AuditEntry as AuditEntry
from mailgate.store.hash_chain import AuditHead as AuditHead
from mailgate.store.help_requests import HelpRequest as HelpRequest
from mailgate.store.ingest import IngestResult as IngestResult
from mailgate.store.ledger import Ledger as Ledger
from mailgate.store.ledger import sighting_of as sighting_of
from mailgate.store.mail import Mail as Mail
from mailgate.store.mail import MailCount as MailCount
from mailgate.store.mail import MailState as MailState
from mailgate.store.mail import NoticeKey as NoticeKey
from mailgate.store.person_records import QuarantineMail as QuarantineMail
from mailgate.store.person_records import UnreportedPhone as UnreportedPhone
from mailgate.store.plans import StoredPlan as StoredPlan
from mailgate.store.policies import Activation as Activation
from mailgate.store.policies import AlteredError as AlteredError
from mailgate.store.policies import OvertakenError as OvertakenError
from mailgate.store.policies import Policies as Policies
from mailgate.store.policies import RuleTexts as RuleTexts
from mailgate.store.policies import Version as Version
from mailgate.store.postures import Postures as Postures
from mailgate.store.retention import RetentionTimes as RetentionTimes
from mailgate.store.retractions import Retraction as Retraction
from mailgate.store.shut_enrolments import Named as Named
from mailgate.store.shut_enrolments import Revoked as Revoked
from mailgate.store.sightings import ClientFacts as ClientFacts
from mailgate.store.sightings import Proofs as Proofs
from mailgate.store.sightings import Recorded as Recorded
from mailgate.store.sightings import SeenClient as SeenClient
from mailgate.store.sightings import Sighting as Sighting
from mailgate.store.sightings import Tally as Tally
from mailgate.store.store import Store as Store
from mailgate.store.write_queue import Backlog as Backlog
