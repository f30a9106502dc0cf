"""The errors of a login at a provider: a word for the log, and a status and a text for the page."""

from enum import StrEnum
from typing import Self

from mailgate.model.phrase import phrase

_AGAIN = phrase("Log in again.")
_FORGED = phrase("We cannot trust the provider's answer, so nobody was logged in:")


class LoginTrouble(StrEnum):
    """What went wrong: a word for the log, which does not say for whom, and the status and the words of the page."""

    status: int
    words: str

    def __new__(cls, word: str, status: int = 0, words: str = "") -> Self:
        made = str.__new__(cls, word)
        made._value_, made.status, made.words = word, status, words
        return made

    STATE = "state", 400, phrase(
        "This login has ended: it took longer than ten minutes, it was used already, or the gate was restarted. %(again)s", again=_AGAIN
    )  # fmt: skip
    BROWSER = "another-browser", 400, phrase(
        "This login began in another browser, or this one keeps no cookies from the console. %(again)s", again=_AGAIN
    )  # fmt: skip
    MIXED_UP = "another-issuer", 400, phrase("The answer comes from another provider than the one that was asked.")  # fmt: skip
    ASKED_WRONGLY = "malformed-return", 400, phrase("This is not an answer of a provider.")
    DENIED = "access-denied", 403, phrase("The provider says that you, or it, did not agree to this login.")
    PROVIDER = "provider-error", 502, phrase("The provider could not do this login. It may say more in its own log.")  # fmt: skip
    UNREACHABLE = "unreachable", 502, phrase("The provider cannot be reached from the gate. Try again in a moment.")  # fmt: skip
    TIMEOUT = "timeout", 504, phrase("The provider does not answer in time. Try again in a moment.")
    CERTIFICATE = "certificate", 502, phrase("The provider has a certificate that the gate does not know (`ca` of the settings).")  # fmt: skip
    TOO_BIG = "too-big", 502, phrase("The provider's answer is larger than a login needs.")
    DISCOVERY = "discovery", 502, phrase(
        "The provider's description of itself cannot be used: its `issuer` differs from the setting `issuer`, or one of its addresses is not https."
    )  # fmt: skip
    CODE = "code-refused", 403, phrase(
        "The provider did not accept the code that it had issued: the code has expired or was used already. %(again)s", again=_AGAIN
    )  # fmt: skip
    CLIENT = "client-refused", 502, phrase(
        "The provider does not know the console, or not by this secret (`client_id`, `client_secret`)."
    )  # fmt: skip
    NO_TOKEN = "no-id-token", 502, phrase("%(forged)s it holds no ID token.", forged=_FORGED)
    MALFORMED = "malformed-token", 403, phrase("%(forged)s its ID token is malformed.", forged=_FORGED)
    ALGORITHM = "algorithm", 403, phrase("%(forged)s it is signed in a way that is not allowed.", forged=_FORGED)  # fmt: skip
    KEY = "wrong-key", 403, phrase("%(forged)s it is signed with a key that the provider does not publish.", forged=_FORGED)  # fmt: skip
    SIGNATURE = "wrong-signature", 403, phrase("%(forged)s its signature is wrong.", forged=_FORGED)
    ISSUER = "wrong-issuer", 403, phrase("%(forged)s another provider has signed it.", forged=_FORGED)
    AUDIENCE = "wrong-audience", 403, phrase("%(forged)s it is for another application.", forged=_FORGED)
    EXPIRED = "expired", 403, phrase("%(forged)s it has expired. Do the clocks of the gate and the provider agree?", forged=_FORGED)  # fmt: skip
    EARLY = "issued-in-the-future", 403, phrase(
        "%(forged)s it is dated in the future. Do the clocks of the gate and the provider agree?", forged=_FORGED
    )  # fmt: skip
    NONCE = "wrong-nonce", 403, phrase("%(forged)s it belongs to another login.", forged=_FORGED)
    CLAIM = "wrong-claim", 403, phrase("%(forged)s its ID token says something that does not fit.", forged=_FORGED)  # fmt: skip
    SUBJECT = "another-subject", 403, phrase("%(forged)s it speaks of two people.", forged=_FORGED)
    UNNAMED = "no-name", 403, phrase("The provider does not say who you are in the way that the settings ask for (`claim`, `scopes`).")  # fmt: skip
    UNVERIFIED = "mail-not-verified", 403, phrase("The provider has not verified your mail address, so it counts for nothing here.")  # fmt: skip
    TOO_MANY_GROUPS = "too-many-groups", 403, phrase(
        "You are in more groups than the provider writes down. Ask for it to name only the groups of this application."
    )  # fmt: skip
    NOBODY = "no-admin", 403, phrase(
        "The provider knows you, but you may do nothing here: no admin in the settings has your name at the provider, and none of your groups has a role."
    )  # fmt: skip


class LoginError(Exception):
    def __init__(self, trouble: LoginTrouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
