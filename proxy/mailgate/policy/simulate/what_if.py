"""Changes one thing about an access, and everything that depends on it."""

from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mailgate.classify import with_attestation
from mailgate.classify.attestation import HANDHELD_KINDS, with_certificate
from mailgate.model import (
    LOGIN_PROTOCOLS,
    Absence,
    Access,
    Assurance,
    AttestationResult,
    CertificateResult,
    Client,
    Compliance,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    Signal,
    Threat,
)
from mailgate.model.apps import AppCatalog
from mailgate.model.proofs import accepted

_TOLD = (Kind.LAPTOP, Kind.PHONE, Kind.TABLET)
"""The kinds that reports and proofs name."""
_FORM = {Kind.LAPTOP: "desktop", Kind.PHONE: "phone", Kind.TABLET: "tablet"}
_RUN_OUT = (PostureState.CLEAN, PostureState.LISTED, PostureState.PARTIAL)
"""The states that expire with a report."""
_LIFE = timedelta(hours=24)
"""How long a new report is valid if no earlier report shows it."""


def at(access: Access, moment: datetime) -> Access:
    """The access at another time if nobody does anything, so that reports expire, and sources that are away stay so."""
    then = replace(access, now=moment)
    if (end := access.posture.compliance_until) and end <= moment:
        then = with_expired_verdict(then)
    posture = then.posture
    if posture.expires_at is None or posture.expires_at > moment or posture.state not in _RUN_OUT:
        return then
    if posture.last_known_until is None:
        return with_expired_report(then)
    away, until = PostureState.UNAVAILABLE, posture.last_known_until
    return with_posture(with_ended_denial(then), state=away, expires_at=until, last_known_until=None)


def with_expired_report(access: Access) -> Access:
    """The access after its report has expired; unchanged if nothing depends on the report."""
    if access.posture.state not in _RUN_OUT:
        return access
    return with_posture(with_ended_denial(access), state=PostureState.STALE)


def with_ended_denial(access: Access) -> Access:
    """The access after a denial has ended, so that apps that were seen count again, if there are any; a look still counts."""
    old = access.posture
    if not old.held:
        return access
    found: dict[str, Any] = {
        name: PostureState.LISTED
        for name in ("state", "last_state")
        if old.held_lists and getattr(old, name) is PostureState.CLEAN
    }
    apps, lists = sorted({*old.apps, *old.held}), sorted({*old.lists, *old.held_lists})
    return with_posture(access, apps=tuple(apps), lists=tuple(lists), held=(), held_lists=(), **found)


def with_expired_verdict(access: Access) -> Access:
    """The access after the good words of a device's management have run out."""
    old = access.posture
    good = old.compliance in (Compliance.COMPLIANT, Compliance.GRACE)
    safe = old.threat in (Threat.SECURED, Threat.LOW)
    return with_posture(
        access,
        compliance=Compliance.UNKNOWN if good else old.compliance,
        threat=Threat.UNKNOWN if safe else old.threat,
        compliance_until=None,
        compliance_apps=(),
        compliance_covers=False,
    )


def as_fresh_at(access: Access, moment: datetime) -> Access:
    """The access at another time, with a report as old as the one now."""
    return _moved(access, moment, _TIMES)


def judged_again_at(access: Access, moment: datetime) -> Access:
    """The access at another time, with the device looked at and judged again alike. All else ends when it did."""
    return _moved(access, moment, _TIMES_OF_LOOKS)


def _moved(access: Access, moment: datetime, names: Iterable[str]) -> Access:
    posture, passed = access.posture, moment - access.now
    times = {name: when + passed for name in names if (when := getattr(posture, name)) is not None}
    return replace(access, now=moment, posture=replace(posture, **times))


_TIMES_OF_LOOKS = ("reported_at", "compliance_at", "compliance_until")
_TIMES = ("expires_at", "last_known_until", *_TIMES_OF_LOOKS)


def with_last_known_posture(access: Access) -> Access:
    """The access while the posture is unavailable and the last known one is used."""
    last, never = access.posture.state, datetime.max.replace(tzinfo=UTC)
    return with_posture(access, state=PostureState.UNAVAILABLE, last_state=last, expires_at=never)


def with_apps(access: Access, apps: tuple[str, ...], catalog: AppCatalog, source: str = "") -> Access:
    """The access after the device reported these listed apps and no others."""
    old = access.posture
    lists = catalog.lists_of(apps)
    life = old.expires_at - old.reported_at if old.expires_at and old.reported_at else _LIFE
    posture = replace(
        old,
        state=PostureState.LISTED if lists else PostureState.CLEAN,
        kind=old.kind or _known_kind(access.client),
        os=old.os or access.client.os,
        apps=tuple(sorted(apps)),
        lists=lists,
        absence=None if lists else Absence.SEEN,
        denied=(),
        held=(),
        held_lists=(),
        unseen=(),
        sources=tuple(sorted({*old.sources, *([source] if source else [])})),
        reported_at=access.now,
        expires_at=access.now + life,
        last_state=None,
        last_known_until=None,
    )
    return replace(access, posture=posture)


def without_apps(access: Access, apps: Container[str], catalog: AppCatalog) -> Access:
    """The access after these apps were removed and the device reported it."""
    return with_apps(access, tuple(each for each in access.posture.apps if each not in apps), catalog)


