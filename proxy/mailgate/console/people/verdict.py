"""The verdict on one person in sentences, as the help desk reads them out: which device gets no mail because of what, and which get mail."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from mailgate.console.devices.mail_status import HEADLINES, MailAccess, MailStatus
from mailgate.console.people.facts import OtherClient, OwnedDevice, PersonFacts
from mailgate.console.words import EFFECTS, called
from mailgate.model import Effect
from mailgate.model.phrase import capital, joined, joined_by_and, joined_names, phrase, plural, time_of

_ORDER = (
    MailAccess.OUT,
    MailAccess.PROOF,
    MailAccess.LOST,
    MailAccess.EXEMPT,
    MailAccess.WARNED,
    MailAccess.GETS,
)
"""What the help desk is called about comes first."""
REFUSED = ("block", "challenge")
"""The effects that get no mail."""
MAX_OTHERS = 3
"""How many clients that no source reports are told of."""


class PersonVerdict(NamedTuple):
    """The verdict. What is not known is said to be so."""

    state: str
    """The worst state, as that of a badge; empty if nothing is on record."""
    headline: str
    sentences: tuple[str, ...]
    since: datetime | None = None
    tried: datetime | None = None
    """When they last asked for mail, with whatever device; None if that is not on record."""
    sighting: str = ""
    """The id of the last decision about what gets no mail, or is warned; empty if there is none."""
    device: str = ""
    """The id of that device; empty if no source reports it."""


def verdict_on(found: PersonFacts) -> PersonVerdict:
    """The verdict on all devices of a person, and on clients that no source reports."""
    devices = sorted(found.devices, key=lambda each: _ORDER.index(each.mail_status.mail))
    others = found.others[:MAX_OTHERS]
    tried = max((at for at in (*(each.asked_at for each in devices), *(each.last for each in others)) if at), default=None)  # fmt: skip
    sentences = tuple(capital(each) for each in _sentences(devices, others, found.more_devices))
    worst, refused = next(iter(devices), None), next((each for each in others if each.effect in REFUSED), None)  # fmt: skip
    if refused and not (worst and worst.mail_status.mail in _ORDER[:2]):
        return PersonVerdict("kept-out", HEADLINES[MailAccess.OUT], sentences, None, tried, refused.sighting)
    if worst is None:
        words = phrase("Not reported") if others else phrase("Nothing known")
        return PersonVerdict("", words, sentences or (_NOTHING,), None, tried)
    status = worst.mail_status
    return PersonVerdict(status.mail, status.headline, sentences, _since(devices), tried, worst.sighting, worst.facts.id)  # fmt: skip


def _since(devices: Sequence[OwnedDevice]) -> datetime | None:
    """Since when the worst state holds. That a person gets mail is said of all devices that have asked."""
    first = devices[0].mail_status
    if first.mail is not MailAccess.GETS:
        return first.since
    begun = [each.mail_status.since for each in devices if each.effect]
    known = [each for each in begun if each]
    return max(known) if known and len(known) == len(begun) else None


_NOTHING = phrase("No source has reported a device, and we have no request for mail.")


def named(devices: Sequence[OwnedDevice]) -> dict[str, str]:
    """How to call each device, by its id: several of one kind are told apart by the ends of their ids."""
    nouns = {each.facts.id: called(each.facts.kind, each.facts.os) for each in devices}
    counted = Counter(nouns.values())
    return {
        name: phrase("%(device)s …%(end)s", device=noun, end=name[-4:]) if counted[noun] > 1 else noun
        for name, noun in nouns.items()
    }


def _sentences(devices: Sequence[OwnedDevice], others: Sequence[OtherClient], more: int) -> Iterator[str]:
    names = named(devices)
    seen = {each.os for each in others}
    fine = [each for each in devices if each.mail_status.mail is MailAccess.GETS]
    for each in devices:
        if each.mail_status.mail is not MailAccess.GETS:
            yield _told(each.mail_status, names[each.facts.id])
    for client in others:
        if client.effect in REFUSED:
            yield phrase(
                "The last try without a known device was refused: %(client)s. %(cause)s.",
                client=client.name,
                cause=client.cause,
            )
    if got := [names[each.facts.id] for each in fine if each.effect and each.effect not in REFUSED]:
        yield plural("%(devices)s gets mail.", "%(devices)s get mail.", len(got), devices=_all(got))
    for each in fine:
        if each.effect in REFUSED:
            yield phrase("%(device)s gets mail now. Its last try was refused.", device=names[each.facts.id])
    # a browser shows no device, so it may well be the one that is reported
    if silent := [names[each.facts.id] for each in fine if not each.effect and each.facts.os not in seen]:
        yield plural(
            "%(devices)s has not asked for mail yet.",
            "%(devices)s have not asked for mail yet.",
            len(silent),
            devices=_all(silent),
        )
    if open_to := [each.name for each in others if each.effect not in REFUSED]:
        yield phrase(
            "The last try without a known device got mail: %(clients)s.", clients=joined(open_to, "; ")
        )
    if more:
        yield plural(
            "%(count)s more device was not looked at here.",
            "%(count)s more devices were not looked at here.",
            more,
        )


def _told(status: MailStatus, device: str) -> str:
    values: dict[str, object] = {"device": device, "cause": status.cause}
    if status.until:
        values["until"] = time_of(status.until)
    match status.mail:
        case MailAccess.LOST:
            return phrase("%(device)s is marked as lost and gets no mail.", **values)
        case MailAccess.EXEMPT if status.until and status.then == EFFECTS[Effect.WARN]:
            return phrase("%(device)s is let in until %(until)s. After that, a warning before the mail: %(cause)s.", **values)  # fmt: skip
        case MailAccess.EXEMPT if status.then == EFFECTS[Effect.WARN]:
            return phrase("%(device)s is let in. Without that, a warning comes before the mail: %(cause)s.", **values)  # fmt: skip
        case MailAccess.EXEMPT if status.until:
            return phrase("%(device)s is let in until %(until)s. After that, no mail: %(cause)s.", **values)  # fmt: skip
        case MailAccess.EXEMPT:
            return phrase("%(device)s is let in. Without that it gets no mail: %(cause)s.", **values)
        case MailAccess.WARNED if status.until:
            return phrase("%(device)s gets mail until %(until)s, after a warning: %(cause)s.", **values)
        case MailAccess.WARNED:
            return phrase("%(device)s gets mail after a warning: %(cause)s.", **values)
        case MailAccess.PROOF:
            return phrase("%(device)s gets no mail until it has proved itself: %(cause)s.", **values)
    if not status.apps:
        return phrase("%(device)s gets no mail: %(cause)s.", **values)
    return plural(
        "%(device)s gets no mail because %(apps)s is on it.",
        "%(device)s gets no mail because these apps are on it: %(apps)s.",
        len(status.apps),
        device=device,
        apps=_all(status.apps),
    )


def _all(names: Sequence[str]) -> str:
    return joined_names(names, joined_by_and)
