"""Small changes of the rules, made without editing a file: the change itself, whether a policy has it, its title, and where a new
rule stands among the others. Files that are older than such a change would take it back, which is found here too."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from itertools import combinations
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, WithJsonSchema

from mailgate.model import Kind
from mailgate.model.phrase import day, phrase, time_of
from mailgate.policy.changes import Change, fields_of, policy_changes
from mailgate.policy.rules import DEFAULT_RULE, Policy, Rule
from mailgate.policy.variables import ENVIRONMENT
from mailgate.policy.written import SHARE, Key, Strict, Text, read_moment, share_of

PolicyPath = tuple[str, ...]
"""The subject of a ``Change``, and the names of the part that it is about."""


def taken_back(base: Policy, active: Policy, files: Policy) -> tuple[Change, ...]:
    """The changes of the policy in force since ``base`` that the files lack."""
    before, now, then = places(base), places(active), places(files)
    put = {place for place in {*before, *now} if before.get(place) != now.get(place)}
    lost = {place[0] for place in put if now.get(place) != then.get(place)}
    return tuple(each for each in policy_changes(files, active) if each.about in lost)


def places(policy: Policy) -> Mapping[PolicyPath, str]:
    """Everything in a policy, by its place. Equal policies have the same places."""
    return dict(_places(policy))


def _places(policy: Policy) -> Iterator[tuple[PolicyPath, str]]:
    for rule in policy.rules:
        for name, value in fields_of(rule).items():
            yield (f"rule {rule.id}", name), value
    for earlier, later in combinations(policy.rules, 2):
        yield (f"rule {later.id}", "is read after", earlier.id), ""
    for name, value in fields_of(policy.default).items():
        yield (DEFAULT_RULE, name), value
    for key, app in policy.catalog.apps.items():
        yield (f"app {key}",), repr(app)
    for name, keys in policy.catalog.lists.items():
        yield (f"list {name}",), ""
        for key in keys:
            yield (f"list {name}", key), ""


def _that_is_read(read: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


WrittenMoment = Annotated[
    str,
    _that_is_read(read_moment),
    # a pattern would allow 31 June
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}),
]
"""A date, which is midnight UTC, or a time with its zone, as it is written into the file."""
WrittenShare = Annotated[str, _that_is_read(share_of), WithJsonSchema({"type": "string", "pattern": SHARE})]
"""A percentage, as it is written into the file."""

DatedStage = Literal["report_only", "warn", "enforce"]
DATED_STAGES: tuple[str, ...] = get_args(DatedStage)
"""The stages with a date, in order."""


class ListEdit(Strict):
    """Adds a listed app to a list, or removes it."""

    change: Literal["join-list", "leave-list"]
    """The kind of change."""
    app: Key
    """The key of the app."""
    list: Key
    """The list."""

    @property
    def place(self) -> PolicyPath:
        return f"list {self.list}", self.app

    def is_in(self, policy: Policy) -> bool:
        return (self.app in policy.catalog.lists.get(self.list, ())) is (self.change == "join-list")

    def title(self, policy: Policy) -> str:
        told = {"app": policy.catalog.name_of(self.app), "list": self.list}
        if self.change == "join-list":
            return phrase("%(app)s joins the %(list)s list", **told)
        return phrase("%(app)s leaves the %(list)s list", **told)


class StageEdit(Strict):
    """Moves the start of a stage of a rule, or gives it a stage that it lacks."""

    change: Literal["move-stage"]
    """The kind of change."""
    rule: Key
    """The rule's id."""
    stage: DatedStage
    """The stage. A rule without stages is enforced; with its first stage it has no effect before that starts."""
    at: WrittenMoment
    """The new start."""

    @property
    def place(self) -> PolicyPath:
        return f"rule {self.rule}", f"stages.{self.stage}"

    def is_in(self, policy: Policy) -> bool:
        rule = rule_of(policy, self.rule)
        start: datetime | None = getattr(rule.stages, self.stage) if rule and rule.stages else None
        return start == read_moment(self.at)

    def title(self, policy: Policy) -> str:
        told = {"rule": _called(policy, self.rule), "at": _starts(read_moment(self.at))}
        match self.stage:
            case "report_only":
                return phrase("%(rule)s: starts to watch %(at)s", **told)
            case "warn":
                return phrase("%(rule)s: starts to warn %(at)s", **told)
            case "enforce":
                return phrase("%(rule)s: starts to apply %(at)s", **told)


class ShareEdit(Strict):
    """Changes a rule's share of people."""

    change: Literal["set-share"]
    """The kind of change."""
    rule: Key
    """The rule's id."""
    share: WrittenShare
    """The new share."""

    @property
    def place(self) -> PolicyPath:
        return f"rule {self.rule}", "share"

    def is_in(self, policy: Policy) -> bool:
        rule = rule_of(policy, self.rule)
        return rule is not None and rule.share == share_of(self.share)

    def title(self, policy: Policy) -> str:
        rule = _called(policy, self.rule)
        return phrase("%(rule)s: applies to %(share)s of people", rule=rule, share=self.share)


Where = Literal["handhelds", "phones", "tablets"]


