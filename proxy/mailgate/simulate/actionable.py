"""Actionable steps: those that a person or the company can take, or that time brings, such as removing an app,
reporting, proving, enrolling or waiting."""

from collections.abc import Iterator
from functools import partial
from itertools import combinations

from mailgate.model import (
    LOGIN_PROTOCOLS,
    PROTOCOL_TRAITS,
    Access,
    AttestationResult,
    CertificateResult,
    Kind,
    PostureState,
    Protocol,
)
from mailgate.policy.rules import Policy
from mailgate.simulate import what_if
from mailgate.simulate.moments import moments
from mailgate.simulate.steps import Fact, Step, StepBy, StepKind, step, words_compared

_SUBSETS = 6
"""Up to this many apps, the removal of every subset is tried; beyond that, the removal of each one and of all."""
_REPORT: Fact = ("report",)


def actionable_steps(access: Access, policy: Policy) -> Iterator[Step]:
    """Steps that a person, the company or time can bring about."""
    for moment in moments(access, policy):
        yield step(StepKind.WAIT, StepBy.TIME, partial(what_if.at, moment=moment), at=moment)
    yield from _by_the_company(access, policy)
    if device_is_known(access):
        yield from _of_reports(access, policy)
        yield from _of_apps(access, policy)
    if access.client.protocol not in LOGIN_PROTOCOLS:
        yield from _of_proof(access, policy)
        yield from _of_the_client(access)


def device_is_known(access: Access) -> bool:
    """Whether the gate would know that a report is about the device that asks."""
    posture, client = access.posture, access.client
    if client.protocol in LOGIN_PROTOCOLS:  # found by the person, whose computers are left out
        return bool(access.user.name) and client.kind is not Kind.LAPTOP
    named = bool(posture.device_id or client.eas_id) or posture.state is not PostureState.MISSING
    return named or _counts(access.attestation) or _counts(access.certificate)


def _counts(offered: AttestationResult | CertificateResult | None) -> bool:
    return offered is not None and offered.refused is None


def _by_the_company(access: Access, policy: Policy) -> Iterator[Step]:
    posture = access.posture
    if posture.lost:
        yield step(StepKind.FIND, StepBy.COMPANY, partial(what_if.with_posture, lost=False))
    elif posture.device_id:
        yield step(StepKind.LOSE, StepBy.COMPANY, partial(what_if.with_posture, lost=True))
    if posture.findings:
        yield step(StepKind.AGREE, StepBy.COMPANY, partial(what_if.with_posture, findings=()))
    for group in words_compared(policy, "user.groups"):
        if group not in access.user.groups:
            yield step(StepKind.GROUP, StepBy.COMPANY, partial(what_if.in_group, group=group), group)


def _of_reports(access: Access, policy: Policy) -> Iterator[Step]:
    catalog = policy.catalog
    yield step(StepKind.REPORT, StepBy.PERSON, partial(what_if.reported, catalog=catalog), facts={_REPORT})
    for source in words_compared(policy, "device.sources"):
        change = partial(what_if.reported, catalog=catalog, source=source)
        yield step(StepKind.REPORT, StepBy.PERSON, change, source, facts={_REPORT, ("source", source)})
    if access.posture.managed:
        yield step(StepKind.UNMANAGE, StepBy.PERSON, partial(what_if.with_posture, managed=False))
    else:
        change = partial(what_if.managed, catalog=catalog)
        yield step(StepKind.MANAGE, StepBy.PERSON, change, facts={_REPORT, ("manage",)})


def _of_apps(access: Access, policy: Policy) -> Iterator[Step]:
    catalog = policy.catalog
    for apps in _choices(access.posture.apps):
        gone = partial(what_if.without_apps, apps=apps, catalog=catalog)
        facts = {_REPORT, *(("remove", each) for each in apps)}
        yield step(StepKind.REMOVE_APPS, StepBy.PERSON, gone, *apps, facts=facts)
    for alike in _alike(access.posture.apps, policy):
        there = partial(what_if.with_app, app=alike[0], catalog=catalog)
        facts = {_REPORT, ("install", alike[0])}
        yield step(StepKind.INSTALL_APP, StepBy.PERSON, there, *alike, facts=facts)


def _choices(apps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    sizes = range(1, len(apps) + 1) if len(apps) <= _SUBSETS else (1, len(apps))
    for size in sizes:
        yield from combinations(apps, size)


def _alike(present: tuple[str, ...], policy: Policy) -> list[tuple[str, ...]]:
    """The listed apps that are not present, grouped by how the rules treat them."""
    named = words_compared(policy, "device.apps")
    groups: dict[tuple[object, str], list[str]] = {}
    for app in policy.catalog.apps:
        if app not in present:
            key = (policy.catalog.lists_of([app]), app if app in named else "")
            groups.setdefault(key, []).append(app)
    return [tuple(group) for group in groups.values()]


def _of_proof(access: Access, policy: Policy) -> Iterator[Step]:
    """Steps of proving. A mail app gets none, unless it has sent evidence before."""
    able = PROTOCOL_TRAITS[access.client.protocol].can_prove or access.attestation is not None
    for issuer in (words_compared(policy, "attestation.issuer") or ("",)) if able else ():
        about = (issuer,) if issuer else ()
        proof: set[Fact] = {("prove", issuer)}
        yield step(StepKind.PROVE, StepBy.PERSON, partial(what_if.proved, issuer=issuer), *about, facts=proof)
        if not device_is_known(access):
            change = partial(what_if.enrolled, catalog=policy.catalog, issuer=issuer)
            yield step(StepKind.ENROL, StepBy.PERSON, change, *about, facts={*proof, _REPORT})
    if access.attestation is not None:
        yield step(StepKind.WITHHOLD_PROOF, StepBy.PERSON, what_if.unproved)


def _of_the_client(access: Access) -> Iterator[Step]:
    client = access.client
    if not _counts(access.certificate):
        yield step(StepKind.CERTIFICATE, StepBy.PERSON, what_if.certified)
    if client.kind is Kind.LAPTOP and client.protocol is Protocol.WEB and not client.probed:
        yield step(StepKind.PROBE, StepBy.PERSON, what_if.probed)
    if client.contradicted:
        yield step(StepKind.AGREEING_SIGNALS, StepBy.PERSON, what_if.with_agreeing_signals)
