"""Whether a device gets mail, why, since when, and by which source; also as one sentence for the help desk."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from mailgate.config import Bundle
from mailgate.console.explain.requests import decide_last_request
from mailgate.console.words import EFFECTS, device_in_words, looked_clause, reason_in_words
from mailgate.devices.device import Device
from mailgate.devices.trust import ASLEEP, told_state
from mailgate.model import Absence, Access, Decision, Effect, Posture, PostureState
from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import capital, joined_by_and, joined_names, phrase
from mailgate.policy import Policy
from mailgate.policy.decide import decide, exemption_to_end
from mailgate.policy.reliefs import OF_SOME, Cause, Relief, Reliefs
from mailgate.store import Recorded, Store


class MailAccess(StrEnum):
    """Whether a device gets mail."""

    GETS = "gets-mail"
    WARNED = "warned"
    EXEMPT = "exempt"
    PROOF = "must-prove-itself"
    OUT = "kept-out"
    LOST = "lost"


HEADLINES = {
    MailAccess.GETS: phrase("Gets mail"),
    MailAccess.WARNED: phrase("Gets mail after a warning"),
    MailAccess.EXEMPT: capital(phrase("let in")),
    MailAccess.PROOF: phrase("Has to prove itself first"),
    MailAccess.OUT: phrase("No mail"),
    MailAccess.LOST: phrase("Lost, no mail"),
}
OUT = (MailAccess.OUT, MailAccess.PROOF)
"""The mail statuses of devices that get no mail by the rules."""
_MAIL = {
    Effect.ALLOW: MailAccess.GETS,
    Effect.WARN: MailAccess.WARNED,
    Effect.CHALLENGE: MailAccess.PROOF,
    Effect.BLOCK: MailAccess.OUT,
}


NO_APP_KNOWN: Mapping[str, str] = {
    PostureState.CLEAN: phrase("no listed app on it"),
    PostureState.PARTIAL: phrase("not every app on it was seen"),
    PostureState.STALE: phrase("the last report of its apps is too old"),
    ASLEEP: phrase("it does not report now"),
    PostureState.MISSING: phrase("nothing was reported of its apps"),
    PostureState.UNAVAILABLE: phrase("reports of its apps cannot be read"),
}
"""What is known of the apps on a device that gets mail, and on which none is known, by its state."""


class MailStatus(Fact):
    """The mail status of one device now."""

    mail: MailAccess
    """`gets-mail`; `warned`, after a page; `exempt`, only because of an exemption; `must-prove-itself`; `kept-out`; `lost`."""
    headline: Words
    """The status in words."""
    cause: Words
    """The cause in words."""
    rule: str
    """The rule that decides. For an exempt device, the rule that would decide without the exemption."""
    title: str
    """Its title; empty if it has none."""
    reason: str
    """Why, as a reason code."""
    apps: list[str]
    """The display names of the apps that decide; empty if none do."""
    since: Instant | None
    """When this status began; null if unknown."""
    until: Instant | None
    """When it ends: the end of an exemption, or the time at which a warning becomes a refusal; null if it has no end."""
    exempted_why: str
    """The reason of the exemption, as its author wrote it; empty without an exemption."""
    then: Words
    """What the device gets after the exemption, in words; empty without an exemption."""
    source: str
    """The source that looked at the apps, of an app that is there the one that saw it; empty if there is none."""
    looked_at: Instant | None
    """The latest time at which that source can have looked at the apps; null if it did not."""
    looked_from: Instant | None
    """The earliest such time; null if it did not."""
    exempt_from: str
    """The rule to exempt the device from so that it gets mail, or `all`; empty if no exemption would help."""
    sentence: str
    """The whole status in one sentence, with times in UTC."""


async def mail_status_of(
    store: Store, bundle: Bundle, device: Device, now: datetime, seen: Sequence[Recorded]
) -> MailStatus:
    """The mail status of a device, decided for a request like its last one. ``seen`` are the decisions about it, the newest first.
    Raises StoreUnavailableError."""
    access, decision = await decide_last_request(store, bundle, device, seen, now)
    return mail_status(access, decision, bundle.policy, seen, device.lost_at)


def mail_status(
    access: Access,
    decision: Decision,
    policy: Policy,
    seen: Sequence[Recorded] = (),
    lost_at: datetime | None = None,
) -> MailStatus:
    """The mail status that follows from a decision."""
    without, relief = _exempted(access, decision, policy)
    told = without if relief else decision
    mail = _mail(access, decision, relief)
    since = relief.at if relief else lost_at if mail is MailAccess.LOST else _since(decision, seen)
    until = relief.until if relief else decision.deadline if mail is MailAccess.WARNED else None
    look = access.posture.look(
        at_apps=bool(access.posture.apps) and (bool(told.apps) or told.effect is Effect.ALLOW)
    )
    found = MailStatus.taken_from(
        told,
        access.posture,
        mail=mail,
        headline=HEADLINES[mail],
        cause=_cause(told, access.posture, policy),
        since=since,
        until=until,
        exempted_why=relief.why if relief else "",
        then=EFFECTS[_after(without, relief)] if relief else "",
        source=look.source if look else access.posture.source,
        looked_at=look and look.at,
        looked_from=look and look.at - look.lag,
        exempt_from=_exempt_from(access, decision, policy),
        sentence="",
    )
    return found.model_copy(update={"sentence": _sentence(found)})


def mail_of(access: Access, decision: Decision, policy: Policy) -> MailAccess:
    """Whether a device with this decision gets mail."""
    return _mail(access, decision, _exempted(access, decision, policy)[1])


def _mail(access: Access, decision: Decision, relief: Relief | None) -> MailAccess:
    return MailAccess.EXEMPT if relief else MailAccess.LOST if access.posture.lost else _MAIL[decision.effect]


def _exempted(access: Access, decision: Decision, policy: Policy) -> tuple[Decision, Relief | None]:
    """The decision without exemptions, and the exemption that makes the difference."""
    if not any(each.cause in OF_SOME for each in policy.reliefs.about(access)):
        return decision, None
    for_everybody = tuple(each for each in policy.reliefs.every if each.cause not in OF_SOME)
    without = decide(access, replace(policy, reliefs=Reliefs(policy.reliefs.serial, for_everybody)))
    softer = without.effect.severity > decision.effect.severity
    return without, exemption_to_end(access, policy, decision) if softer else None


def _after(without: Decision, relief: Relief) -> Effect:
    """The effect once an exemption has ended: a warning may have become a refusal by then."""
    refuses = without.deadline is not None and relief.until is not None and without.deadline <= relief.until
    return Effect.BLOCK if refuses else without.effect


def name_of(posture: Posture) -> str:
    """A short description of the device."""
    return device_in_words(posture.kind, posture.os, posture.os_version)


def _since(decision: Decision, seen: Sequence[Recorded]) -> datetime | None:
    """Since when the decision has been the same, according to the last requests; None if unknown."""
    since = None
    for each in seen:
        if (each.sighting.effect, each.sighting.reason) != (decision.effect.value, decision.reason.value):
            break
        since = min(each.tally.first, since or each.tally.first)
    return since


def _cause(decision: Decision, posture: Posture, policy: Policy) -> str:
    names = decision.apps or tuple(policy.catalog.name_of(each) for each in posture.apps)
    if decision.effect is Effect.ALLOW:
        if names:
            return phrase("%(apps)s on it, which no rule blocks", apps=joined_names(names, joined_by_and))
        if (posture.state, posture.absence) == (PostureState.CLEAN, Absence.ENFORCED):
            return phrase("no listed app can run on it")
        return NO_APP_KNOWN.get(told_state(posture), NO_APP_KNOWN[PostureState.MISSING])
    if decision.apps:
        return phrase("%(apps)s on it", apps=joined_names(names, joined_by_and))
    return (
        reason_in_words(decision.reason.value)
        or decision.title
        or phrase("the rule “%(rule)s” says so", rule=decision.rule)
    )


def _exempt_from(access: Access, decision: Decision, policy: Policy) -> str:
    device = access.posture.device_id
    person = "" if device else access.user.name or access.posture.owner
    if decision.effect is Effect.ALLOW or access.posture.lost or not (person or device):
        return ""
    for rule in (decision.rule, ""):
        relief = Relief(0, Cause.EXEMPTION, rule, "", "", access.now, None, person, device)
        reliefs = Reliefs(policy.reliefs.serial, (*policy.reliefs.every, relief))
        if decide(access, replace(policy, reliefs=reliefs)).effect is Effect.ALLOW:
            return rule or "all"
    return ""


def _sentence(found: MailStatus) -> str:
    words = found.headline + (f" until {_time(found.until)}" if found.until else "")
    if found.mail is MailAccess.EXEMPT:
        words += f" ({found.exempted_why}), then {found.then}"
    elif found.since:
        words += f" since {_time(found.since)}"
    return f"{words}: {found.cause}{_looked(found)}."


def _looked(found: MailStatus) -> str:
    if found.looked_at is None or found.looked_from is None:
        return ""
    who, last = looked_clause(found.source), _time(found.looked_at)
    if found.looked_from == found.looked_at:
        return f"; {who} at {last}"
    return f"; {who} between {_time(found.looked_from)} and {last}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
