"""The differences between two policies as titles, in the words of an admin."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from mailgate.model import Effect, Stage
from mailgate.model.apps import AppCatalog
from mailgate.model.phrase import joined_by_and, phrase, plural
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.stages import softened

Headline = tuple[str, datetime | None]
"""The words, and the date that follows them, or None."""

_DOES = {
    Effect.ALLOW: phrase("gives people mail"),
    Effect.WARN: phrase("warns people"),
    Effect.CHALLENGE: phrase("asks people for proof"),
    Effect.BLOCK: phrase("blocks people"),
}
_STARTS = {Stage.REPORT_ONLY: phrase("watches from"), Stage.WARN: phrase("warns from")}


def headlines(old: Policy, new: Policy, now: datetime) -> list[Headline]:
    """The changes, the most important first: lists, then rules in their order, then the default, then apps."""
    return [
        *((words, None) for words in _lists(old.catalog, new.catalog)),
        *_rules(old, new, now),
        *((words, None) for words in _default(old, new)),
        *((words, None) for words in _apps(old.catalog, new.catalog)),
    ]


def _lists(old: AppCatalog, new: AppCatalog) -> Iterator[str]:
    for name in sorted({*old.lists, *new.lists}):
        before, after = old.lists.get(name), new.lists.get(name)
        if before is None:
            yield phrase("New list %(list)s with %(apps)s", list=name, apps=_names(new, after or ()))
        elif after is None:
            yield phrase("The %(list)s list is removed", list=name)
        else:
            gained = [key for key in after if key not in before]
            lost = [key for key in before if key not in after]
            if gained:
                yield plural(
                    "%(apps)s joins the %(list)s list",
                    "%(apps)s join the %(list)s list",
                    len(gained),
                    apps=_names(new, gained),
                    list=name,
                )
            if lost:
                yield plural(
                    "%(apps)s leaves the %(list)s list",
                    "%(apps)s leave the %(list)s list",
                    len(lost),
                    apps=_names(old, lost),
                    list=name,
                )


def _names(catalog: AppCatalog, keys: Iterable[str]) -> str:
    first, *others = [catalog.name_of(key) for key in keys] or [phrase("nothing")]
    if len(others) == 1:
        return joined_by_and(first, others[0])
    return phrase("%(first)s and %(count)s others", first=first, count=str(len(others))) if others else first


def _rules(old: Policy, new: Policy, now: datetime) -> Iterator[Headline]:
    before = {rule.id: rule for rule in old.rules}
    for rule in new.rules:
        if rule.id not in before:
            yield _new(rule, now)
        elif rule.model_dump(mode="json") != before[rule.id].model_dump(mode="json"):
            words, at = _changed(before[rule.id], rule, now)
            yield phrase("“%(rule)s” %(words)s", rule=rule.title or rule.id, words=words), at
    after = {rule.id for rule in new.rules}
    yield from ((phrase("“%(rule)s” is removed", rule=name), None) for name in before if name not in after)
    order = [name for name in before if name in after]
    if order != [rule.id for rule in new.rules if rule.id in before]:
        yield phrase("Rules are read in another order"), None


def _new(rule: Rule, now: datetime) -> Headline:
    stage, name = rule.stage_at(now), rule.title or rule.id
    if rule.stages is None or stage is Stage.ENFORCE:
        return phrase("New rule “%(rule)s” %(does)s", rule=name, does=_DOES[rule.effect]), None
    if stage is Stage.PENDING:
        return phrase("“%(rule)s” starts on", rule=name), rule.stages.next_start(now)
    words = phrase("“%(rule)s” %(words)s", rule=name, words=_starts(rule, stage))
    return words, dict(rule.stages.starts())[stage]


def _changed(old: Rule, new: Rule, now: datetime) -> Headline:
    stage = new.stage_at(now)
    if old.effect is not new.effect and stage in (Stage.WARN, Stage.ENFORCE):
        return phrase("%(does)s now", does=_DOES[softened(new.effect, stage)]), None
    if old.effect is not new.effect:
        return phrase("would do something else"), None
    if old.stages != new.stages:
        return _stages(old, new)
    if old.share != new.share:
        return phrase("applies to %(share)s%% of people", share=new.share * 100), None
    if old.groups != new.groups:
        if not new.groups:
            return phrase("applies to everybody"), None
        return phrase("applies to %(groups)s", groups=", ".join(new.groups)), None
    if old.when.text != new.when.text:
        return phrase("has another condition"), None
    return phrase("changes in detail"), None


def _stages(old: Rule, new: Rule) -> Headline:
    before = dict(old.stages.starts()) if old.stages else {}
    after = dict(new.stages.starts()) if new.stages else {}
    for stage, at in after.items():
        if before.get(stage) != at:
            return _starts(new, stage), at
    return phrase("has fewer stages") if after else phrase("%(does)s at once", does=_DOES[new.effect]), None


def _starts(rule: Rule, stage: Stage) -> str:
    return phrase("%(does)s from", does=_DOES[rule.effect]) if stage is Stage.ENFORCE else _STARTS[stage]


def _default(old: Policy, new: Policy) -> Iterator[str]:
    if old.default.effect is not new.default.effect:
        yield phrase("The rule for everybody else %(does)s now", does=_DOES[new.default.effect])
    elif old.default != new.default:
        yield phrase("The rule for everybody else changes in detail")


def _apps(old: AppCatalog, new: AppCatalog) -> Iterator[str]:
    gained = [key for key in new.apps if key not in old.apps]
    lost = [key for key in old.apps if key not in new.apps]
    changed = [key for key in new.apps if key in old.apps and new.apps[key] != old.apps[key]]
    if gained:
        yield plural("%(apps)s is listed", "%(apps)s are listed", len(gained), apps=_names(new, gained))
    if lost:
        yield plural(
            "%(apps)s is no longer listed", "%(apps)s are no longer listed", len(lost), apps=_names(old, lost)
        )
    if changed:
        yield plural(
            "%(apps)s is recognised in another way",
            "%(apps)s are recognised in another way",
            len(changed),
            apps=_names(new, changed),
        )
