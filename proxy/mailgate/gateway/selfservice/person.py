"""Finds out the person of a request, with enough certainty to show them what is stored about them."""

from dataclasses import dataclass
from enum import StrEnum

from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.selfservice.login_check import LoginCheck, LoginResult
from mailgate.model import Access
from mailgate.policy.halting import DOUBTS


class KnownBy(StrEnum):
    """The proof by which the gate knows a person."""

    PROXY = "proxy"
    """A trusted proxy has logged them in (``X-Forwarded-User``)."""
    DEVICE = "device"
    """The device has proved its key or its certificate, and it is theirs."""
    LOGIN = "login"
    """Basic credentials that the webmail has checked."""
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class RecognisedPerson:
    """A person by login name. The name is empty if the person is unknown."""

    name: str = ""
    by: KnownBy = KnownBy.NOTHING
    login: LoginResult = LoginResult.NONE
    """The result of checking the credentials of this request, if they were checked."""


def proven_device(access: Access) -> str:
    """The id of the device that proved itself with this request; empty if none did. A key in use in two places proves nothing here, nor a
    certificate of another device than the request names, nor a request with an ActiveSync id."""
    proofs = (access.attestation, access.certificate)
    proved = any(proof is not None and proof.refused is None for proof in proofs)
    doubted = any(finding.reason in DOUBTS for finding in access.client.findings)
    return access.posture.device_id if proved and not doubted and not access.client.eas_id else ""


async def recognise(incoming: Incoming, access: Access, check: LoginCheck | None) -> RecognisedPerson:
    """Find out the person: the name from a trusted proxy, otherwise the owner of the proven device, otherwise a checked login. The webmail's
    session cookie does not count, since the gate cannot know its owner."""
    if incoming.facts.user:
        return RecognisedPerson(incoming.facts.user, KnownBy.PROXY)
    if proven_device(access) and (owner := _owner(access)):
        return RecognisedPerson(owner, KnownBy.DEVICE)
    login = await check.look(incoming) if check else LoginResult.NONE
    if login is LoginResult.RIGHT:
        return RecognisedPerson(incoming.login or "", KnownBy.LOGIN, login)
    return RecognisedPerson(login=login)


def _owner(access: Access) -> str:
    """The owner of the proven device, from its token, otherwise from its sources."""
    proof = access.attestation
    said = proof.user if proof is not None and proof.refused is None else ""
    return said or access.posture.owner
