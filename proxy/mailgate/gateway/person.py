"""Which person asks, as far as the gate may show them what is stored about them, and by what."""

from dataclasses import dataclass
from enum import StrEnum

from mailgate.gateway.facts import Incoming
from mailgate.gateway.login_check import Login, LoginCheck
from mailgate.model import Access


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
class Person:
    """A person's login name, or an empty one where nothing says who is there."""

    name: str = ""
    by: KnownBy = KnownBy.NOTHING
    login: Login = Login.NONE
    """What came of the credentials of this request, where they were looked at."""


async def recognise(incoming: Incoming, access: Access, check: LoginCheck | None) -> Person:
    """Who is there: as a trusted proxy says, else whose the proven device is, else by a login that was checked.

    A session cookie of the webmail is no identity: the gate cannot tell whose it is.
    """
    if incoming.facts.user:
        return Person(incoming.facts.user, KnownBy.PROXY)
    proof = access.attestation
    if proof is not None and proof.refused is None and (owner := proof.user or access.posture.owner):
        return Person(owner, KnownBy.DEVICE)
    login = await check.look(incoming) if check else Login.NONE
    if login is Login.RIGHT:
        return Person(incoming.login or "", KnownBy.LOGIN, login)
    return Person(login=login)
