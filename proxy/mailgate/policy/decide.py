"""THE ANSWER: one pure function decides every request.

The gateway, the command line and the tests of rules all call :func:`decide`. Nothing here reads a clock, a file or the
network, and no error on the way widens access:

- A condition that fails on the values of a request blocks it with ``rule-error``, whatever the rule's effect.
- A condition that needs a posture which is not available is settled by the rule's ``on_unavailable``. It is evaluated
  with ``device.*`` left out, so that a rule that is not about this client does not decide.
- While the posture is unavailable, an app that was seen never makes a device better off: of the decision with the apps and the
  decision as if none had been seen, the harder one counts.
- ``warn`` softens what a rule does if it matches. It does not soften the two cases above, since there the rule may not match.
  A rule's ``grace`` softens it in the same way for a device that became known recently.
- ``report_only`` has no effect at all: what it would have done is recorded and the next rule is read.
- A claim that nobody has checked (``Access.claims``) may only restrict: the request is decided by what is known and as it claims, and
  the hardest answer counts.
- A rule whose groups or share may or may not include the person is read both ways, and the harder answer counts: if it allows, it is
  left out; if it restricts and matches, the rules after it may do more, and not less. The same holds for a condition on the person's name
  or groups that does not come out the same in every reading of who asks: by each name that a login may stand for, and with the
  groups left out that nobody knows.
- A relief (``policy/reliefs.py``) makes a restricting rule report-only for the people or devices that it names. It never makes
  the answer stricter: if the rules after the relieved rule would do more than that rule itself, that rule decides after all.

No rule can change these two answers: A device that is reported as lost gets nothing. A client that only asks the way to the mail
(``classify/discovery.py``) is told the way, since a refusal would make it try protocols that do not pass through the gate. If the
rules allow the client, it gets the webmail's whole answer; otherwise it gets the way and nothing else
(``gateway/directions.py``).
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cel_expr_python import cel

from mailgate.classify.discovery import is_discovery
from mailgate.model import Access, Decision, Effect, PostureState, Reason, RuleTrial, Stage, Trials
from mailgate.model.phrase import phrase
from mailgate.policy.condition import EvaluationError, UnknownValueError
from mailgate.policy.reasons import apps_behind, infer, update_behind
from mailgate.policy.reliefs import OF_SOME, Cause, Relief, Reliefs, is_in_doubt, relief_from, subject_of
from mailgate.policy.rule_index import places
from mailgate.policy.rule_states import device_grace_end, is_about, is_skipped, skip_reason
from mailgate.policy.rules import DEFAULT_RULE, DISCOVERY_RULE, LOST_RULE, OnUnavailable, Policy, Rule
from mailgate.policy.stages import softened
from mailgate.policy.variables import cel_activation


def decide(access: Access, policy: Policy) -> Decision:
    """Decide what happens to this request, and why. It has no side effects and never raises."""
    try:
        known, *claimed = (
            _lost(policy) if each.posture.lost else _by_rules(each, policy) for each in access.readings()
        )
        hardest = _hardest([known, *claimed])
        decision = hardest if hardest is known else replace(hardest, claimed=True)
        if policy.let_ins and may_let_in(decision, access, policy):
            decision = replace(decision, let_in=policy.let_ins[decision.rule])
        return _for_discovery(decision) if is_discovery(access.facts) else decision
    except Exception as error:  # noqa: BLE001 - any error refuses the request
        trial = RuleTrial(DEFAULT_RULE, "", False, Stage.ENFORCE, Effect.BLOCK, _failed(type(error).__name__))
        return Decision(Effect.BLOCK, Reason.INTERNAL_ERROR, DEFAULT_RULE, policy.version, (trial,))


def may_let_in(decision: Decision, access: Access, policy: Policy) -> bool:
    """Whether the person may let themselves in past the rule that refuses them: it offers that, and nothing else refuses them."""
    person = subject_of(access)
    if decision.rule not in policy.let_ins or decision.claimed or not person or is_in_doubt(access):
        return False
    if decision.effect not in (Effect.BLOCK, Effect.CHALLENGE):
        return False
    let_in = Relief(0, Cause.SELF_SERVICE, decision.rule, "", "", access.now, None, person)
    then = (
        _by_rules(each, policy, (let_in,) if subject_of(each) == person else ()) for each in access.readings()
    )
    return all(each.effect in (Effect.ALLOW, Effect.WARN) for each in then)


def exemption_to_end(access: Access, policy: Policy, decision: Decision) -> Relief | None:
    """The first of the exemptions of this person and device by whose end the decision gets harder; None if it never does."""
    own = sorted((each for each in policy.reliefs.about(access) if each.cause in OF_SOME), key=_end)
    for each in own:
        left = tuple(other for other in policy.reliefs.every if other not in own or _end(other) > _end(each))
        then = decide(access, replace(policy, reliefs=Reliefs(policy.reliefs.serial, left)))
        if then.effect.severity > decision.effect.severity:
            return each
    return None


def _end(relief: Relief) -> datetime:
    return relief.until or datetime.max.replace(tzinfo=UTC)


def _hardest(decisions: Sequence[Decision]) -> Decision:
    """The most restrictive decision; of equal ones the first."""
    return max(decisions, key=lambda each: each.effect.severity)


def _hardest_of_rules(possible: Sequence[Decision]) -> Decision:
    """The hardest decision by one reading; of equal ones the last, which alone is surely about this person. It has the trials of all rules
    that were read, since it depends on them too."""
    hardest, last = _hardest(possible[::-1]), possible[-1]
    return hardest if hardest is last else replace(hardest, trials=last.trials)


def _for_discovery(decision: Decision) -> Decision:
    """The decision for a request that only asks the way to the mail: it always gets that, and no rule is named."""
    if decision.effect is Effect.ALLOW:
        return replace(decision, would=())
    trial = RuleTrial(
        DISCOVERY_RULE,
        "",
        True,
        Stage.ENFORCE,
        Effect.ALLOW,
        phrase("only looks up the mail server, and gets nothing else"),
    )
    return Decision(
        Effect.ALLOW,
        Reason.RULE_MATCHED,
        DISCOVERY_RULE,
        decision.policy_version,
        Trials(len(decision.trials) + 1, lambda: (*decision.trials, trial)),
        reliefs=decision.reliefs,
    )


def _lost(policy: Policy) -> Decision:
    trial = RuleTrial(
        LOST_RULE, "", True, Stage.ENFORCE, Effect.BLOCK, phrase("marked as lost: no rule gives it mail")
    )
    contact = policy.default.notice.contact or ""
    return Decision(
        Effect.BLOCK, Reason.DEVICE_LOST, LOST_RULE, policy.version, (trial,), fix="ask", contact=contact
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The outcome of one rule. ``effect`` is None if the rule does not match; ``reason`` is None if it has to be inferred."""

    effect: Effect | None
    reason: Reason | None = None
    note: str = ""
    sure: bool = True
    """Whether the condition comes out the same in every reading of who asks."""


