"""Which person asks, as far as the gate may show them what is stored about them, and by what."""

from dataclasses import dataclass
from enum import StrEnum

from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.selfservice.login_check import Login, LoginCheck
from mailgate.model import Access, Reason

_DOUBTS = frozenset({Reason.TWO_DEVICES, Reason.KEY_IN_TWO_PLACES})


class KnownBy(StrEnum):
    """What the gate takes a person's word for who they are by."""

    PROXY = "proxy"
    """A trusted proxy has logged them in (``X-Forwarded-User``)."""
    DEVICE = "device"
    """The device has proved its key or its certificate, and it is theirs."""
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


def proven_device(access: Access) -> str:
    """The id of the device that has proved with this request that it is the one; empty where none has.

    A key that is in use in two places, and a certificate of another device than the rest names, prove nothing here.
    """
    proofs = (access.attestation, access.certificate)
    proved = any(proof is not None and proof.refused is None for proof in proofs)
    doubted = any(finding.reason in _DOUBTS for finding in access.client.findings)
    return access.posture.device_id if proved and not doubted and not access.client.eas_id else ""


async def recognise(incoming: Incoming, access: Access, check: LoginCheck | None) -> Person:
    """Who is there: as a trusted proxy says, else whose the proven device is, else by a login that was checked.

    A session cookie of the webmail is no identity: the gate cannot tell whose it is.
    """
    if incoming.facts.user:
        return Person(incoming.facts.user, KnownBy.PROXY)
    if proven_device(access) and (owner := _owner(access)):
        return Person(owner, KnownBy.DEVICE)
    login = await check.look(incoming) if check else Login.NONE
    if login is Login.RIGHT:
        return Person(incoming.login or "", KnownBy.LOGIN, login)
    return Person(login=login)


def _owner(access: Access) -> str:
    """Whose the proven device is: as its token says, else as its sources do."""
    proof = access.attestation
    said = proof.user if proof is not None and proof.refused is None else ""
    return said or access.posture.owner
