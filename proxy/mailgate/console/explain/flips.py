"""The smallest changes that would turn a verdict over, as facts and in words."""

from collections.abc import Iterable, Iterator

from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import joined_by_and, joined_by_or, joined_names, phrase, plural, time_of
from mailgate.policy import AppCatalog
from mailgate.policy.simulate.flip import LET_IN, MAX_STEPS, Flip, Flips
from mailgate.policy.simulate.steps import Step, StepKind

_NAMES = 4
"""How many apps are named if many of them are equivalent."""

_WORDS = {
    StepKind.FIND: phrase("the company marks the device as found"),
    StepKind.LOSE: phrase("the company marks the device as lost"),
    StepKind.AGREE: phrase("the sources agree on what the device is and whose it is"),
    StepKind.REPORT: phrase("the device reports anew, and has no listed app but those that are known"),
    StepKind.MANAGE: phrase("the device is in device management, which reports it"),
    StepKind.UNMANAGE: phrase("the device leaves device management"),
    StepKind.ENROL: phrase("the device is set up: it reports that no listed app is there, and proves itself"),
    StepKind.PROVE: phrase("the request proves its device by signed evidence"),
    StepKind.WITHHOLD_PROOF: phrase("the request comes without its evidence"),
    StepKind.CERTIFICATE: phrase("the request comes with a client certificate that is accepted"),
    StepKind.PROBE: phrase("the browser probe runs and finds a computer"),
    StepKind.AGREEING_SIGNALS: phrase(
        "what the request says of its kind does not contradict itself, as with the mobile site"
    ),
    StepKind.NEVER_REPORTED: phrase("the device had never reported"),
    StepKind.UNAVAILABLE: phrase("no source of the device could be asked"),
    StepKind.CONTRADICTED: phrase("what the request says of its kind contradicted itself"),
}
_WORDS_ABOUT = {
    StepKind.REPORT: phrase(
        "the device reports anew by %(about)s, and has no listed app but those that are known"
    ),
    StepKind.ENROL: phrase(
        "the device is set up with %(about)s: it reports that no listed app is there, and proves itself"
    ),
    StepKind.PROVE: phrase("the request proves its device by signed evidence of %(about)s"),
    StepKind.GROUP: phrase("the person is in the group %(about)s"),
    StepKind.KIND: phrase("the kind were %(about)s"),
    StepKind.USER: phrase("the person who asks were %(about)s"),
    StepKind.ADDRESS: phrase("the request came from %(about)s"),
    StepKind.SYSTEM: phrase("the system were %(about)s"),
}


class StepFacts(Fact):
    """One step of a change."""

    what: str
    """The step, as a code."""
    by: str
    """Who can take the step."""
    about: list[str]
    """The objects of the step, such as apps or a group."""
    at: Instant | None
    """The end of a wait; null for other steps."""
    words: Words
    """The step in words."""


class DecisionAfter(Fact):
    """The decision after a change."""

    effect: str
    """The effect: allow, warn, challenge or block."""
    rule: str
    """The rule that decides."""
    reason: str
    """Why, as a reason code."""


class FlipFacts(Fact):
    """Steps that together turn the verdict over."""

    steps: list[StepFacts]
    """The steps; all of them are needed."""
    then: DecisionAfter
    """The decision after these steps."""


class FlipsFacts(Fact):
    """The smallest changes that lead to one of some effects."""

    to: list[str]
    """The effects that these changes lead to."""
    actionable: list[FlipFacts]
    """Changes that somebody can make."""
    hypothetical: list[FlipFacts]
    """Changes that nobody can make. They show what the verdict depends on."""
    not_tried: list[str]
    """Variables for which no other values were tried."""
    most_steps: int
    """The most steps that were tried together."""


def flips_facts(found: Iterable[Flips], catalog: AppCatalog) -> list[FlipsFacts]:
    return [
        FlipsFacts(
            to=[effect.value for effect in sorted(each.wanted)],
            actionable=[_flip(flip, catalog) for flip in each.actionable],
            hypothetical=[_flip(flip, catalog) for flip in each.hypothetical],
            not_tried=list(each.untried),
            most_steps=MAX_STEPS,
        )
        for each in found
    ]


def flip_lines(found: Iterable[FlipsFacts]) -> Iterator[str]:
    for each in found:
        yield f"What would {'give it mail' if set(each.to) == LET_IN else 'cost it mail'}"
        for flip in each.actionable:
            yield f"  if {_line(flip)}"
        if not each.actionable:
            yield f"  nothing that can be done was found, in up to {each.most_steps} steps"
        for flip in each.hypothetical:
            yield f"  only hypothetical: if {_line(flip)}"
        if each.not_tried:
            yield f"  not tried: other values of {', '.join(each.not_tried)}"


def step_in_words(step: Step, catalog: AppCatalog) -> str:
    if step.what is StepKind.WAIT and step.at:
        return phrase(
            "it is asked again %(at)s, and nothing was reported meanwhile", at=time_of(step.at, exact=True)
        )
    if step.what is StepKind.SHARE:
        rule, side = step.about
        if side == "out":
            return phrase("the person were outside the share of %(rule)s", rule=rule)
        return phrase("the person were in the share of %(rule)s", rule=rule)
    if step.what is StepKind.UPDATE:
        name, version = step.about
        if name.startswith("extension."):
            return phrase(
                "the browser says, by its own word, that %(name)s is %(version)s", name=name, version=version
            )
        return phrase("%(name)s is %(version)s", name=name, version=version)
    if step.what in (StepKind.REMOVE_APPS, StepKind.INSTALL_APP):
        return _apps(step, [catalog.name_of(key) for key in step.about])
    return phrase(str(_WORDS_ABOUT[step.what]), about=step.about[0]) if step.about else _WORDS[step.what]


def _apps(step: Step, names: list[str]) -> str:
    if step.what is StepKind.REMOVE_APPS:
        return plural(
            "%(apps)s is removed and the device reports so",
            "%(apps)s are removed and the device reports so",
            len(names),
            apps=joined_names(names, joined_by_and),
        )
    more = [plural("%(count)s other", "%(count)s others", len(names) - _NAMES)] if len(names) > _NAMES else []
    apps = joined_names([*names[:_NAMES], *more], joined_by_or)
    return phrase("%(apps)s is installed and the device reports so", apps=apps)


def _line(flip: FlipFacts) -> str:
    return f"{', and '.join(step.words for step in flip.steps)}: {flip.then.effect} by {flip.then.rule}"


def _flip(flip: Flip, catalog: AppCatalog) -> FlipFacts:
    steps = [StepFacts.taken_from(step, words=step_in_words(step, catalog)) for step in flip.steps]
    return FlipFacts(steps=steps, then=DecisionAfter.taken_from(flip.decision))
