"""Reads EAT Attestation Results, in which the issuer states how far the device can be trusted
(draft-ietf-rats-ear-04, draft-ietf-rats-ar4si).

A status may claim less than its trustworthiness vector, but never more.
"""

from mailgate.attest.claims import Claims, ClaimWrongError
from mailgate.attest.errors import EvidenceRefusedError
from mailgate.model import Reason

AFFIRMING, WARNING, CONTRAINDICATED, NONE = "affirming", "warning", "contraindicated", "none"

_WORSE = {
    NONE: {WARNING, CONTRAINDICATED},
    AFFIRMING: {WARNING, CONTRAINDICATED},
    WARNING: {CONTRAINDICATED},
    CONTRAINDICATED: frozenset[str](),
}
"""The tiers that are worse than a status. ``none`` states nothing, so it is neither better nor worse than ``affirming``."""


def tier_of(value: int) -> str:
    """The tier of one vector claim, -128 to 127 (AR4SI, section 2.3.2)."""
    if -1 <= value <= 1:
        return NONE
    if -32 <= value <= 31:
        return AFFIRMING
    return WARNING if -96 <= value <= 95 else CONTRAINDICATED


def read_status(device: Claims) -> str:
    """The status of the submodule ``device``. Raises `ClaimMissingError` and `ClaimWrongError`.

    It raises `EvidenceRefusedError` for a contraindicated device, since a tampered device's report about its apps is worthless."""
    status = device.text("ear.status")
    if status not in _WORSE:
        raise ClaimWrongError(f"{device.path}.ear.status must be one of {', '.join(sorted(_WORSE))}")
    if not _WORSE[status].isdisjoint(_tiers(device)):
        raise ClaimWrongError(f"{device.path}.ear.status is better than the worst claim of its vector")
    if status == CONTRAINDICATED:
        raise EvidenceRefusedError(
            Reason.TOKEN_CONTRAINDICATED, "the issuer says that this device must not be trusted"
        )
    return status


def _tiers(device: Claims) -> set[str]:
    """The tiers in the vector. Names that AR4SI does not know count too, since they can only make it worse."""
    if "ear.trustworthiness-vector" not in device:
        return set()
    vector = device.inner("ear.trustworthiness-vector")
    return {tier_of(vector.whole(name, -128, 127)) for name in vector.members}