class ProhibitEdit(Strict):
    """Prohibits an app on phones, tablets or both by a rule of its own, which may warn before it blocks."""

    change: Literal["prohibit"]
    """The kind of change."""
    app: Key
    """The key of the app."""
    rule: Key
    """The id of the new rule."""
    words: Text
    """Its title, which people read when it meets them."""
    where: Where = "handhelds"
    """The devices that it is about. One of which nobody knows whether it is a phone or a tablet counts as both."""
    groups: tuple[Text, ...] = ()
    """The groups that it is about; if left out, everybody."""
    share: WrittenShare = "100%"
    """The share of people."""
    warn: WrittenMoment | None = None
    """When it begins to warn; if left out, it never only warns."""
    block: WrittenMoment | None = None
    """When it begins to block; if left out, as soon as it is in force."""
    contact: Text | None = None
    """The person or office to ask."""
    send: Literal["on_dates"] | None = None
    """Starts its notices when it comes in force and on its dates; if left out, a person starts them."""

    @property
    def place(self) -> PolicyPath:
        return (f"rule {self.rule}",)

    def is_about(self, place: PolicyPath) -> bool:
        """Whether a new rule changes this place of a policy: its own fields, and what is read before or after it."""
        return place[0] == self.place[0] or place[1:] == ("is read after", self.rule)

    @property
    def when(self) -> str:
        """Its condition. An unknown kind of device is left out by neither part, since it may be either."""
        kind = {"phones": ' && client.kind != "tablet"', "tablets": ' && client.kind != "phone"'}.get(
            self.where, ""
        )
        return f'client.handheld{kind} && "{self.app}" in device.apps'

    @property
    def fields(self) -> Mapping[str, object]:
        """The rule as a file has it."""
        share = "" if share_of(self.share) == 1 else self.share
        starts = {"warn": self.warn} if self.warn else {}
        stages = starts | {"enforce": self.block} if self.block else {}
        more = {"groups": self.groups, "share": share, "stages": stages}
        told = {"fix": "remove-app"} | ({"contact": self.contact} if self.contact else {})
        told |= {"send": self.send} if self.send else {}
        head = {"id": self.rule, "title": self.words, "when": self.when, "effect": "block"}
        return head | {name: value for name, value in more.items() if value} | {"notice": told}

    def is_in(self, policy: Policy) -> bool:
        rule = rule_of(policy, self.rule)
        return rule is not None and fields_of(rule) == fields_of(Rule.model_validate(self.fields))

    def title(self, policy: Policy) -> str:
        return phrase("Prohibit %(app)s", app=policy.catalog.name_of(self.app))


Edit = Annotated[ListEdit | StageEdit | ShareEdit | ProhibitEdit, Field(discriminator="change")]
"""One small change: ``place`` is what it changes, ``is_in`` whether a policy has it, ``title`` its title."""


def rule_of(policy: Policy, name: str) -> Rule | None:
    return next((rule for rule in policy.rules if rule.id == name), None)


def _starts(at: datetime) -> str:
    return day(at) if at.time() == time.min else time_of(at)


def _called(policy: Policy, name: str) -> str:
    rule = rule_of(policy, name)
    return str(rule.title or name) if rule else name


_KINDS = {
    "handhelds": (Kind.PHONE, Kind.TABLET, Kind.MAIL_APP),
    "phones": (Kind.PHONE, Kind.MAIL_APP),
    "tablets": (Kind.TABLET, Kind.MAIL_APP),
}


@dataclass(frozen=True, slots=True)
class RulePlace:
    """A place among the rules of a policy."""

    index: int | None
    """The rule before which it stands, or their number for the end; None if no rule lets in whom it is about."""
    softens: bool = False
    """Whether a warning there may let in somebody whom the rules keep out: a rule after it, or the default, may."""
    before: tuple[str, ...] = ()
    """The rules read before it that let some of them in all the same."""


def place_for(policy: Policy, edit: ProhibitEdit) -> RulePlace:
    """The place of a rule that prohibits an app, so that it decides whom the others let in and changes nothing for whom they keep out:
    before the first rule that lets in whom it is about and after which none keeps them out. There a warning
    takes the place of mail, and of no refusal."""
    found = [(place, rule, _holds(rule, edit)) for place, rule in enumerate(policy.rules)]
    meant = [(place, rule, holds) for place, rule, holds in found if holds is not False]
    keeping = [place for place, rule, _ in meant if rule.keeps_out]
    letting = [place for place, rule, _ in meant if not rule.keeps_out]
    last, open_by_default = max(keeping, default=-1), policy.default.effect.value in ("allow", "warn")
    behind = [place for place in letting if place > last]
    if not letting and not open_by_default:
        return RulePlace(None)
    index = behind[0] if behind else len(policy.rules) if open_by_default else letting[0]
    surely = any(holds and place >= index and _is_for_everybody(rule) for place, rule, holds in meant)
    softens = last > index or not (open_by_default or surely)
    return RulePlace(index, softens, tuple(policy.rules[place].id for place in letting if place < index))


def _holds(rule: Rule, edit: ProhibitEdit) -> bool | None:
    """Whether a rule's condition holds for the devices that an edit is about; None if for some, or if that depends on more, as on
    their other apps."""
    known = [{"client.handheld": True, "client.kind": kind.value} for kind in _KINDS[edit.where]]
    found = {_outcome(rule, {**each, "device.apps": [edit.app]}) for each in known}
    if found != {False} or rule.keeps_out:
        found |= {_outcome(rule, each) for each in known}
    return found.pop() if len(found) == 1 else None


def _outcome(rule: Rule, values: Mapping[str, object]) -> bool | None:
    return rule.when.outcome(ENVIRONMENT.Activation(dict(values)))


def _is_for_everybody(rule: Rule) -> bool:
    return not rule.keeps_out and rule.stages is None and rule.share == 1 and not rule.groups
