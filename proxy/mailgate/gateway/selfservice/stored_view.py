"""Turns stored rows into what a person's own page shows: every field, and nothing about anyone else."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta

from mailgate.devices.device import DENIAL, VERDICT, Device, Report
from mailgate.devices.names import user_text
from mailgate.devices.trust import is_asleep
from mailgate.gateway.pages.employee import (
    NO_OWNER_REPORTS,
    AskedSource,
    DeviceCard,
    ExemptionView,
    LastSeen,
    OwnerReports,
    Stored,
    StoredRecord,
)
from mailgate.gateway.pages.view import View
from mailgate.gateway.selfservice.own_devices import OwnDevice, tail_of
from mailgate.gateway.selfservice.status import stored_from_to
from mailgate.model import Absence, Access, Decision
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.reliefs import MAX_ONCE_PER, Cause, Relief
from mailgate.policy.rule_states import enforcement_starts, prohibited_apps
from mailgate.store import (
    EnrolledKey,
    EnrolmentToken,
    HelpRequest,
    Mail,
    Proofs,
    QuarantineMail,
    Recorded,
    RetentionTimes,
)
from mailgate.store.looks import DataLook
from mailgate.store.reliefs import KeptRelief

ViewOf = Callable[[Access, Decision], View]
_OF_A_FACT = {
    "reported_at": ("apps", "apps_complete", "profile"),
    "compliance_at": VERDICT,
    "denied_at": DENIAL,
}
"""Fields that say nothing if the source has not looked at the apps, gave no verdict, or nobody checked what cannot run."""
_LEFT_OUT = (
    "asked",
    "profile",
    "looked_from",
    "expires_at",
    "compliance_last",
    "denied_last",
    "denied_until",
    "denied_by",
    "not_denied",
)
"""Fields that, left out, do not say that something is unknown: a look at the whole device, at one time, until it is too old."""
NameOf = Callable[[str], str]
_SHOWN_APART = frozenset({"adds", "names"})
"""Fields of a report that are not columns or are shown in another form."""


def card_of(
    own: OwnDevice,
    keep: RetentionTimes,
    *,
    person: str,
    view_of: ViewOf,
    name_of: NameOf,
    asked: tuple[AskedSource, ...] = (),
    last: LastSeen | None = None,
    owner_reports: OwnerReports = NO_OWNER_REPORTS,
) -> DeviceCard:
    posture, device = own.posture, own.device
    since, until = stored_from_to(own, keep)
    return DeviceCard(
        mark=own.mark,
        verdict=view_of(own.access, own.decision),
        state=posture.state,
        asleep=is_asleep(posture.state, posture.kind, posture.sources),
        kind=posture.kind,
        os=posture.os or own.access.client.os,
        os_version=posture.os_version,
        model=own.sighted.model if own.sighted else "",
        tail=tail_of(own),
        here=own.here,
        exempted=exemption_view(own.exempted),
        last=last,
        owner_reports=owner_reports,
        lost=device is not None and device.lost_at is not None,
        apps=tuple(map(name_of, posture.apps)),
        denied=tuple(map(name_of, posture.denied)) if posture.absence is Absence.ENFORCED else (),
        not_denied=posture.not_denied,
        findings=tuple(sorted({each.reason for each in device.findings})) if device else (),
        sources=tuple(each for each in device.reports if not each.gone) if device else (),
        asked=asked,
        stored=_stored(own, person, name_of),
        since=since,
        until=until,
    )


def _stored(own: OwnDevice, person: str, name_of: NameOf) -> tuple[Stored, ...]:
    device, sighted = own.device, own.sighted
    if device is not None:
        return (_of_device(device), *(_of_report(each, person, name_of) for each in device.reports))
    if sighted is not None:
        told = {"eas": (sighted.eas_id,), "count": sighted.times, "first_at": sighted.first_at}
        return (told | {"last_at": sighted.last_at},)
    return ()


def _of_device(device: Device) -> Stored:
    told: dict[str, object] = {"device_id": device.id, "former": tuple(sorted(device.former_ids))}
    told |= {"lost_at": device.lost_at, "first_seen": device.first_seen, "last_seen": device.last_seen}
    told |= {"findings": tuple(f"{each.reason} ({each.since:%Y-%m-%d})" for each in device.findings)}
    return {name: value for name, value in told.items() if value not in (None, ())}


def _of_report(report: Report, person: str, name_of: NameOf) -> Stored:
    unsaid = {
        name for time, names in _OF_A_FACT.items() if getattr(report, time) is None for name in (time, *names)
    }
    unsaid |= {name for name in _LEFT_OUT if getattr(report, name) in (None, "")}
    shown = [each.name for each in fields(report) if each.name not in _SHOWN_APART | unsaid]
    told = {name: getattr(report, name) for name in shown}
    told |= {"apps_complete": report.saw_device} if "apps_complete" in told else {}
    if user_text(report.owner) not in ("", user_text(person)):
        told["owner"] = "…"  # somebody else's name is not shown
    told |= {
        name: tuple(map(name_of, sorted(each))) for name, each in told.items() if isinstance(each, frozenset)
    }
    for kind in sorted({kind for kind, _ in report.names}):
        told[kind] = tuple(text for each, text in sorted(report.names) if each == kind)
    return told


def request_record(recorded: Recorded, keep: timedelta) -> StoredRecord:
    seen, client, tally = recorded.sighting, recorded.sighting.client, recorded.tally
    told: dict[str, object] = {
        "day": seen.day,
        "effect": seen.effect,
        "reason": seen.reason,
        "count": tally.times,
        "shown": tally.shown,
        "first_at": tally.first,
        "last_at": tally.last,
        "kind": client.kind,
        "os": client.os,
        "browser": client.browser,
        "protocol": client.protocol,
        "headers": tuple(f"{name}: {value}" for name, value in client.headers),
        "proofs": _outcomes(client.proofs),
        "asked_for": f"{client.method} {client.target}",
        "eas": (client.eas_id,) if client.eas_id else (),
        "form": client.form,
        "assurance": client.assurance,
        "handheld": client.handheld,
        "user": seen.user,
        "device_id": seen.device,
        "posture": seen.posture,
        "rule": seen.rule,
        "would": seen.would,
        "policy": seen.policy,
        "reference": tally.reference,
    }
    return _record(told, tally.last + keep, kept=lambda value: value not in ("", ()))


def _outcomes(proofs: Proofs | None) -> tuple[str, ...]:
    if proofs is None:
        return ()
    told = proofs._replace(findings=(), extension=None).outcomes() | dict.fromkeys(proofs.findings, True)
    said = proofs.extension._asdict().items() if proofs.extension else ()
    told |= {f"extension.{name}": str(value) for name, value in said if value not in ("", None)}
    return tuple(f"{name}: {value}" if value is not True else name for name, value in told.items())


def quarantine_mail_record(mail: QuarantineMail, address: str, keep: timedelta) -> StoredRecord:
    named = {
        "written_at": mail.written_at,
        "reason": mail.reason,
        "person": address,
        "device_id": mail.device,
    }
    return StoredRecord(named, mail.written_at + keep)


def mail_record(mail: Mail, keep: timedelta, name_of: NameOf) -> StoredRecord:
    named: dict[str, object] = {"made_at": mail.queued_at, "kind": str(mail.kind)}
    named |= {"rule": mail.rule, "policy": str(mail.version), "state": str(mail.state)}
    named |= {"person": mail.address, "user": mail.login}
    named |= {"form": _once(each.kind for each in mail.about), "os": _once(each.os for each in mail.about)}
    named |= {"posture": _once(each.state for each in mail.about)}
    named["apps"] = _once(name_of(app) for each in mail.about for app in each.apps)
    return _record(named, (mail.changed_at or mail.queued_at) + keep)


def language_record(tag: str, day: date, keep: timedelta) -> StoredRecord:
    heard = datetime.combine(day, time(), UTC)
    return StoredRecord({"language": tag, "day": day}, heard + keep)


def key_record(key: EnrolledKey, keep: timedelta) -> StoredRecord:
    last = key.revoked_at or key.reported_at or key.made_at
    named = {"key": key.thumbprint, "device_id": key.device, "token": key.token, "made_at": key.made_at}
    named |= {"user": key.owner, "reported": key.reported_at, "revoked_at": key.revoked_at}
    named |= {"app": key.attested.name if key.attested else "", "machine": key.machine, "proven": key.proven}
    named |= {"said": tuple(_lines(key.said))}
    return _record(named, last + keep)


def _lines(said: str) -> Iterator[str]:
    """What a device last said of itself, each member with its name."""
    for name, value in json.loads(said or "{}").items():
        parts = [str(each) for each in (value.values() if isinstance(value, dict) else [value])]
        yield f"{name}: {' '.join(parts)}"


def token_record(token: EnrolmentToken, keep: timedelta) -> StoredRecord:
    named = {"token": token.name, "user": token.owner, "note": token.note, "uses_left": token.uses_left}
    named |= {"made_at": token.made_at, "ends_at": token.expires_at, "revoked_at": token.revoked_at}
    return _record(named, token.expires_at + keep, kept=lambda value: value not in ("", None))


def exemption_record(kept: KeptRelief, keep: timedelta) -> StoredRecord:
    """An exemption of the person or of one of their devices, without the name of the admin who gave it."""
    relief = kept.relief
    named = {"rule": relief.rule or "*", "note": relief.why, "made_at": relief.at, "ends_at": relief.until}
    named |= {"user": relief.person, "device_id": relief.device, "revoked_at": kept.ended_at}
    if relief.cause is Cause.SELF_SERVICE:
        return _record(named, relief.at + MAX_ONCE_PER)
    return _record(named, (kept.ended_at or relief.until or relief.at) + keep)


def help_record(asked: HelpRequest, keep: timedelta) -> StoredRecord:
    told: dict[str, object] = {"help": "done" if asked.done_at else "waiting", "answered": asked.replied_at}
    told |= {"rule": asked.rule, "reason": asked.reason, "count": asked.times, "first_at": asked.first_at}
    told |= {"last_at": asked.last_at, "user": asked.person, "device_id": asked.device}
    told |= {"reference": asked.reference, "policy": asked.policy}
    told |= {"words": asked.words, "answer": asked.answer}
    return _record(told, asked.last_at + keep)


def look_record(look: DataLook, keep: timedelta) -> StoredRecord:
    """A look at the person or one of their devices, by the role of the reader and not by name (decision 91)."""
    role = "operator" if "operator" in look.roles.split() else "other"
    return _record({"looked_at": look.at, "role": role, "device_id": look.device}, look.at + keep)


ANSWER_ON_TOP = timedelta(days=14)
"""How long the answer to a request that was closed stays on top of the page."""


def open_help_requests(asked: Iterable[HelpRequest], now: datetime) -> tuple[HelpRequest, ...]:
    """The requests for help that are open, and those that were closed with an answer lately."""
    return tuple(
        each
        for each in asked
        if each.done_at is None
        or (each.answer and each.replied_at is not None and each.replied_at > now - ANSWER_ON_TOP)
    )


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({str(each) for each in values if each}))


def _record(
    told: Mapping[str, object], until: datetime, kept: Callable[[object], bool] = bool
) -> StoredRecord:
    return StoredRecord({name: value for name, value in told.items() if kept(value)}, until)


def last_seen(rows: Iterable[Recorded]) -> dict[str, LastSeen]:
    """The last request of each device, by the device's id."""
    found: dict[str, LastSeen] = {}
    for row in sorted(rows, key=lambda each: each.tally.last):
        client = row.sighting.client
        found[row.sighting.device] = LastSeen(row.tally.last, client.browser or client.protocol)
    return found


