"""Why evidence is refused: the one exception of this package, turned into a result by the verifier."""

from mailgate.errors import MailgateError
from mailgate.model import Reason


class RefusedError(MailgateError):
    """One check failed. ``detail`` says what was expected, and never repeats a token, a key or a person."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
