"""Decides which reports belong to one device. The outcome depends on the reports alone.

A report stays with the device that it was on. A new report finds its device by its names. If its names lead to several
devices, these are merged. Names have ranks (``names.STRONG``): two devices with different serial numbers are never merged,
whatever else they share, nor are two devices with different UDIDs if one of them has no serial number. A name that two
such devices share goes to the one that was reported last, and both get a finding. If nothing contradicts, the order in
which reports come makes no difference.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from itertools import count

from mailgate.devices.device import Contradiction, Device, Report, ReportKey, merged, new_id
from mailgate.devices.names import SERIAL, STRONG, UDID, Name, user_text
from mailgate.devices.trust import is_self_reported, linking_names
from mailgate.model import Kind, Reason
from mailgate.model.phrase import joined, joined_by_and, joined_names, phrase
from mailgate.model.times import LONG_AGO, happened

PLACEHOLDER_MIN_IDS = 16
"""A device with so many ids of one source, more than by enrolling again, is assumed to be many that share a placeholder."""
_SHOWN = 3
_FAMILIES = dict.fromkeys(("ios", "ipados"), phrase("ios or ipados"))
"""Operating systems that sources do not tell apart."""


def contradictions(reports: Sequence[Report]) -> tuple[Contradiction, ...]:
    """The contradictions between these reports of one device, for an admin, who has to find out which source is right. Reports that are
    gone do not count. That one source saw an app and another did not is none: ``posture.py`` decides which of them counts."""
    current = [report for report in reports if not report.gone]
    crowd = sorted({report.source for report in reports if looks_like_placeholder(reports, report.source)})
    found: list[Contradiction] = []
    for source in crowd[:1]:
        words = phrase(
            "%(source)s has %(crowd)s devices or more of one name, which is probably a placeholder",
            source=source,
            crowd=PLACEHOLDER_MIN_IDS,
        )
        found.append(Contradiction(Reason.DEVICE_NAME_CONTRADICTED, "", words))
    for reason, noun, said in (
        (Reason.DEVICE_KIND_CONTRADICTED, phrase("kind"), list(_kinds(current))),
        (Reason.DEVICE_OS_CONTRADICTED, phrase("operating system"), list(_systems(current))),
        (Reason.DEVICE_OWNER_CONTRADICTED, phrase("owner"), list(_owners(current))),
    ):
        if len({each for each, _ in said}) > 1:
            found.append(Contradiction(reason, "", joined((noun, _said(said)), ": ")))
    return tuple(found)


def looks_like_placeholder(reports: Iterable[Report], source: str) -> bool:
    """Whether one source has so many ids for this device that their common name is probably a placeholder."""
    return sum(report.source == source and not report.gone for report in reports) >= PLACEHOLDER_MIN_IDS


def shared_name(name: Name, others: Iterable[str]) -> Contradiction:
    """The contradiction that two devices claim the same name although they cannot be one device."""
    kind, text = name
    told = sorted(others)
    shown = ", ".join(told[:_SHOWN])
    if len(told) > _SHOWN:
        shown = phrase("%(names)s and %(more)s more", names=shown, more=len(told) - _SHOWN)
    detail = phrase(
        "the %(kind)s name %(name)s is reported for %(others)s too, which is another device",
        kind=kind,
        name=text,
        others=shown,
    )
    return Contradiction(Reason.DEVICE_NAME_CONTRADICTED, f"{kind} {text}", detail)


def _kinds(reports: Iterable[Report]) -> Iterator[tuple[str, str]]:
    """The reported kinds. Phone and tablet are one: sources draw that line differently, and rules treat both alike."""
    for report in reports:
        if report.kind not in (None, Kind.UNKNOWN):
            yield (
                phrase("laptop") if report.kind is Kind.LAPTOP else phrase("phone or tablet"),
                report.source,
            )


def _systems(reports: Iterable[Report]) -> Iterator[tuple[str, str]]:
    for report in reports:
        if report.os:
            yield (_FAMILIES.get(report.os.lower(), report.os.lower()), report.source)


def _owners(reports: Iterable[Report]) -> Iterator[tuple[str, str]]:
    """The reported owners. One with a domain and one without are the same if the part before the ``@`` is."""
    owners = [(user_text(report.owner), report.source) for report in reports if report.owner]
    bare = {owner for owner, _ in owners if "@" not in owner}
    for owner, source in owners:
        local = owner.partition("@")[0]
        yield (local if local in bare else owner, source)


def _said(said: Iterable[tuple[str, str]]) -> str:
    by_word: dict[str, list[str]] = {}
    for word, source in said:
        by_word.setdefault(word, []).append(source)
    return joined(
        phrase(
            "%(word)s says %(sources)s", word=word, sources=joined_names(sorted(set(sources)), joined_by_and)
        )
        for word, sources in sorted(by_word.items())
    )


class ReportChange(Enum):
    NEW = "a device that was not known"
    CHANGED = "something new about a known device"
    SAME = "nothing new"


class DeviceSet:
    """A set of devices that takes in further reports, and holds every device that has or claims one of their names. ``now`` is
    the time as of which times are ordered."""

    def __init__(self, devices: Iterable[Device], now: datetime) -> None:
        self._now = now
        self._devices: dict[str, Device] = {}
        self._slots: dict[ReportKey, str] = {}
        self._claimants: dict[Name, set[str]] = {}
        self._taken: set[str] = set()
        for device in devices:
            self._put(device)

    def __iter__(self) -> Iterator[Device]:
        return iter(self._devices.values())

    def at(self, slot: ReportKey) -> Device | None:
        """The device that this source has under this id; None if there is none."""
        return self._devices.get(self._slots.get(slot, ""))

    def named(self, names: Iterable[Name]) -> Device | None:
        """The device that is found by one of these names; None if there is none."""
        claiming = ((name, device) for name in names for device in self._claiming(name))
        return next((device for name, device in claiming if name not in device.ceded_names), None)

    def called(self, own_id: str) -> Device | None:
        """The device that any source has under this id of its own; None if there is none."""
        return next((each for each in self if any(report.id == own_id for report in each.reports)), None)

    def add(self, report: Report) -> ReportChange:
        report = self._without_crowded(report)
        home = self.at(report.key)
        if home is None:
            return ReportChange.SAME if report.gone else self._arrive(report)
        old = home.report(report.key)
        new = report.after(old, self._now)
        if new == old:
            self._put(home.with_report(new, self._now))
            return ReportChange.SAME
        one = self._joined(new, self._staying(home, new))
        self._put(one)
        self._settle(one.id, home.claims | one.claims, new)
        return ReportChange.CHANGED

    def remove(self, report: Report) -> None:
        """Remove a report. Each of its names goes to another device that claims it, if there is one."""
        home = self.at(report.key)
        if home is not None:
            rest = home.without(report.key)
            self._put(rest)
            self._settle(rest.id, home.claims, report)

    def _arrive(self, report: Report) -> ReportChange:
        known = self._joined(report, None)
        self._put(known)
        self._settle(known.id, known.claims, report)
        return ReportChange.CHANGED if known.reports[1:] else ReportChange.NEW

    def _without_crowded(self, report: Report) -> Report:
        """The report without the names that its source gives to so many devices that they must be placeholders."""
        crowded = {
            name
            for name in report.names
            for device in self._claiming(name)
            if device.report(report.key) is None and looks_like_placeholder(device.reports, report.source)
        }
        return replace(report, names=report.names - crowded) if crowded else report

    def _staying(self, home: Device, report: Report) -> Device | None:
        """Put the report on its old device and return that; None, and removed, if the other sources contradict the report."""
        rest = home.without(report.key)
        if _may_be_one([report], rest.reports):
            return home.with_report(report, self._now)
        self._put(rest)
        return None

    def _joined(self, report: Report, home: Device | None) -> Device:
        """The device with this report, merged with every device that its names lead to and that does not contradict it."""
        together, found = [report], []
        if home is not None:
            together, found = [*home.reports], [home]
        for other in self._linked(report):
            has_room = not found or not is_self_reported(report.source)
            if has_room and (home is None or other.id != home.id) and _may_be_one(together, other.reports):
                together += other.reports
                found.append(other)
        if not found:
            return Device(
                self._free_id(report.key), (report,), first_seen=report.first_seen, last_seen=report.last_seen
            )
        for each in found:
            self._remove(self._devices[each.id])
        return merged(found).with_report(report, self._now)

    def _linked(self, report: Report) -> list[Device]:
        found: dict[str, tuple[int, datetime, str]] = {}
        for name in linking_names(report):
            for device in self._claiming(name):
                if _links_to(device, name, report):
                    place = (STRONG.index(name[0]), device.first_seen, device.id)
                    found[device.id] = min(place, found.get(device.id, place))
        return [self._devices[each] for each in sorted(found, key=lambda each: found[each])]

    def _settle(self, device_id: str, names: Iterable[Name], report: Report) -> None:
        """Give each of these names to one device. If several devices claim a name, each of them gets a finding."""
        touched = {device_id}
        for name in names:
            touched |= self._claimants[name]
        for each in touched:
            self._devices[each] = self._noted(self._devices[each], report.last_seen)

    def _noted(self, device: Device, now: datetime) -> Device:
        contested = {name: self._claiming(name) for name in device.claims if len(self._claimants[name]) > 1}
        found = contradictions(device.reports) + tuple(
            shared_name(name, (other.id for other in claiming if other.id != device.id))
            for name, claiming in sorted(contested.items())
        )
        ceded = frozenset(
            name for name, claiming in contested.items() if _holder(name, claiming, self._now) != device.id
        )
        return replace(device, ceded_names=ceded, findings=_dated(found, device.findings, now))

    def _claiming(self, name: Name) -> list[Device]:
        return [self._devices[each] for each in sorted(self._claimants.get(name, ()))]

    def _free_id(self, slot: ReportKey) -> str:
        return next(free for attempt in count() if (free := new_id(slot, attempt)) not in self._taken)

    def _put(self, device: Device) -> None:
        before = self._devices.get(device.id)
        if before is not None:
            self._remove(before)
        self._devices[device.id] = device
        self._taken |= {device.id, *device.former_ids}
        for report in device.reports:
            self._slots[report.key] = device.id
        for name in device.claims:
            self._claimants.setdefault(name, set()).add(device.id)

    def _remove(self, device: Device) -> None:
        del self._devices[device.id]
        for report in device.reports:
            self._slots.pop(report.key, None)
        for name in device.claims:
            self._claimants[name].discard(device.id)


def _links_to(device: Device, name: Name, report: Report) -> bool:
    """Whether this name links the report to the device. A device's own word does not link two other sources."""
    own_word = is_self_reported(report.source) or all(
        is_self_reported(each.source) for each in device.reports
    )
    return any(
        name in linking_names(each) and (own_word or not is_self_reported(each.source))
        for each in device.reports
    )


def _may_be_one(some: Iterable[Report], others: Iterable[Report]) -> bool:
    one, other = _hardware(some), _hardware(others)
    for kind in (SERIAL, UDID):
        if one[kind] and other[kind]:
            return not one[kind].isdisjoint(other[kind])
    return True


def _hardware(reports: Iterable[Report]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {SERIAL: set(), UDID: set()}
    for report in reports:
        for kind, text in report.names:
            if kind in found:
                found[kind].add(text)
    return found


def _holder(name: Name, claiming: Iterable[Device], now: datetime) -> str:
    """The device that gets the name: by a source before a device's own word, a current report before a gone one, then the newest."""

    def weight(device: Device) -> tuple[object, ...]:
        return max(
            (
                not is_self_reported(report.source),
                not report.gone,
                report.recency(now),
                happened(report.last_seen, now) or LONG_AGO,
                device.id,
            )
            for report in device.reports
            if name in report.names
        )

    return max(claiming, key=weight).id


def _dated(
    found: Iterable[Contradiction], before: Iterable[Contradiction], now: datetime
) -> tuple[Contradiction, ...]:
    since = {(each.reason, each.about): each.since for each in before}
    return tuple(replace(each, since=since.get((each.reason, each.about), now)) for each in found)
