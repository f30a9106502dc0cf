"""The rules of a policy in plain words: who each is about, what it does, and its stage."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from mailgate.console.words import length_in_words, reason_in_words
from mailgate.model import Effect, Stage
from mailgate.model.phrase import joined_by_or, phrase, plural
from mailgate.policy import Policy
from mailgate.policy.halting import HaltWhen
from mailgate.policy.rule_states import STATE_OF_EFFECT, RuleState, state_of
from mailgate.policy.rules import DEFAULT_RULE, Default, Rule
from mailgate.policy.variables import VARIABLES

DOES = {
    Effect.ALLOW: phrase("gives mail to"),
    Effect.WARN: phrase("warns"),
    Effect.CHALLENGE: phrase("asks for proof from"),
    Effect.BLOCK: phrase("blocks"),
}
FIX_WORDS = {
    "remove-app": phrase("to remove the app, step by step"),
    "set-up-device": phrase("to let the company manage the device"),
    "get-extension": phrase("to install the browser extension"),
    "report-again": phrase("to let the device report again"),
    "another-way": phrase("to take another way to their mail"),
    "meet-requirements": phrase("to meet the requirements of the company's management"),
    "wait": phrase("to wait a moment"),
    "use-mobile-site": phrase("to use the mobile site"),
    "use-known-browser": phrase("to use a browser that is known"),
    "update": phrase("to update what is too old"),
    "use-other-device": phrase("to use another device"),
    "ask": phrase("to ask for help"),
}
"""The display text of each word of `notice.fix`."""
TODAY = {
    Stage.PENDING: phrase("does nothing yet"),
    Stage.REPORT_ONLY: phrase("only watches"),
    Stage.WARN: phrase("warns"),
    Stage.ENFORCE: phrase("applies"),
}


@dataclass(frozen=True, slots=True)
class StageStart:
    """The start of a stage of a rule."""

    stage: str
    """`report_only`, `warn` or `enforce`."""
    words: str
    """The effect of the rule in this stage."""
    at: datetime
    """When the stage starts."""
    runs: bool
    """Whether it is the current stage."""


@dataclass(frozen=True, slots=True)
class RuleInWords:
    """A rule in words and as its condition."""

    id: str
    """Its id."""
    title: str
    """Its title. Empty if it has none."""
    effect: str
    """The effect on requests that meet its condition: allow, warn, challenge or block."""
    does: str
    """The effect in words."""
    condition: str
    """Its condition in CEL; empty for the default, which is for everybody else."""
    reads: Mapping[str, str]
    """The variables of the condition, with their meaning."""
    state: RuleState
    """What it does now: `lets-in`, `warns`, `challenges`, `blocks`; `watches` if it only reports, `waits` before its
    first stage, `off` if it is for nobody."""
    today: str
    """Its current effect in words."""
    starts: tuple[StageStart, ...]
    """The starts of its stages; empty if it has none."""
    more: tuple[str, ...]
    """Its other settings, a sentence each."""


def rules_in_words(policy: Policy, now: datetime) -> list[RuleInWords]:
    """Every rule in order, and last the default."""
    default = policy.default
    last = RuleInWords(
        DEFAULT_RULE,
        default.title or phrase("Everybody else"),
        default.effect.value,
        DOES[default.effect],
        "",
        {},
        STATE_OF_EFFECT[default.effect],
        TODAY[Stage.ENFORCE],
        (),
        tuple(_told(default)),
    )
    off = {rule: phrase("is %(words)s", words=each.words) for rule, each in policy.reliefs.off(now).items()}
    return [*(_in_words(policy, rule, now, off.get(rule.id)) for rule in policy.rules), last]


def _in_words(policy: Policy, rule: Rule, now: datetime, off: str | None) -> RuleInWords:
    """A rule in words. ``off`` says why it restricts nobody now, whatever its stage."""
    stage = rule.stage_at(now)
    starts = rule.stages.starts() if rule.stages else []
    return RuleInWords(
        rule.id,
        rule.title or "",
        rule.effect.value,
        DOES[rule.effect],
        rule.when.text,
        {name: each.about for name, each in VARIABLES.items() if name in rule.when.reads},
        state_of(policy, rule, now),
        off or TODAY[stage],
        tuple(StageStart(each.value, TODAY[each], at, each is stage) for each, at in starts),
        tuple(_more(rule)),
    )


def _more(rule: Rule) -> Iterator[str]:
    if rule.share < 1:
        yield phrase("It applies to %(share)s%% of people, always the same ones.", share=rule.share * 100)
    if rule.groups:
        yield phrase("It applies only to people in %(groups)s.", groups=reduce(joined_by_or, rule.groups))
    if rule.grace:
        yield phrase("A new device is only warned for %(span)s.", span=span(rule.grace))
    if offer := rule.self_service:
        terms = {"hours": span(offer.terms.lasts), "once": span(offer.terms.once_per)}
        yield phrase(
            "Whoever loses mail only by this rule can let themselves in: for %(hours)s, once in %(once)s.",
            **terms,
        )
    if halt := rule.halt_when:
        yield phrase(
            "It stops by itself if %(limits)s within %(span)s.",
            limits=reduce(joined_by_or, _limits(halt)),
            span=span(halt.within),
        )
    if any(name.startswith("device.") for name in rule.when.reads):
        yield UNAVAILABLE[rule.on_unavailable.value]
    yield from _told(rule)


def _told(rule: Rule | Default) -> Iterator[str]:
    if rule.reason:
        told = reason_in_words(rule.reason)
        yield (
            phrase("People read: %(reason)s.", reason=told)
            if told
            else phrase("The reason given is %(reason)s.", reason=rule.reason)
        )
    if rule.notice.fix:
        fix = str(rule.notice.fix)
        yield phrase("People are told what to do: %(fix)s.", fix=FIX_WORDS.get(fix, fix))
    if rule.notice.contact:
        yield phrase("People are told to ask %(contact)s.", contact=rule.notice.contact)
    if isinstance(rule, Rule) and rule.notice.send:
        yield STARTS_ITSELF


STARTS_ITSELF = phrase("Its notices start by themselves: when it starts, and on each of its dates.")
UNAVAILABLE = {
    "block": phrase("If a source is down, it gives no mail."),
    "last_known": phrase("If a source is down, the last report counts."),
    "allow": phrase("If a source is down, the last report counts, and an unknown device gets mail."),
}

WHOLES = {"people": phrase("people"), "requests": phrase("requests")}


def _limits(halt: HaltWhen) -> Iterator[str]:
    if halt.block_rate is not None:
        yield phrase(
            "it refuses more than %(part)s%% of %(whole)s", part=halt.block_rate * 100, whole=WHOLES[halt.of]
        )
    if halt.help_requests:
        yield plural("%(count)s person asks for help", "%(count)s people ask for help", halt.help_requests)


def span(time: timedelta) -> str:
    """A length of time in the largest unit that divides it."""
    seconds = time.total_seconds()
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds")):
        count = seconds / size
        if count >= 1 and count == int(count):
            return length_in_words(int(count), unit)
    return phrase("%(count)s seconds", count=seconds)
