"""Proof: from signed headers to an `AttestationResult` (RFC 9334). ``docs/attestation.md`` describes the wire protocol."""

from datetime import timedelta
from typing import TYPE_CHECKING

from mailgate.errors import MailgateError
from mailgate.model import Reason

if TYPE_CHECKING:  # it is in a part of this room
    from mailgate.attest.sealing import Nonce


class Refused(MailgateError):
    """A check failed. ``detail`` says what was expected and never repeats a token, a key or a person.

    :param missing_key_of: the issuer that may publish the key later which its token names.
    :param clock_off: how far the device's clock is ahead, if the proof is good except for its time.
    :param nonce: the nonce, if the proof is good except for it. With another one it would be accepted.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str,
        *,
        missing_key_of: str = "",
        clock_off: timedelta | None = None,
        nonce: "Nonce | None" = None,
    ) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
        self.missing_key_of, self.clock_off, self.nonce = missing_key_of, clock_off, nonce
