"""Steps: what could differ about one access. Either somebody can take a step, or it is only hypothetical.

A person or the company can take an actionable step, such as removing an app, reporting, proving or enrolling, or time
brings it. A hypothetical one shows what the verdict depends on, such as another kind of client or another person.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import combinations

from mailgate.model import LOGIN_PROTOCOLS, PROTOCOL_TRAITS, Access, Effect, Kind, PostureState, Protocol
from mailgate.model.proofs import accepted
from mailgate.policy.reasons import VERSIONED
from mailgate.policy.rule_states import share_subject
from mailgate.policy.rules import Policy
from mailgate.policy.simulate import what_if
from mailgate.policy.simulate.clock import moments
from mailgate.policy.stages import in_share
from mailgate.policy.variables import VARIABLES
from mailgate.policy.written import at_least, order_of, parts_of


class StepBy(StrEnum):
    """Who can bring a step about."""

    PERSON = "person"
    COMPANY = "company"
    TIME = "time"
    NOBODY = "nobody"
    """The step is hypothetical, such as another device, another person or another share."""


class StepKind(StrEnum):
    """The things that can differ, in the order in which steps take effect."""

    WAIT = "wait"
    FIND = "find"
    LOSE = "lose"
    AGREE = "agree"
    REMOVE_APPS = "remove-apps"
    INSTALL_APP = "install-app"
    REPORT = "report"
    MANAGE = "manage"
    UNMANAGE = "unmanage"
    ENROL = "enrol"
    PROVE = "prove"
    WITHHOLD_PROOF = "withhold-proof"
    CERTIFICATE = "certificate"
    PROBE = "probe"
    AGREEING_SIGNALS = "agreeing-signals"
    UPDATE = "update"
    GROUP = "group"
    KIND = "kind"
    NEVER_REPORTED = "never-reported"
    UNAVAILABLE = "unavailable"
    CONTRADICTED = "contradicted"
    SHARE = "share"
    USER = "user"
    ADDRESS = "address"
    SYSTEM = "system"


Fact = tuple[str, ...]
PolicyCase = tuple[Access, Policy]
"""An access, and the rules that decide it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that differs. ``facts`` are everything that changes with it, so a smaller step has fewer."""

    what: StepKind
    by: StepBy
    facts: frozenset[Fact]
    apply: Callable[[PolicyCase], PolicyCase]
    about: tuple[str, ...] = ()
    """The object of the step, in the words of the rules: apps, an issuer, a kind, a rule, …"""
    at: datetime | None = None
    """The end of a wait; None for other steps."""


def step(
    what: StepKind,
    by: StepBy,
    change: Callable[[Access], Access],
    *about: str,
    facts: set[Fact] | None = None,
    at: datetime | None = None,
) -> Step:
    """A step that changes the access and not the rules."""
    own = frozenset(facts or {(what.value, *about)})
    return Step(what, by, own, lambda asked: (change(asked[0]), asked[1]), about, at)


def words_compared(policy: Policy, variable: str) -> tuple[str, ...]:
    """The words that some rule compares with a variable."""
    found = frozenset[str]().union(*(rule.when.names.get(variable, ()) for rule in policy.rules))
    return tuple(sorted(found - {""}))


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
    yield from _of_versions(access, policy)


def device_is_known(access: Access) -> bool:
    """Whether the gate would know that a report is about the device that asks."""
    posture, client = access.posture, access.client
    if posture.by_person or client.protocol in LOGIN_PROTOCOLS:  # found by the person without their computers
        return bool(access.user.name) and client.kind is not Kind.LAPTOP
    named = bool(posture.device_id or client.eas_id) or posture.state is not PostureState.MISSING
    return named or bool(accepted(access.attestation) or accepted(access.certificate))


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
    if not accepted(access.certificate):
        yield step(StepKind.CERTIFICATE, StepBy.PERSON, what_if.certified)
    if client.kind is Kind.LAPTOP and client.protocol is Protocol.WEB and not client.probed:
        yield step(StepKind.PROBE, StepBy.PERSON, what_if.probed)
    if client.contradicted:
        yield step(StepKind.AGREEING_SIGNALS, StepBy.PERSON, what_if.with_agreeing_signals)


def _of_versions(access: Access, policy: Policy) -> Iterator[Step]:
    for name in sorted(VERSIONED):
        wanted = frozenset[str]().union(*(rule.when.least.get(name, ()) for rule in policy.rules))
        version = str(VARIABLES[name].read(access))
        for newer in sorted(wanted, key=order_of) if parts_of(version) is not None else ():
            if not at_least(version, newer):
                change = partial(what_if.updated, name=name, version=newer)
                # so that an update to a lower version is smaller
                facts: set[Fact] = {("update", name, each) for each in wanted if at_least(newer, each)}
                yield step(StepKind.UPDATE, StepBy.PERSON, change, name, newer, facts=facts)


def hypothetical_steps(access: Access, policy: Policy) -> Iterator[Step]:
    """Hypothetical steps. Client and person are changed only in values that some rule reads."""
    yield from _kinds(access, policy)
    if device_is_known(access):
        away = partial(what_if.with_posture, state=PostureState.UNAVAILABLE, last_state=None)
        yield step(StepKind.NEVER_REPORTED, StepBy.NOBODY, what_if.never_reported)
        yield step(StepKind.UNAVAILABLE, StepBy.NOBODY, away)
    if not access.client.contradicted:
        yield step(StepKind.CONTRADICTED, StepBy.NOBODY, what_if.contradicted)
    yield from _shares(access, policy)
    for name in words_compared(policy, "user.name"):
        yield step(StepKind.USER, StepBy.NOBODY, partial(what_if.asked_by, person=name), name)
    for address in words_compared(policy, "request.remote"):
        yield step(StepKind.ADDRESS, StepBy.NOBODY, partial(what_if.from_address, address=address), address)
    for system in words_compared(policy, "client.os"):
        yield step(StepKind.SYSTEM, StepBy.NOBODY, partial(what_if.on_system, system=system), system)


def _kinds(access: Access, policy: Policy) -> Iterator[Step]:
    if policy.reads.isdisjoint(("client.kind", "client.handheld", "client.form", "device.kind")):
        return
    named = [Kind(word) for word in words_compared(policy, "client.kind")]
    for kind in dict.fromkeys([Kind.LAPTOP, Kind.PHONE, Kind.TABLET, *named]):
        if kind is not access.client.kind:
            yield step(StepKind.KIND, StepBy.NOBODY, partial(what_if.of_kind, kind=kind), kind.value)


def _shares(access: Access, policy: Policy) -> Iterator[Step]:
    for rule in policy.rules:
        if rule.share < 1:
            inside = in_share(rule.share, rule.id, share_subject(access))
            if inside is None:
                inside = rule.effect is not Effect.ALLOW
            change = partial(_with_share, rule=rule.id, share=0.0 if inside else 1.0)
            about = (rule.id, "out" if inside else "in")
            yield Step(StepKind.SHARE, StepBy.NOBODY, frozenset({("share", rule.id)}), change, about)


def _with_share(asked: PolicyCase, rule: str, share: float) -> PolicyCase:
    access, policy = asked
    rules = [each.model_copy(update={"share": share}) if each.id == rule else each for each in policy.rules]
    return access, replace(policy, rules=tuple(rules))
