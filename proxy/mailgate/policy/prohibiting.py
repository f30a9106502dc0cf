"""Where a rule that prohibits an app stands among the other rules, so that it decides whom they let in and changes nothing for whom they
keep out."""

from collections.abc import Mapping
from dataclasses import dataclass

from mailgate.model import Kind
from mailgate.policy.edits import ProhibitEdit
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.variables import ENVIRONMENT

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
    """The place of a new rule: before the first rule that lets in whom it is about and after which none keeps them out. There a warning
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
