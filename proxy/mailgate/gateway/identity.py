"""Who asks, as far as the gate believes it, and by what."""

from dataclasses import dataclass
from enum import StrEnum

from mailgate.gateway.facts import Incoming
from mailgate.gateway.login_check import Login, LoginCheck
from mailgate.model import Access, AttestationResult, Client, Protocol


class KnownBy(StrEnum):
    """What the gate takes a person's word for who they are by."""

    PROXY = "proxy"
    """A trusted proxy has logged them in (``X-Forwarded-User``)."""
    DEVICE = "device"
    """The device has proved its key, and it is theirs."""
    LOGIN = "login"
    """Basic credentials that the webmail has checked."""
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person's login name, or an empty one where nothing says who is there."""

    name: str = ""
    by: KnownBy = KnownBy.NOTHING
    login: Login = Login.NONE
    """What came of the credentials of this request, where they were looked at."""


def named(incoming: Incoming, client: Client, proof: AttestationResult | None) -> str:
    """Whose rules apply to a request: as a trusted proxy says, else as the device proved, else the login of a mail app.

    A login name is believed on ActiveSync alone: there the webmail checks the very same credentials, while a
    browser with a session cookie could name anyone and choose whose rules apply.
    """
    if incoming.facts.user:
        return incoming.facts.user
    if proof is not None and proof.refused is None and proof.user:
        return proof.user
    return (incoming.login or "") if client.protocol is Protocol.ACTIVESYNC else ""


async def identify(incoming: Incoming, access: Access, check: LoginCheck | None) -> Identity:
    """Who may see what is stored about a person: the same order, and a login only once the webmail has checked it.

    A session cookie of the webmail is no identity: the gate cannot tell whose it is.
    """
    if incoming.facts.user:
        return Identity(incoming.facts.user, KnownBy.PROXY)
    proof = access.attestation
    if proof is not None and proof.refused is None and (owner := proof.user or access.posture.owner):
        return Identity(owner, KnownBy.DEVICE)
    login = await check.look(incoming) if check else Login.NONE
    if login is Login.RIGHT:
        return Identity(incoming.login or "", KnownBy.LOGIN, login)
    return Identity(login=login)
