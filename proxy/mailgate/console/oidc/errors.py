"""The errors of a login at a provider: a word for the log, and a status and a text for the page."""

from dataclasses import dataclass
from enum import StrEnum

from mailgate.model.phrase import phrase


class Trouble(StrEnum):
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
class Told:
    """The words for the page."""

    status: int
    words: str


_AGAIN = phrase("Log in again.")
_FORGED = phrase("The provider's answer cannot be believed, so nobody was logged in:")

TOLD = {
    Trouble.STATE: Told(
        400,
        phrase(
"This login is over: it took longer than ten minutes, was used already, or the gate has started "
"anew. %(again)s",
 again=_AGAIN),
    ),
    Trouble.BROWSER: Told(
        400,
        phrase("This login began in another browser, or this one keeps no cookies from the console. %(again)s", again=_AGAIN),
    ),
    Trouble.MIXED_UP: Told(400, phrase("The answer is of another provider than the one that was asked.")),
    Trouble.ASKED_WRONGLY: Told(400, phrase("This is no answer of a provider.")),
    Trouble.DENIED: Told(403, phrase("The provider says that you, or it, did not agree to this login.")),
    Trouble.PROVIDER: Told(502, phrase("The provider could not do this login. It may say more in its own log.")),
    Trouble.UNREACHABLE: Told(502, phrase("The provider cannot be reached from the gate. Try again in a moment.")),
    Trouble.TIMEOUT: Told(504, phrase("The provider does not answer in time. Try again in a moment.")),
    Trouble.CERTIFICATE: Told(
        502, phrase("The provider has a certificate that the gate does not know (`ca` of the settings).")
    ),
    Trouble.TOO_BIG: Told(502, phrase("The provider answers with more than anybody needs to log in.")),
    Trouble.DISCOVERY: Told(
        502,
        phrase(
"What the provider says of itself cannot be used: it calls itself otherwise than the setting "
"`issuer`, or has no https."
),
    ),
    Trouble.CODE: Told(403, phrase("The provider did not take its own answer back: it is over or was used. %(again)s", again=_AGAIN)),
    Trouble.CLIENT: Told(
        502, phrase("The provider does not know the console, or not by this secret (`client_id`, `client_secret`).")
    ),
    Trouble.NO_TOKEN: Told(502, phrase("%(forged)s it holds no ID token.", forged=_FORGED)),
    Trouble.MALFORMED: Told(403, phrase("%(forged)s its ID token is malformed.", forged=_FORGED)),
    Trouble.ALGORITHM: Told(403, phrase("%(forged)s it is signed in a way that is not allowed.", forged=_FORGED)),
    Trouble.KEY: Told(403, phrase("%(forged)s it is signed with a key that the provider does not publish.", forged=_FORGED)),
    Trouble.SIGNATURE: Told(403, phrase("%(forged)s its signature is wrong.", forged=_FORGED)),
    Trouble.ISSUER: Told(403, phrase("%(forged)s another provider has signed it.", forged=_FORGED)),
    Trouble.AUDIENCE: Told(403, phrase("%(forged)s it is for another application.", forged=_FORGED)),
    Trouble.EXPIRED: Told(403, phrase("%(forged)s it is over. Do the clocks of the gate and the provider agree?", forged=_FORGED)),
    Trouble.EARLY: Told(
        403, phrase("%(forged)s it is of the future. Do the clocks of the gate and the provider agree?", forged=_FORGED)
    ),
    Trouble.NONCE: Told(403, phrase("%(forged)s it belongs to another login.", forged=_FORGED)),
    Trouble.CLAIM: Told(403, phrase("%(forged)s its ID token says something that does not fit.", forged=_FORGED)),
    Trouble.SUBJECT: Told(403, phrase("%(forged)s it speaks of two people.", forged=_FORGED)),
    Trouble.UNNAMED: Told(
        403, phrase("The provider does not say who you are in the way that the settings ask for (`claim`, `scopes`).")
    ),
    Trouble.UNVERIFIED: Told(403, phrase("The provider has not verified your mail address, so it counts for nothing here.")),
    Trouble.TOO_MANY_GROUPS: Told(
        403,
        phrase(
"You are in more groups than the provider writes down. Ask for it to name only the groups of "
"this application."
),
    ),
    Trouble.NOBODY: Told(
        403,
        phrase(
"The provider knows you, and you may do nothing here: no admin of the settings is called as you "
"are there, and none of your groups has a role."
),
    ),
}  # fmt: skip


class LoginError(Exception):
    """A login failed."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