_NO_MATCH = _Verdict(None)


@dataclass(frozen=True, slots=True)
class _Relieved:
    rule: Rule
    stage: Stage
    effect: Effect
    reason: Reason | None
    access: Access


def _by_rules(access: Access, policy: Policy, more: Sequence[Relief] = ()) -> Decision:
    """The decision of the rules, with ``more`` reliefs than those in force. A condition that seen apps settle may do less than what
    follows where nothing is settled, so while the posture is unavailable both are looked at."""
    decision = _first_match(access, policy, more)
    posture = access.posture
    if posture.state is not PostureState.UNAVAILABLE or not posture.apps or decision.effect is Effect.BLOCK:
        return decision
    last = PostureState.CLEAN if posture.last_state is PostureState.LISTED else posture.last_state
    unseen = _first_match(
        replace(access, posture=replace(posture, apps=(), lists=(), last_state=last)), policy, more
    )
    return _of_unseen(unseen, decision) if unseen.effect.severity > decision.effect.severity else decision


def _of_unseen(unseen: Decision, seen: Decision) -> Decision:
    """The decision as if no app had been seen, with what the rules say because of the apps that were seen."""
    note = phrase(
        "matches by the apps that were seen, but `%(rule)s` is stricter while the source is down",
        rule=unseen.rule,
    )
    trials = _changed(
        unseen.trials,
        lambda each: replace(each, note=note) if each.rule == seen.rule and not each.matched else each,
    )
    told = {each.rule for each in seen.would}
    return replace(
        unseen, trials=trials, would=(*seen.would, *(each for each in unseen.would if each.rule not in told))
    )


