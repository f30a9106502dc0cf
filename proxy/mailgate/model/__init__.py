"""The nouns that all rooms share. They are frozen, without I/O, and without behaviour beyond derived values.

The words are those of ``docs/glossary.md``; roles follow NIST SP 800-207 and RFC 9334.
"""

from mailgate.model.client import (
    DEFAULT_PLACE,
    LOGIN_PROTOCOLS,
    PROTOCOL_TRAITS,
    ActiveSyncPlace,
    Assurance,
    Client,
    Kind,
    Protocol,
    RequestFacts,
    Signal,
)
from mailgate.model.decision import (
    Access,
    Claim,
    Decision,
    DecisionSummary,
    Effect,
    RuleTrial,
    Stage,
    Trials,
    User,
)
from mailgate.model.device import (
    Absence,
    AppsReport,
    CheckResult,
    Compliance,
    Denial,
    Enrolment,
    ManagementVerdict,
    Posture,
    PostureState,
    SourceState,
    Threat,
)
from mailgate.model.proofs import AttestationResult, CertificateResult, HardwareResult
from mailgate.model.reasons import DEVICE_FINDINGS, FOUND_BESIDE, Finding, Reason

__all__ = [
    "DEFAULT_PLACE",
    "DEVICE_FINDINGS",
    "FOUND_BESIDE",
    "LOGIN_PROTOCOLS",
    "PROTOCOL_TRAITS",
    "Absence",
    "Access",
    "ActiveSyncPlace",
    "AppsReport",
    "Assurance",
    "AttestationResult",
    "CertificateResult",
    "CheckResult",
    "Claim",
    "Client",
    "Compliance",
    "Decision",
    "DecisionSummary",
    "Denial",
    "Effect",
    "Enrolment",
    "Finding",
    "HardwareResult",
    "Kind",
    "ManagementVerdict",
    "Posture",
    "PostureState",
    "Protocol",
    "Reason",
    "RequestFacts",
    "RuleTrial",
    "Signal",
    "SourceState",
    "Stage",
    "Threat",
    "Trials",
    "User",
]
