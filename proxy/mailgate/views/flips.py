"""The smallest changes that would turn a verdict over, as facts and in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import both, either, listed, phrase, plural
from mailgate.policy import AppCatalog
from mailgate.simulate import LET_IN, MOST, Flip, Flips
from mailgate.simulate.steps import Step, What

_NAMES = 4
"""How many apps are named if many of them are equivalent."""

_WORDS = {
    What.FIND: phrase("the company marks the device as found"),
    What.LOSE: phrase("the company marks the device as lost"),
    What.AGREE: phrase("the sources agree on what the device is and whose it is"),
    What.REPORT: phrase("the device reports anew, and has no listed app but those that are known"),
    What.MANAGE: phrase("the device is in device management, which reports it"),
    What.UNMANAGE: phrase("the device leaves device management"),
    What.ENROL: phrase("the device is set up: it reports that no listed app is there, and proves itself"),
    What.PROVE: phrase("the request proves its device by signed evidence"),
    What.WITHHOLD_PROOF: phrase("the request comes without its evidence"),
    What.CERTIFICATE: phrase("the request comes with a client certificate that is accepted"),
    What.PROBE: phrase("the browser probe runs and finds a computer"),
    What.AGREEING_SIGNALS: phrase(
        "what the request says of its kind does not contradict itself, as with the mobile site"
    ),
    What.NEVER_REPORTED: phrase("the device had never reported"),
    What.UNAVAILABLE: phrase("no source of the device could be asked"),
    What.CONTRADICTED: phrase("what the request says of its kind contradicted itself"),
}
_WORDS_ABOUT: Mapping[What, Callable[[str], str]] = {
    What.REPORT: lambda about: phrase(
        "the device reports anew by %(about)s, and has no listed app but those that are known", about=about
    ),
    What.ENROL: lambda about: phrase(
        "the device is set up with %(about)s: it reports that no listed app is there, and proves itself",
        about=about,
    ),
    What.PROVE: lambda about: phrase(
        "the request proves its device by signed evidence of %(about)s", about=about
    ),
    What.GROUP: lambda about: phrase("the person is in the group %(about)s", about=about),
    What.KIND: lambda about: phrase("the kind were %(about)s", about=about),
    What.USER: lambda about: phrase("%(about)s were who asks", about=about),
    What.ADDRESS: lambda about: phrase("the request came from %(about)s", about=about),
    What.SYSTEM: lambda about: phrase("the system were %(about)s", about=about),
}


class StepTold(Fact):
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
    """The same in words."""


class Then(Fact):
    """The decision after a change."""

    effect: str
    """The effect: allow, warn, challenge or block."""
    rule: str
    """The rule that decides."""
    reason: str
    """Why, as a reason code."""


class FlipTold(Fact):
    """Steps that together turn the verdict over."""

    steps: list[StepTold]
    """The steps; all of them are needed."""
    then: Then
    """The decision after these steps."""


class FlipsTold(Fact):
    """The smallest changes that lead to one of some effects."""

    to: list[str]
    """The effects that these changes lead to."""
    actionable: list[FlipTold]
    """Changes that somebody can make."""
    hypothetical: list[FlipTold]
    """Changes that nobody can make. They show what the verdict depends on."""
    not_tried: list[str]
    """Variables for which no other values were tried."""
    most_steps: int
    """The most steps that were tried together."""


def flips_told(found: Iterable[Flips], catalog: AppCatalog) -> list[FlipsTold]:
    """Flips as facts."""
    return [
        FlipsTold(
            to=[effect.value for effect in sorted(each.wanted)],
            actionable=[_flip(flip, catalog) for flip in each.actionable],
            hypothetical=[_flip(flip, catalog) for flip in each.hypothetical],
            not_tried=list(each.untried),
            most_steps=MOST,
        )
        for each in found
    ]


def flip_lines(found: Iterable[FlipsTold]) -> Iterator[str]:
    """Flips as lines of text."""
    for each in found:
        yield f"What would {'let it in' if set(each.to) == LET_IN else 'keep it out'}"
        for flip in each.actionable:
            yield f"  if {_line(flip)}"
        if not each.actionable:
            yield f"  nothing that can be done was found, in up to {each.most_steps} steps"
        for flip in each.hypothetical:
            yield f"  only hypothetical: if {_line(flip)}"
        if each.not_tried:
            yield f"  not tried: other values of {', '.join(each.not_tried)}"


def step_told(step: Step, catalog: AppCatalog) -> str:
    """A step in words."""
    if step.what is What.WAIT and step.at:
        return phrase("it is asked again at %(at)s, and nothing was reported meanwhile", at=_time(step.at))
    if step.what is What.SHARE:
        rule, side = step.about
        if side == "out":
            return phrase("the person were outside the share of %(rule)s", rule=rule)
        return phrase("the person were in the share of %(rule)s", rule=rule)
    if step.what in (What.REMOVE_APPS, What.INSTALL_APP):
        return _apps(step, [catalog.name_of(key) for key in step.about])
    return _WORDS_ABOUT[step.what](step.about[0]) if step.about else _WORDS[step.what]


def _apps(step: Step, names: list[str]) -> str:
    if step.what is What.REMOVE_APPS:
        return plural(
            "%(apps)s is removed and the device reports so",
            "%(apps)s are removed and the device reports so",
            len(names),
            apps=listed(names, both),
        )
    more = [phrase("%(count)s others", count=len(names) - _NAMES)] if len(names) > _NAMES else []
    apps = listed([*names[:_NAMES], *more], either)
    return phrase("%(apps)s is installed and the device reports so", apps=apps)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _line(flip: FlipTold) -> str:
    return f"{', and '.join(step.words for step in flip.steps)}: {flip.then.effect} by {flip.then.rule}"


def _flip(flip: Flip, catalog: AppCatalog) -> FlipTold:
    steps = [
        StepTold(
            what=step.what.value,
            by=step.by.value,
            about=list(step.about),
            at=step.at,
            words=step_told(step, catalog),
        )
        for step in flip.steps
    ]
    found = flip.decision
    then = Then(effect=found.effect.value, rule=found.rule, reason=found.reason.value)
    return FlipTold(steps=steps, then=then)
