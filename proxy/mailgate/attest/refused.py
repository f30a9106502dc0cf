"""Why evidence is refused: exceptions that the verifier turns into a result."""

from datetime import timedelta

from mailgate.attest.nonces import Nonce
from mailgate.errors import MailgateError
from mailgate.model import Reason


class RefusedError(MailgateError):
    """One check failed. ``detail`` says what was expected, and never repeats a token, a key or a person."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class KeyNotFoundError(RefusedError):
    """The key that a token names is not among those of its issuer now; the issuer may have it by the next look."""

    def __init__(self, issuer: str, *, unavailable: bool) -> None:
        if unavailable:
            super().__init__(Reason.TOKEN_KEYS_UNAVAILABLE, f"the keys of {issuer} cannot be had now")
        else:
            super().__init__(Reason.TOKEN_KID_UNKNOWN, f"kid names no key of {issuer}")
        self.issuer = issuer


class ClockError(RefusedError):
    """The proof is good but for its time. ``off``: how far the device's clock is ahead."""

    def __init__(self, reason: Reason, detail: str, off: timedelta) -> None:
        super().__init__(reason, detail)
        self.off = off


class NonceError(RefusedError):
    """The proof is good but for its nonce; with another it would do."""

    def __init__(self, reason: Reason, detail: str, nonce: Nonce) -> None:
        super().__init__(reason, detail)
        self.nonce = nonce