def _changed(trials: Sequence[RuleTrial], change: Callable[[RuleTrial], RuleTrial]) -> Trials:
    return Trials(len(trials), lambda: map(change, trials))


def _first_match(access: Access, policy: Policy, more: Sequence[Relief] = ()) -> Decision:
    everything = cel_activation(access, policy.reads)
    unavailable = access.posture.state is PostureState.UNAVAILABLE
    notable: dict[int, RuleTrial] = {}
    """The trials of rules that match, fail or are passed over, by the place of the rule."""
    would: list[RuleTrial] = []
    relieved: list[_Relieved] = []
    possible: list[Decision] = []
    """The decisions of rules that may not be about this person."""
    reliefs = (*policy.reliefs.about(access), *more)
    for place in places(policy.index.to_read(access)):
        rule = policy.rules[place]
        stage = rule.stage_at(access.now)
        if is_skipped(rule, stage, access):
            continue
        seen, values = access, everything
        names: Set[str] = policy.reads
        if unavailable and any(name.startswith("device.") for name in rule.when.reads):
            seen, names = _without_posture(rule, access, policy)
            values = cel_activation(seen, names)
        verdict = _judge(rule, stage, seen, values, names)
        if verdict is _NO_MATCH:
            continue
        relief = _relief(rule, stage, reliefs, sure=verdict.reason is None)
        shown = Stage.REPORT_ONLY if relief else stage
        note = (
            phrase("%(relief)s: would have decided", relief=relief.words)
            if relief and not verdict.reason
            else verdict.note
        )
        effect, reason = verdict.effect, verdict.reason
        notable[place] = RuleTrial(rule.id, rule.when.text, effect is not None, shown, effect, note)
        if effect is None:
            continue
        if shown is not Stage.REPORT_ONLY:
            trials = _trials(access, policy, reliefs, notable, place + 1)
            decision = _decision(rule, effect, reason, seen, policy, trials, tuple(would))
            possible.append(_no_harder(decision, relieved, policy))
            if (verdict.sure and is_about(rule, access)) or decision.effect is Effect.BLOCK:
                return _hardest_of_rules(possible)
        would.append(notable[place])
        if relief:
            relieved.append(_Relieved(rule, stage, effect, reason, seen))
    trials = _trials(access, policy, reliefs, notable, len(policy.rules))
    last = _by_default(policy, trials, tuple(would))
    return _hardest_of_rules([*possible, _no_harder(last, relieved, policy)])


def _trials(
    access: Access, policy: Policy, reliefs: Sequence[Relief], notable: Mapping[int, RuleTrial], reached: int
) -> Trials:
    """The trials of the rules up to the one that decides, also of those that did not have to be read."""
    return Trials(
        reached,
        lambda: (
            notable.get(place) or _without_match(rule, access, reliefs)
            for place, rule in enumerate(policy.rules[:reached])
        ),
    )


