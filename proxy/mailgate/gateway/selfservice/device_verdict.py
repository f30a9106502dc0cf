"""Verdicts on a person's devices: what a device would get if it asked, and whether it gets mail only because of an
exemption."""

from dataclasses import replace
from datetime import datetime

from mailgate.model import (
    Access,
    Assurance,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    Protocol,
    RequestFacts,
    User,
)
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Relief, Reliefs

_MAIL_APP = RequestFacts(method="POST", target="/Microsoft-Server-ActiveSync?Cmd=Sync")
_BROWSER = RequestFacts()
_KEPT_OUT = (Effect.BLOCK, Effect.CHALLENGE)


def verdict_on(
    before: Access, posture: Posture, policy: Policy, *, user: User, attests: bool, eas_id: str = ""
) -> tuple[Access, Decision]:
    """The decision on this device of this person. ``before`` is the request that asks about it.

    A device that can prove itself is assumed to ask with a proof. Any other device is assumed to ask as a mail app with its
    ActiveSync id, if it has one. A device that is not known to be a computer counts as a handheld.
    """
    kind = posture.kind or Kind.UNKNOWN
    by_mail_app = bool(eas_id) and not attests
    client = Client(
        kind=kind,
        handheld=kind is not Kind.LAPTOP,
        assurance=Assurance.ATTESTED if attests else Assurance.CLAIMED,
        form="desktop" if kind is Kind.LAPTOP else kind if kind in (Kind.PHONE, Kind.TABLET) else "",
        os=posture.os,
        os_version=posture.os_version,
        eas_id=eas_id if by_mail_app else "",
        protocol=Protocol.ACTIVESYNC if by_mail_app else Protocol.WEB,
    )
    facts = replace(
        _MAIL_APP if by_mail_app else _BROWSER, scheme=before.facts.scheme, host=before.facts.host
    )
    access = Access(facts, client, posture, before.now, user)
    return access, decide(access, policy)


def exempted_by(access: Access, decision: Decision, policy: Policy) -> Relief | None:
    """The exemption without which this request would get no mail; None if there is none."""
    ours = {each for each in policy.reliefs.about(access) if each.cause is Cause.EXEMPTION}
    if not ours or decision.effect in _KEPT_OUT:
        return None
    others = tuple(each for each in policy.reliefs.every if each not in ours)
    without = decide(access, replace(policy, reliefs=Reliefs(policy.reliefs.serial, others)))
    return max(ours, key=_end) if without.effect in _KEPT_OUT else None


def _end(relief: Relief) -> datetime:
    return relief.until or datetime.max.replace(tzinfo=relief.at.tzinfo)
