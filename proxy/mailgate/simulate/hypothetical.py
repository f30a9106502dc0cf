"""Hypothetical steps: nobody can take them, but they show what the verdict depends on, such as another kind of client
or another person."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from mailgate.engine.decide import share_subject
from mailgate.model import Access, Effect, Kind, PostureState
from mailgate.policy.rules import Policy
from mailgate.policy.stages import in_share
from mailgate.simulate import what_if
from mailgate.simulate.actionable import device_is_known
from mailgate.simulate.steps import PolicyCase, Step, StepBy, StepKind, step, words_compared


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
    """Steps into or out of the share of each rule that has one."""
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