def _without_match(rule: Rule, access: Access, reliefs: Sequence[Relief]) -> RuleTrial:
    stage = rule.stage_at(access.now)
    note = skip_reason(rule, stage, access)
    shown = Stage.REPORT_ONLY if not note and _relief(rule, stage, reliefs) else stage
    return RuleTrial(rule.id, rule.when.text, False, shown, None, note)


def _relief(rule: Rule, stage: Stage, reliefs: Sequence[Relief], *, sure: bool = True) -> Relief | None:
    """The relief that takes the rule out now. ``sure``: whether its condition is known to be met, or not to be."""
    offers = sure and rule.self_service is not None
    found = relief_from(reliefs, rule.id, rule.effect, offers=offers)
    return found if stage is not Stage.REPORT_ONLY else None


def _no_harder(decision: Decision, relieved: list[_Relieved], policy: Policy) -> Decision:
    """The decision of the rules after the relieved ones, or of the softest relieved rule that would do less."""
    softest = min(relieved, key=lambda each: each.effect.severity, default=None)
    if softest is None or softest.effect.severity >= decision.effect.severity:
        return decision
    rule = softest.rule
    note = phrase(
        "it is off for a time, but decides here because `%(rule)s` after it would be stricter",
        rule=decision.rule,
    )
    trials = _changed(
        decision.trials,
        lambda each: replace(each, stage=softest.stage, note=note) if each.rule == rule.id else each,
    )
    would = tuple(each for each in decision.would if each.rule != rule.id)
    return _decision(rule, softest.effect, softest.reason, softest.access, policy, trials, would)


def _without_posture(rule: Rule, access: Access, policy: Policy) -> tuple[Access, Set[str]]:
    """The access, and the variables that have values, for a rule while the posture is unavailable: with the last known posture, or
    with none. A rule that names the state ``unavailable`` itself reads that state."""
    posture = access.posture
    named = PostureState.UNAVAILABLE in rule.when.names.get("device.state", ())
    if posture.last_state is not None and _goes_by_last_known(rule, access, named=named):
        return replace(access, posture=replace(posture, state=posture.last_state)), policy.reads
    names = {name for name in rule.when.reads if not name.startswith("device.")}
    if named:
        names.add("device.state")
    if rule.effect is not Effect.ALLOW and _holds_for_seen_apps(rule, access, names):
        names |= _OF_APPS
    return access, names


def _goes_by_last_known(rule: Rule, access: Access, *, named: bool) -> bool:
    """Whether the rule reads the last known posture: with ``last_known`` until that ends, with ``allow`` without an end.
    Otherwise a device that is refused for what is known of it would get in because its source is away."""
    end = access.posture.expires_at
    if rule.on_unavailable is OnUnavailable.LAST_KNOWN:
        return end is not None and access.now < end
    return rule.on_unavailable is OnUnavailable.ALLOW and not named


_OF_APPS = frozenset({"device.apps", "device.lists"})


def _holds_for_seen_apps(rule: Rule, access: Access, names: set[str]) -> bool:
    """Whether a restricting rule holds by the apps that were seen: none disappears because no source can be asked."""
    return bool(access.posture.apps and rule.when.outcome(cel_activation(access, names | _OF_APPS)))


_SPELLINGS = phrase(
    "the rule may mean this person by another spelling of the login, or by a group that is not known"
)
_BLOCKED = phrase("the source is down: refused")
_PASSED_OVER = phrase("the source is down: passed over")
_ALLOWED = phrase("the source is down: gets mail")
_REPORTS = phrase("only watches: would have decided")


def _failed(why: str) -> str:
    return phrase("failed: %(why)s", why=why)