def exemption_view(relief: Relief | None) -> ExemptionView | None:
    """An exemption for the page, without the name of the admin who gave it."""
    return ExemptionView(relief.why, relief.until, relief.cause is Cause.SELF_SERVICE) if relief else None


def listed_names(catalog: AppCatalog) -> tuple[str, ...]:
    """Display names of every watched app, on a list or not: findings of these are stored."""
    return _named(catalog.apps, catalog)


def names_blocked_now(policy: Policy, now: datetime) -> tuple[str, ...]:
    """Display names of the apps for which a rule keeps mail away now."""
    return _named(prohibited_apps(policy, now), policy.catalog)


def names_blocked_later(policy: Policy, now: datetime) -> tuple[str, ...]:
    """Display names of the apps for which no rule keeps mail away yet, but one will once its date has come."""
    coming = [prohibited_apps(policy, at) for at in enforcement_starts(policy, now)]
    return _named(frozenset().union(*coming) - prohibited_apps(policy, now), policy.catalog)


def _named(keys: Iterable[str], catalog: AppCatalog) -> tuple[str, ...]:
    return tuple(sorted(map(catalog.name_of, keys), key=str.casefold))


def stored_devices(owned: Sequence[OwnDevice]) -> list[Device]:
    return [each.device for each in owned if each.device is not None]
