"""The errors of a login at a provider: a word for the log, and a status and a text for the page."""

from dataclasses import dataclass
from enum import StrEnum

from mailgate.model.phrase import phrase


class LoginTrouble(StrEnum):
    """The word for the log. It says what went wrong but not for whom."""

    STATE = "state"
    BROWSER = "another-browser"
    MIXED_UP = "another-issuer"
    ASKED_WRONGLY = "malformed-return"
    DENIED = "access-denied"
    PROVIDER = "provider-error"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    TOO_BIG = "too-big"
    DISCOVERY = "discovery"
    CODE = "code-refused"
    CLIENT = "client-refused"
    NO_TOKEN = "no-id-token"  # noqa: S105
    MALFORMED = "malformed-token"
    ALGORITHM = "algorithm"
    KEY = "wrong-key"
    SIGNATURE = "wrong-signature"
    ISSUER = "wrong-issuer"
    AUDIENCE = "wrong-audience"
    EXPIRED = "expired"
    EARLY = "issued-in-the-future"
    NONCE = "wrong-nonce"
    CLAIM = "wrong-claim"
    SUBJECT = "another-subject"
    UNNAMED = "no-name"
    UNVERIFIED = "mail-not-verified"
    TOO_MANY_GROUPS = "too-many-groups"
    NOBODY = "no-admin"


@dataclass(frozen=True, slots=True)
class ErrorText:
    """The words for the page."""

    status: int
    words: str


_AGAIN = phrase("Log in again.")
_FORGED = phrase("We cannot trust the provider's answer, so nobody was logged in:")

ERROR_TEXTS = {
    LoginTrouble.STATE: ErrorText(
        400,
        phrase(
"This login has ended: it took longer than ten minutes, it was used already, or the gate was restarted. %(again)s",
 again=_AGAIN),
    ),
    LoginTrouble.BROWSER: ErrorText(
        400,
        phrase("This login began in another browser, or this one keeps no cookies from the console. %(again)s", again=_AGAIN),
    ),
    LoginTrouble.MIXED_UP: ErrorText(400, phrase("The answer comes from another provider than the one that was asked.")),
    LoginTrouble.ASKED_WRONGLY: ErrorText(400, phrase("This is not an answer of a provider.")),
    LoginTrouble.DENIED: ErrorText(403, phrase("The provider says that you, or it, did not agree to this login.")),
    LoginTrouble.PROVIDER: ErrorText(502, phrase("The provider could not do this login. It may say more in its own log.")),
    LoginTrouble.UNREACHABLE: ErrorText(502, phrase("The provider cannot be reached from the gate. Try again in a moment.")),
    LoginTrouble.TIMEOUT: ErrorText(504, phrase("The provider does not answer in time. Try again in a moment.")),
    LoginTrouble.CERTIFICATE: ErrorText(
        502, phrase("The provider has a certificate that the gate does not know (`ca` of the settings).")
    ),
    LoginTrouble.TOO_BIG: ErrorText(502, phrase("The provider's answer is larger than a login needs.")),
    LoginTrouble.DISCOVERY: ErrorText(
        502,
        phrase(
"The provider's description of itself cannot be used: its `issuer` differs from the setting `issuer`, or one of its "
"addresses is not https."
),
    ),
    LoginTrouble.CODE: ErrorText(403, phrase("The provider did not accept the code that it had issued: the code has expired or was used already. %(again)s", again=_AGAIN)),
    LoginTrouble.CLIENT: ErrorText(
        502, phrase("The provider does not know the console, or not by this secret (`client_id`, `client_secret`).")
    ),
    LoginTrouble.NO_TOKEN: ErrorText(502, phrase("%(forged)s it holds no ID token.", forged=_FORGED)),
    LoginTrouble.MALFORMED: ErrorText(403, phrase("%(forged)s its ID token is malformed.", forged=_FORGED)),
    LoginTrouble.ALGORITHM: ErrorText(403, phrase("%(forged)s it is signed in a way that is not allowed.", forged=_FORGED)),
    LoginTrouble.KEY: ErrorText(403, phrase("%(forged)s it is signed with a key that the provider does not publish.", forged=_FORGED)),
    LoginTrouble.SIGNATURE: ErrorText(403, phrase("%(forged)s its signature is wrong.", forged=_FORGED)),
    LoginTrouble.ISSUER: ErrorText(403, phrase("%(forged)s another provider has signed it.", forged=_FORGED)),
    LoginTrouble.AUDIENCE: ErrorText(403, phrase("%(forged)s it is for another application.", forged=_FORGED)),
    LoginTrouble.EXPIRED: ErrorText(403, phrase("%(forged)s it has expired. Do the clocks of the gate and the provider agree?", forged=_FORGED)),
    LoginTrouble.EARLY: ErrorText(
        403, phrase("%(forged)s it is dated in the future. Do the clocks of the gate and the provider agree?", forged=_FORGED)
    ),
    LoginTrouble.NONCE: ErrorText(403, phrase("%(forged)s it belongs to another login.", forged=_FORGED)),
    LoginTrouble.CLAIM: ErrorText(403, phrase("%(forged)s its ID token says something that does not fit.", forged=_FORGED)),
    LoginTrouble.SUBJECT: ErrorText(403, phrase("%(forged)s it speaks of two people.", forged=_FORGED)),
    LoginTrouble.UNNAMED: ErrorText(
        403, phrase("The provider does not say who you are in the way that the settings ask for (`claim`, `scopes`).")
    ),
    LoginTrouble.UNVERIFIED: ErrorText(403, phrase("The provider has not verified your mail address, so it counts for nothing here.")),
    LoginTrouble.TOO_MANY_GROUPS: ErrorText(
        403,
        phrase(
"You are in more groups than the provider writes down. Ask for it to name only the groups of "
"this application."
),
    ),
    LoginTrouble.NOBODY: ErrorText(
        403,
        phrase(
"The provider knows you, but you may do nothing here: no admin in the settings has your name at the provider, and "
"none of your groups has a role."
),
    ),
}  # fmt: skip


class LoginError(Exception):
    """A login failed."""

    def __init__(self, trouble: LoginTrouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