def _judge(rule: Rule, stage: Stage, access: Access, values: cel.Activation, names: Set[str]) -> _Verdict:
    others = [rule.when.outcome(each) for each in rule.when.other_readings(access, names)]
    try:
        holds = rule.when.holds(values)
    except EvaluationError as error:
        return _Verdict(Effect.BLOCK, Reason.RULE_ERROR, _failed(str(error)))
    except UnknownValueError:
        verdict = _unavailable(rule)
        return _Verdict(None, None, _SPELLINGS) if others and verdict.effect is Effect.ALLOW else verdict
    if all(each is holds for each in others):
        return _by_stage(rule, stage, access) if holds else _NO_MATCH
    if rule.effect is Effect.ALLOW:
        return _Verdict(None, None, _SPELLINGS) if holds else _NO_MATCH
    verdict = _by_stage(rule, stage, access)
    return replace(verdict, note=verdict.note or _SPELLINGS, sure=False)


def _by_stage(rule: Rule, stage: Stage, access: Access) -> _Verdict:
    effect = softened(rule.effect, stage)
    if effect is not rule.effect:
        return _Verdict(effect, None, phrase("only warns yet, later: %(effect)s", effect=rule.effect.value))
    until = device_grace_end(rule, access)
    if stage is Stage.ENFORCE and until:
        note = phrase("new device until %(at)s, then: %(effect)s", effect=effect.value, at=until.isoformat())
        return _Verdict(softened(effect, Stage.WARN), None, note)
    if stage is not Stage.REPORT_ONLY:
        return _Verdict(effect)
    return _Verdict(effect, None, _REPORTS)


def _deadline(rule: Rule, access: Access) -> datetime | None:
    """When the rule gets stricter for this device: at its next stage, and not before the device's grace is over. None if it never
    does more than warn."""
    if softened(rule.effect, Stage.WARN) is rule.effect:
        return None
    stage = rule.stage_at(access.now)
    next_start = rule.stages.next_start(access.now) if rule.stages else None
    until = device_grace_end(rule, access)
    if stage is Stage.ENFORCE:
        return until
    return max(next_start, until) if next_start and until else next_start


def _unavailable(rule: Rule) -> _Verdict:
    """The verdict of a rule on a device of which nothing counts. With ``allow`` a restricting rule is passed over."""
    if rule.on_unavailable is not OnUnavailable.ALLOW:
        return _Verdict(Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, _BLOCKED)
    if rule.effect is not Effect.ALLOW:
        return _Verdict(None, None, _PASSED_OVER)
    return _Verdict(Effect.ALLOW, Reason.POSTURE_UNAVAILABLE, _ALLOWED)


def _decision(
    rule: Rule,
    effect: Effect,
    other_reason: Reason | None,
    access: Access,
    policy: Policy,
    trials: Trials,
    would: tuple[RuleTrial, ...],
) -> Decision:
    """The decision by this rule. Its title and its fix describe its own cause, so they are shown only if it really
    matches, and not for another reason."""
    own = other_reason is None
    reason = other_reason or rule.reason or infer(rule.when, effect, access, policy.catalog)
    return Decision(
        effect=effect,
        reason=reason,
        rule=rule.id,
        policy_version=policy.version,
        trials=trials,
        would=would,
        title=(rule.title or "") if own else "",
        fix=(rule.notice.fix or "") if own else "",
        contact=rule.notice.contact or "",
        apps=apps_behind(rule.when, access, policy.catalog) if reason is Reason.PROHIBITED_APP else (),
        update=update_behind(rule.when, access) if reason is Reason.UPDATE_REQUIRED else None,
        deadline=_deadline(rule, access) if own else None,
        reliefs=policy.reliefs.serial,
    )


def _by_default(policy: Policy, trials: Trials, would: tuple[RuleTrial, ...]) -> Decision:
    default = policy.default
    return Decision(
        effect=default.effect,
        reason=default.reason,
        rule=DEFAULT_RULE,
        policy_version=policy.version,
        trials=trials,
        would=would,
        title=default.title or "",
        fix=default.notice.fix or "",
        contact=default.notice.contact or "",
        reliefs=policy.reliefs.serial,
    )