def with_app(access: Access, app: str, catalog: AppCatalog) -> Access:
    """The access after this app was installed and the device reported it."""
    return with_apps(access, (*access.posture.apps, app), catalog)


def reported(access: Access, catalog: AppCatalog, source: str = "") -> Access:
    """The access after the device reported again, with the apps that are known."""
    return with_apps(access, access.posture.apps, catalog, source)


def enrolled(access: Access, catalog: AppCatalog, issuer: str) -> Access:
    """The access of a device that was unknown, reports no listed app, and proves itself."""
    return proved(with_apps(access, (), catalog), issuer)


def managed(access: Access, catalog: AppCatalog) -> Access:
    """The access of a device that the company's device management has and reports."""
    return with_posture(reported(access, catalog), managed=True)


def proved(access: Access, issuer: str) -> Access:
    """The request with signed evidence that is accepted."""
    posture, client = access.posture, _without(access.client, Reason.ATTESTATION_INVALID)
    kind = posture.kind or _known_kind(client)
    device = posture.device_id or "device"
    proof = AttestationResult(device, issuer, kind=kind, os=posture.os or client.os, status="affirming")
    return replace(access, client=with_attestation(client, proof), attestation=proof)


def unproved(access: Access) -> Access:
    """The request without its evidence. A device that was known only by the evidence is unknown."""
    client = access.client
    seen = tuple(signal for signal in client.signals if signal.source != "attestation")
    if client.signals and not any(signal.says for signal in seen):
        client = replace(client, kind=Kind.UNKNOWN, handheld=False, form="")
    assurance = min(client.assurance, Assurance.CONSISTENT, key=[*Assurance].index)
    by_person = access.posture.by_person or client.protocol in LOGIN_PROTOCOLS
    known = client.eas_id or accepted(access.certificate) or by_person
    return replace(
        access,
        client=replace(client, assurance=assurance, signals=seen),
        posture=access.posture if known else Posture(),
        attestation=None,
    )


def certified(access: Access) -> Access:
    """The request with a client certificate that is accepted."""
    certificate = CertificateResult("certificate")
    client = _without(access.client, Reason.CERTIFICATE_INVALID)
    return replace(
        access, client=with_certificate(client, certificate, access.posture), certificate=certificate
    )


def probed(access: Access) -> Access:
    """The request after the browser probe ran and found a computer."""
    client = access.client
    assurance = Assurance.CONSISTENT if client.assurance is Assurance.CLAIMED else client.assurance
    signals = (*client.signals, Signal("probe", "told", "desktop", Kind.LAPTOP))
    return replace(access, client=replace(client, assurance=assurance, signals=signals))


def updated(access: Access, name: str, version: str) -> Access:
    """The access after the update of what has its version in this variable. All but the name of the field is its group's."""
    group, _, field = name.partition(".")
    newer: dict[str, Any] = {field: version}
    if group == "client":
        return replace(access, client=replace(access.client, **newer))
    if group == "device":
        return with_posture(access, **newer)
    proof = access.attestation
    if proof is None or proof.extension is None:
        return access
    return replace(access, attestation=replace(proof, extension=proof.extension._replace(**newer)))


def with_agreeing_signals(access: Access) -> Access:
    """The request with signals that agree on the kind."""
    return replace(access, client=_without(access.client, Reason.KIND_CONTRADICTED))


def of_kind(access: Access, kind: Kind) -> Access:
    """The same request from a client of another kind."""
    client = replace(
        _without(access.client, Reason.KIND_CONTRADICTED),
        kind=kind,
        handheld=kind in HANDHELD_KINDS,
        form=_FORM.get(kind, ""),
    )
    posture = replace(access.posture, kind=kind) if access.posture.kind else access.posture
    if (
        kind is Kind.LAPTOP and client.protocol in LOGIN_PROTOCOLS
    ):  # a computer at the side door is told apart from the person's phones
        posture = Posture()
    return replace(access, client=client, posture=posture)


def contradicted(access: Access) -> Access:
    """The request from a client of the same kind, with signals that disagree on the kind."""
    findings = (*access.client.findings, Finding(Reason.KIND_CONTRADICTED, "supposed"))
    return replace(access, client=replace(access.client, findings=findings))


def with_posture(access: Access, **fields: Any) -> Access:
    return replace(access, posture=replace(access.posture, **fields))


def never_reported(access: Access) -> Access:
    return replace(access, posture=Posture(lost=access.posture.lost))


def asked_by(access: Access, person: str) -> Access:
    return replace(access, user=replace(access.user, name=person))


def in_group(access: Access, group: str) -> Access:
    return replace(access, user=replace(access.user, groups=(*access.user.groups, group), groups_known=True))


def from_address(access: Access, address: str) -> Access:
    return replace(access, facts=replace(access.facts, remote=address))


def on_system(access: Access, system: str) -> Access:
    return replace(access, client=replace(access.client, os=system))


def _known_kind(client: Client) -> Kind | None:
    return client.kind if client.kind in _TOLD else None


def _without(client: Client, reason: Reason) -> Client:
    return replace(client, findings=tuple(each for each in client.findings if each.reason is not reason))
