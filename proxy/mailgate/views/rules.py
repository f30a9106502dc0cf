"""The rules of a policy in plain words: what each does, to whom, and at which stage it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.model import Effect, Stage
from mailgate.policy import Policy
from mailgate.policy.rules import DEFAULT_RULE, Rule
from mailgate.policy.variables import VARIABLES
from mailgate.views.words import reason_told

DOES = {
    Effect.ALLOW: "lets in",
    Effect.WARN: "shows a warning, then lets in",
    Effect.CHALLENGE: "asks for proof from",
    Effect.BLOCK: "keeps out",
}
FIX_WORDS = {
    "remove-app": "to remove the app, step by step",
    "set-up-device": "to let the company manage the device",
    "get-extension": "to install the browser extension",
    "report-again": "to let the device report again",
    "report-everything": "to let the device report all of its apps",
    "wait": "to wait a moment",
    "use-mobile-site": "to use the mobile site",
    "use-known-browser": "to use a browser that is known",
    "use-other-device": "to use another device",
    "ask": "to ask for help",
}
"""What the words of `notice.fix` tell people."""
TODAY = {
    Stage.PENDING: "does nothing yet",
    Stage.REPORT_ONLY: "only reports whom it would hit",
    Stage.WARN: "warns",
    Stage.ENFORCE: "is enforced",
}


@dataclass(frozen=True, slots=True)
class StageStart:
    """When a stage of a rule starts."""

    stage: str
    """`report_only`, `warn` or `enforce`."""
    words: str
    """The effect of the rule in it."""
    at: datetime
    """When."""
    runs: bool
    """Whether it is the current stage."""


@dataclass(frozen=True, slots=True)
class ToldRule:
    """A rule in words and as its condition."""

    id: str
    """Its id."""
    title: str
    """Its title. Empty if it has none."""
    effect: str
    """The effect on requests that meet its condition: allow, warn, challenge or block."""
    does: str
    """The same in words."""
    condition: str
    """Its condition, in CEL. Empty for the last one, which is for everybody else."""
    reads: Mapping[str, str]
    """The variables of the condition, with what each means."""
    today: str
    """Its effect now."""
    starts: tuple[StageStart, ...]
    """When its stages start. Empty if it has none."""
    more: tuple[str, ...]
    """Its other settings, a sentence each."""


def told_rules(policy: Policy, now: datetime) -> list[ToldRule]:
    """Every rule in order, and last the default for everybody else."""
    default = policy.default
    last = ToldRule(
        DEFAULT_RULE,
        default.title or "Everybody else",
        default.effect.value,
        DOES[default.effect],
        "",
        {},
        TODAY[Stage.ENFORCE],
        (),
        (),
    )
    off = {each.rule: f"is {each}" for each in policy.reliefs.for_everybody(now)}
    return [*(_told(rule, now, off.get(rule.id)) for rule in policy.rules), last]


def _told(rule: Rule, now: datetime, off: str | None) -> ToldRule:
    """``off`` says why it restricts nobody now, whatever its stage is."""
    stage = rule.stages.at(now) if rule.stages else Stage.ENFORCE
    starts = rule.stages.starts() if rule.stages else []
    return ToldRule(
        rule.id,
        rule.title or "",
        rule.effect.value,
        DOES[rule.effect],
        rule.when.text,
        {name: each.about for name, each in VARIABLES.items() if name in rule.when.reads},
        off or TODAY[stage],
        tuple(StageStart(each.value, TODAY[each], at, each is stage) for each, at in starts),
        tuple(_more(rule)),
    )


def _more(rule: Rule) -> Iterator[str]:
    if rule.share < 1:
        yield f"It is for {rule.share * 100:g}% of people, always the same."
    if rule.groups:
        yield f"It is for people in {' or '.join(rule.groups)} alone."
    if rule.grace:
        yield f"Devices that become known later are only warned for {span(rule.grace)}."
    if halt := rule.halt_when:
        limits = (
            [f"it keeps out more than {halt.block_rate * 100:g}% of {halt.of}"]
            if halt.block_rate is not None
            else []
        )
        limits += [f"{halt.help_requests} people ask for help"] if halt.help_requests else []
        yield f"It halts by itself where {' or '.join(limits)} within {span(halt.within)}."
    if any(name.startswith("device.") for name in rule.when.reads):
        words = {"block": "keeps out", "last_known": "goes by what was last known", "allow": "lets in"}
        yield f"While a device cannot be asked about, it {words[rule.on_unavailable.value]}."
    if rule.reason:
        told = reason_told(rule.reason)
        yield f"People read: {told}." if told else f"The reason given is {rule.reason}."
    if rule.notice.fix:
        fix = str(rule.notice.fix)
        yield f"People are told what to do: {FIX_WORDS.get(fix, fix)}."
    if rule.notice.contact:
        yield f"People are told to ask {rule.notice.contact}."


def span(time: timedelta) -> str:
    """A length of time in the largest unit that divides it."""
    for seconds, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count = time.total_seconds() / seconds
        if count >= 1 and count == int(count):
            return f"{int(count)} {unit}{'' if count == 1 else 's'}"
    return f"{time.total_seconds():g} seconds"
