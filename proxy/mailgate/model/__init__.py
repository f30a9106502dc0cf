"""The nouns that all rooms share. They are frozen, without I/O, and without behaviour beyond derived values.

The words are those of ``docs/glossary.md``; roles follow NIST SP 800-207 and RFC 9334.
"""

from mailgate.model.client import DEFAULT_PLACE as DEFAULT_PLACE
from mailgate.model.client import IMAP_ID as IMAP_ID
from mailgate.model.client import LOGIN_PROTOCOLS as LOGIN_PROTOCOLS
from mailgate.model.client import PROTOCOL_TRAITS as PROTOCOL_TRAITS
from mailgate.model.client import ActiveSyncPlace as ActiveSyncPlace
from mailgate.model.client import Assurance as Assurance
from mailgate.model.client import Client as Client
from mailgate.model.client import Kind as Kind
from mailgate.model.client import Protocol as Protocol
from mailgate.model.client import RequestFacts as RequestFacts
from mailgate.model.client import Signal as Signal
from mailgate.model.decision import Access as Access
from mailgate.model.decision import Claim as Claim
from mailgate.model.decision import Decision as Decision
from mailgate.model.decision import DecisionSummary as DecisionSummary
from mailgate.model.decision import Effect as Effect
from mailgate.model.decision import LetIn as LetIn
from mailgate.model.decision import RuleTrial as RuleTrial
from mailgate.model.decision import Stage as Stage
from mailgate.model.decision import Trials as Trials
from mailgate.model.decision import Update as Update
from mailgate.model.decision import User as User
from mailgate.model.device import Absence as Absence
from mailgate.model.device import AppsReport as AppsReport
from mailgate.model.device import CheckResult as CheckResult
from mailgate.model.device import Compliance as Compliance
from mailgate.model.device import Denial as Denial
from mailgate.model.device import Enrolment as Enrolment
from mailgate.model.device import ManagementVerdict as ManagementVerdict
from mailgate.model.device import Posture as Posture
from mailgate.model.device import PostureState as PostureState
from mailgate.model.device import SourceState as SourceState
from mailgate.model.device import Threat as Threat
from mailgate.model.proofs import AttestationResult as AttestationResult
from mailgate.model.proofs import AttestedApp as AttestedApp
from mailgate.model.proofs import CertificateResult as CertificateResult
from mailgate.model.proofs import ExtensionWord as ExtensionWord
from mailgate.model.proofs import HardwareResult as HardwareResult
from mailgate.model.proofs import VerifiedLogin as VerifiedLogin
from mailgate.model.reasons import DEVICE_FINDINGS as DEVICE_FINDINGS
from mailgate.model.reasons import FOUND_BESIDE as FOUND_BESIDE
from mailgate.model.reasons import Finding as Finding
from mailgate.model.reasons import Reason as Reason
