"""The devices that one person may see, each with what is known of it and its verdict."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mailgate.devices.device import Device
from mailgate.devices.looks import within_reach
from mailgate.devices.names import EAS, KEY, eas_text
from mailgate.devices.posture import belongs_to
from mailgate.gateway.refusals.wording import as_told
from mailgate.gateway.selfservice.person import RecognisedPerson, proven_device
from mailgate.model import (
    Access,
    Assurance,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    PostureState,
    Protocol,
    RequestFacts,
    User,
)
from mailgate.policy import Policy
from mailgate.policy.decide import decide, exemption_to_end
from mailgate.policy.people import NO_GROUPS, Groups
from mailgate.policy.reliefs import OF_SOME, Relief, Reliefs
from mailgate.store import UnreportedPhone
from mailgate.store.person_records import People
from mailgate.store.postures import Postures

PROVES = (KEY, "cert")
"""Kinds of names that a device proves with every request."""
_TAIL = 4


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """One device, with its stored data and its verdict. A phone that only asked for mail has no report."""

    mark: str
    posture: Posture
    access: Access
    decision: Decision
    device: Device | None = None
    sighted: UnreportedPhone | None = None
    here: bool = False
    exempted: Relief | None = None


@dataclass(frozen=True, slots=True)
class AskingRequest:
    """The request that asks, and the verdict on it."""

    access: Access
    decision: Decision
    person: RecognisedPerson
    policy: Policy
    groups: Groups = NO_GROUPS

    @property
    def proven(self) -> str:
        """The id of the device that proved itself with this request; empty if none did."""
        return proven_device(self.access)


def verdict_here(asking: AskingRequest, owned: Iterable[OwnDevice]) -> tuple[Access, Decision]:
    """The verdict on this request, with its device as it is known now."""
    here = next((each for each in owned if each.here), None)
    return (here.access, here.decision) if here else (asking.access, asking.decision)


def devices_to_show(asking: AskingRequest, owned: tuple[OwnDevice, ...]) -> tuple[OwnDevice, ...]:
    """These devices. If there are none, the device that proved itself with this request."""
    if owned or not asking.proven:
        return owned
    return (OwnDevice(asking.proven, asking.access.posture, asking.access, asking.decision, here=True),)


def tail_of(own: OwnDevice) -> str:
    """The end of the id that its owner is most likely to find on the device."""
    if own.device is None:
        return own.sighted.eas_id[-_TAIL:].upper() if own.sighted else ""
    named = dict(sorted(own.device.names, reverse=True))
    known = next((named[kind] for kind in ("serial", "udid", EAS) if kind in named), own.device.id)
    return (eas_text(known) if known == named.get(EAS) else known)[-_TAIL:].upper()


async def own_devices(asking: AskingRequest, people: People, known: Postures) -> tuple[OwnDevice, ...]:
    """The person's devices as they are stored; if the person is unknown, only the device of this request. The one that asks comes first, then
    those that get no mail. May raise StoreUnavailableError."""
    name, devices = asking.person.name, await _devices(asking, people, known)
    sighted = await people.unreported(name, devices) if name else ()
    found = judged(asking, devices, sighted, known)
    return tuple(
        replace(each, exempted=exempted_by(each.access, each.decision, asking.policy)) for each in found
    )


def judged(
    asking: AskingRequest, devices: Iterable[Device], sighted: Iterable[UnreportedPhone], known: Postures
) -> tuple[OwnDevice, ...]:
    """What these devices get of this person, and these phones that never reported."""
    found = [_of_report(asking, device, known.worth(device, asking.access.now)) for device in devices]
    found += [_of_sighting(asking, each) for each in sighted]
    return tuple(sorted(found, key=lambda each: (not each.here, each.decision.effect is Effect.ALLOW)))


async def devices_in_memory(asking: AskingRequest, known: Postures) -> tuple[Device, ...]:
    """Those of ``own_devices`` that have reported, with those that were theirs, from memory if that is up to date. May raise
    StoreUnavailableError."""
    name, proven = asking.person.name, asking.proven
    owned = await known.owned(name, asking.access.now) if name else ()
    own = known.in_memory(proven) if proven and not _among(owned, proven) else None
    return owned if own is None else (*owned, own)


def are_theirs(asking: AskingRequest, devices: Iterable[Device], known: Postures) -> list[Device]:
    """Those of these devices that belong to the person, or all of them if nobody is known."""
    now, name, order = asking.access.now, asking.person.name, known.terms.precedence
    return [each for each in devices if not name or belongs_to(each, name, now, order)]


async def _devices(asking: AskingRequest, people: People, known: Postures) -> list[Device]:
    """The devices as they are now. A report that came with this request may not be stored yet, so the
    devices in memory count too."""
    name, proven, now = asking.person.name, asking.proven, asking.access.now
    order = known.terms.precedence

    async def stored() -> list[Device]:
        found = await people.devices(name, now, order) if name else []
        own = await people.device(proven) if proven and not _among(found, proven) else None
        return [*found, own] if own is not None else found

    devices = await known.with_pending_reports(stored, now)
    own = known.in_memory(proven) if proven and not _among(devices, proven) else None
    return are_theirs(asking, [*devices, own] if own is not None else devices, known)


def _among(devices: Iterable[Device], device_id: str) -> bool:
    return any(device.id == device_id for device in devices)


def _of_report(asking: AskingRequest, known: Device, posture: Posture) -> OwnDevice:
    listed = asking.policy.catalog.listed
    device = replace(known, reports=tuple(within_reach(each, listed) for each in known.reports))
    here = device.id == asking.proven
    if here:
        access = replace(asking.access, posture=posture)
        told = as_told(access, decide(access, asking.policy))
        return OwnDevice(device.id, posture, access, told, device, here=True)
    kinds = {kind for kind, _ in device.names}
    access, decision = verdict_on(
        asking.access,
        posture,
        asking.policy,
        user=asking.groups.user(asking.person.name, posture.owner),
        attests=not kinds.isdisjoint(PROVES),
        eas_id=next((text for kind, text in sorted(device.names) if kind == EAS), ""),
    )
    return OwnDevice(device.id, posture, access, decision, device)


def _of_sighting(asking: AskingRequest, sighted: UnreportedPhone) -> OwnDevice:
    kind = sighted.kind if sighted.kind in (Kind.PHONE, Kind.TABLET) else None
    posture = Posture(PostureState.MISSING, kind=kind, os=sighted.os)
    access, decision = verdict_on(
        asking.access,
        posture,
        asking.policy,
        user=asking.groups.user(asking.person.name),
        attests=False,
        eas_id=eas_text(sighted.eas_id),
    )
    return OwnDevice(sighted.mark, posture, access, decision, sighted=sighted)


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
    """The exemption by whose end this request gets no mail any more, or less."""
    ours = {each for each in policy.reliefs.about(access) if each.cause in OF_SOME}
    if not ours or decision.effect in _KEPT_OUT:
        return None
    others = tuple(each for each in policy.reliefs.every if each not in ours)
    without = decide(access, replace(policy, reliefs=Reliefs(policy.reliefs.serial, others)))
    return exemption_to_end(access, policy, decision) if without.effect in _KEPT_OUT else None
