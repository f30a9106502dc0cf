"""The rules of a policy in plain words: what each does, to whom, and at which stage it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailgate.model import Effect, Stage
from mailgate.policy import Policy
from mailgate.policy.rules import DEFAULT_RULE, Rule
from mailgate.policy.variables import VARIABLES

DOES = {
    Effect.ALLOW: "lets in",
    Effect.WARN: "shows a warning, then lets in",
    Effect.CHALLENGE: "asks for proof from",
    Effect.BLOCK: "keeps out",
}
TODAY = {
    Stage.PENDING: "does nothing yet",
    Stage.REPORT_ONLY: "only reports whom it would hit",
    Stage.WARN: "warns",
    Stage.ENFORCE: "is enforced",
}


@dataclass(frozen=True, slots=True)
class Start:
    """When a stage of a rule starts."""

    stage: str
    words: str
    at: datetime
    runs: bool
    """Whether it is the stage of now."""


@dataclass(frozen=True, slots=True)
class Told:
    """One rule."""

    id: str
    title: str
    effect: str
    does: str
    """A verb, before those who meet the condition."""
    condition: str
    reads: tuple[tuple[str, str], ...]
    """The variables of the condition with what each means."""
    today: str
    starts: tuple[Start, ...]
    more: tuple[str, ...]
    """What else it says, a sentence each."""


def told_rules(policy: Policy, now: datetime) -> list[Told]:
    """Every rule in order, and last what happens to those whom none takes."""
    default = policy.default
    last = Told(
        DEFAULT_RULE,
        default.title or "Everybody else",
        default.effect.value,
        DOES[default.effect],
        "",
        (),
        TODAY[Stage.ENFORCE],
        (),
        (),
    )
    return [*(_told(rule, now) for rule in policy.rules), last]


def _told(rule: Rule, now: datetime) -> Told:
    stage = rule.stages.at(now) if rule.stages else Stage.ENFORCE
    starts = rule.stages.starts() if rule.stages else []
    return Told(
        rule.id,
        rule.title or "",
        rule.effect.value,
        DOES[rule.effect],
        rule.when.text,
        tuple((name, each.about) for name, each in VARIABLES.items() if name in rule.when.reads),
        TODAY[stage],
        tuple(Start(each.value, TODAY[each], at, each is stage) for each, at in starts),
        tuple(_more(rule)),
    )


def _more(rule: Rule) -> Iterator[str]:
    if rule.share < 1:
        yield f"It is for {rule.share * 100:g}% of people, always the same."
    if any(name.startswith("device.") for name in rule.when.reads):
        words = {"block": "keeps out", "last_known": "goes by what was last known", "allow": "lets in"}
        yield f"While a device cannot be asked about, it {words[rule.on_unavailable.value]}."
    if rule.reason:
        yield f"The reason given is {rule.reason}."
    if rule.notice.fix:
        yield f"People are told to do this: {rule.notice.fix}."
    if rule.notice.contact:
        yield f"People are told to ask {rule.notice.contact}."
