"""The closed set of reasons, and findings. A finding is a reason together with what was seen."""

from dataclasses import dataclass
from enum import StrEnum

from mailgate.model.phrase import phrase


class Reason(StrEnum):
    """The closed set of reason codes: the same word in log, header, page, metric and test."""

    # why a rule decided
    RULE_MATCHED = "rule-matched"
    NO_RULE_MATCHED = "no-rule-matched"
    RULE_ERROR = "rule-error"
    PROHIBITED_APP = "prohibited-app"
    POSTURE_MISSING = "posture-missing"
    POSTURE_STALE = "posture-stale"
    POSTURE_PARTIAL = "posture-partial"
    POSTURE_UNAVAILABLE = "posture-unavailable"
    DEVICE_NONCOMPLIANT = "device-noncompliant"
    COMPLIANCE_UNKNOWN = "compliance-unknown"
    KIND_CONTRADICTED = "kind-contradicted"
    KIND_UNKNOWN = "kind-unknown"
    KIND_REFUSED = "kind-refused"
    UPDATE_REQUIRED = "update-required"
    VERSION_UNKNOWN = "version-unknown"
    EXTENSION_REQUIRED = "extension-required"
    ATTESTATION_REQUIRED = "attestation-required"
    ATTESTATION_INVALID = "attestation-invalid"
    CERTIFICATE_REQUIRED = "certificate-required"
    CERTIFICATE_INVALID = "certificate-invalid"
    TWO_DEVICES = "two-devices"
    DEVICE_OF_ANOTHER = "device-of-another"
    PROBE_REQUIRED = "probe-required"
    DEVICE_LOST = "device-lost"
    DEVICE_CONTRADICTED = "device-contradicted"
    # contradictions between the sources of a device (devices/matching.py)
    DEVICE_NAME_CONTRADICTED = "device-name-contradicted"
    DEVICE_KIND_CONTRADICTED = "device-kind-contradicted"
    DEVICE_OS_CONTRADICTED = "device-os-contradicted"
    DEVICE_OWNER_CONTRADICTED = "device-owner-contradicted"
    # why an attestation was refused (attest/)
    TOKEN_TWO_HEADERS = "token-two-headers"
    TOKEN_OVERSIZE = "token-oversize"
    TOKEN_NOT_UTF8 = "token-not-utf8"
    TOKEN_MALFORMED = "token-malformed"
    TOKEN_ALG_REFUSED = "token-alg-refused"
    TOKEN_TYP_WRONG = "token-typ-wrong"
    TOKEN_ISSUER_UNKNOWN = "token-issuer-unknown"
    TOKEN_KID_MISSING = "token-kid-missing"
    TOKEN_KID_UNKNOWN = "token-kid-unknown"
    TOKEN_KEYS_UNAVAILABLE = "token-keys-unavailable"
    TOKEN_SIGNATURE_WRONG = "token-signature-wrong"
    TOKEN_AUDIENCE_WRONG = "token-audience-wrong"
    TOKEN_EXPIRED = "token-expired"
    TOKEN_NOT_YET_VALID = "token-not-yet-valid"
    TOKEN_TOO_LONG_LIVED = "token-too-long-lived"
    TOKEN_CLAIM_MISSING = "token-claim-missing"
    TOKEN_CLAIM_WRONG = "token-claim-wrong"
    TOKEN_UNBOUND = "token-unbound"
    TOKEN_CONTRAINDICATED = "token-contraindicated"
    PROOF_MISSING = "proof-missing"
    PROOF_MALFORMED = "proof-malformed"
    PROOF_TWO_HEADERS = "proof-two-headers"
    PROOF_OVERSIZE = "proof-oversize"
    PROOF_ALG_REFUSED = "proof-alg-refused"
    PROOF_TYP_WRONG = "proof-typ-wrong"
    PROOF_KEY_MISMATCH = "proof-key-mismatch"
    PROOF_SIGNATURE_WRONG = "proof-signature-wrong"
    PROOF_STALE = "proof-stale"
    PROOF_FROM_FUTURE = "proof-from-future"
    PROOF_URL_WRONG = "proof-url-wrong"
    PROOF_METHOD_WRONG = "proof-method-wrong"
    PROOF_TOKEN_HASH_WRONG = "proof-token-hash-wrong"
    PROOF_NONCE_MISSING = "proof-nonce-missing"
    PROOF_NONCE_WRONG = "proof-nonce-wrong"
    PROOF_REPLAYED = "proof-replayed"
    PROOF_MEMORY_FULL = "proof-memory-full"
    PROOF_STORE_UNAVAILABLE = "proof-store-unavailable"
    KEY_REVOKED = "key-revoked"
    KEY_IN_TWO_PLACES = "key-in-two-places"
    # why a TLS client certificate was refused (attest/client_certs.py)
    CERTIFICATE_TWO_HEADERS = "certificate-two-headers"
    CERTIFICATE_OVERSIZE = "certificate-oversize"
    CERTIFICATE_MALFORMED = "certificate-malformed"
    CERTIFICATE_PURPOSE_WRONG = "certificate-purpose-wrong"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    CERTIFICATE_REVOKED = "certificate-revoked"
    CERTIFICATE_REVOCATION_UNKNOWN = "certificate-revocation-unknown"
    # why evidence by hardware was refused (attest/evidence.py)
    EVIDENCE_FORMAT_UNKNOWN = "evidence-format-unknown"
    EVIDENCE_OVERSIZE = "evidence-oversize"
    EVIDENCE_MALFORMED = "evidence-malformed"
    EVIDENCE_UNTRUSTED = "evidence-untrusted"
    EVIDENCE_NOT_YET_VALID = "evidence-not-yet-valid"
    EVIDENCE_EXPIRED = "evidence-expired"
    EVIDENCE_REVOKED = "evidence-revoked"
    EVIDENCE_EXTENSION_MISSING = "evidence-extension-missing"
    EVIDENCE_CHAIN_EXTENDED = "evidence-chain-extended"
    EVIDENCE_CHALLENGE_WRONG = "evidence-challenge-wrong"
    EVIDENCE_KEY_MISMATCH = "evidence-key-mismatch"
    EVIDENCE_SOFTWARE_ONLY = "evidence-software-only"
    EVIDENCE_KEY_IMPORTED = "evidence-key-imported"
    EVIDENCE_UNLOCKED = "evidence-unlocked"
    EVIDENCE_BOOT_UNVERIFIED = "evidence-boot-unverified"
    EVIDENCE_INTEGRITY_OFF = "evidence-integrity-off"
    EVIDENCE_APP_MISSING = "evidence-app-missing"
    EVIDENCE_APP_SHARED = "evidence-app-shared"
    EVIDENCE_APP_WRONG = "evidence-app-wrong"
    EVIDENCE_APP_OUTDATED = "evidence-app-outdated"
    EVIDENCE_SIGNER_WRONG = "evidence-signer-wrong"
    EVIDENCE_SCHEMA_UNKNOWN = "evidence-schema-unknown"
    EVIDENCE_PATCH_OLD = "evidence-patch-old"
    EVIDENCE_TOKEN_MISSING = "evidence-token-missing"
    EVIDENCE_APP_UNRECOGNISED = "evidence-app-unrecognised"
    EVIDENCE_DEVICE_UNRECOGNISED = "evidence-device-unrecognised"
    EVIDENCE_PLAY_PROTECT = "evidence-play-protect"
    EVIDENCE_COUNTER_WRONG = "evidence-counter-wrong"
    EVIDENCE_ENVIRONMENT_WRONG = "evidence-environment-wrong"
    EVIDENCE_CATEGORY_WRONG = "evidence-category-wrong"
    # why what an attested app said was refused (attest/app_attest.py, gateway/reporter.py)
    ASSERTION_MISSING = "assertion-missing"
    ASSERTION_MALFORMED = "assertion-malformed"
    ASSERTION_SIGNATURE_WRONG = "assertion-signature-wrong"
    ASSERTION_APP_WRONG = "assertion-app-wrong"
    ASSERTION_CATEGORY_WRONG = "assertion-category-wrong"
    ASSERTION_REPLAYED = "assertion-replayed"
    REPORT_UNSIGNED = "report-unsigned"
    REPORTER_UNKNOWN = "reporter-unknown"
    QUESTION_CHANGED = "question-changed"
    # why a device could not enrol or report (gateway/)
    ENROLMENT_UNKNOWN = "enrolment-unknown"
    ENROLMENT_EXPIRED = "enrolment-expired"
    ENROLMENT_USED_UP = "enrolment-used-up"
    ENROLMENT_REVOKED = "enrolment-revoked"
    MACHINE_KEYS_FULL = "machine-keys-full"
    KEY_NOT_ENROLLED = "key-not-enrolled"
    TOO_MANY_REQUESTS = "too-many-requests"
    STORE_UNAVAILABLE = "store-unavailable"
    # why the gate itself could not serve or refused to (gateway/)
    REQUEST_MALFORMED = "request-malformed"
    REQUEST_AMBIGUOUS = "request-ambiguous"
    REQUEST_HEAD_TOO_LARGE = "request-head-too-large"
    REQUEST_BODY_TOO_LARGE = "request-body-too-large"
    REQUEST_TIMEOUT = "request-timeout"
    REQUEST_NOT_SUPPORTED = "request-not-supported"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    UPSTREAM_UNREACHABLE = "upstream-unreachable"
    UPSTREAM_TIMEOUT = "upstream-timeout"
    UPSTREAM_MALFORMED = "upstream-malformed"
    INTERNAL_ERROR = "internal-error"


DEVICE_FINDINGS = frozenset(
    {
        Reason.DEVICE_NAME_CONTRADICTED,
        Reason.DEVICE_KIND_CONTRADICTED,
        Reason.DEVICE_OS_CONTRADICTED,
        Reason.DEVICE_OWNER_CONTRADICTED,
    }
)
"""The findings about a device whose sources contradict each other."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the signals that does not fit, in words that an admin can act on."""

    reason: Reason
    detail: str


FOUND_BESIDE = {
    each.reason: each
    for each in (
        Finding(Reason.TWO_DEVICES, phrase("the certificate is of another device than the request names")),
        Finding(
            Reason.DEVICE_OF_ANOTHER, phrase("the device belongs to another person than the one who logs in")
        ),
        Finding(
            Reason.KEY_IN_TWO_PLACES,
            phrase("the key is used from two networks or browsers at once: it may have been copied"),
        ),
    )
}
"""The findings about a request's proofs that neither its headers nor the outcome of a proof shows."""
