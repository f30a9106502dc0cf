"""The exceptions with which evidence is refused. The verifier turns them into a result."""

from datetime import timedelta

from mailgate.attest.sealing import Nonce
from mailgate.errors import MailgateError
from mailgate.model import Reason


class Refused(MailgateError):
    """A check failed. ``detail`` says what was expected and never repeats a token, a key or a person."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class KeyNotFoundError(Refused):
    """The key that a token names is not among its issuer's keys now. The issuer may publish it later."""

    def __init__(self, issuer: str, *, unavailable: bool) -> None:
        if unavailable:
            super().__init__(Reason.TOKEN_KEYS_UNAVAILABLE, f"the keys of {issuer} are not available now")
        else:
            super().__init__(Reason.TOKEN_KID_UNKNOWN, f"kid names no key of {issuer}")
        self.issuer = issuer


class ClockError(Refused):
    """The proof is good except for its time. ``off`` is how far the device's clock is ahead."""

    def __init__(self, reason: Reason, detail: str, off: timedelta) -> None:
        super().__init__(reason, detail)
        self.off = off


class NonceError(Refused):
    """The proof is good except for its nonce. With another nonce it would be accepted."""

    def __init__(self, reason: Reason, detail: str, nonce: Nonce) -> None:
        super().__init__(reason, detail)
        self.nonce = nonce
