"""The differences between two policies as titles: what an admin would call the change."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from mailgate.model import Effect, Stage
from mailgate.policy.apps import AppCatalog
from mailgate.policy.rules import Policy, Rule

Headline = tuple[str, datetime | None]
"""Words, and the date that follows them where they have one."""

_DOES = {
    Effect.ALLOW: "lets people in",
    Effect.WARN: "warns people",
    Effect.CHALLENGE: "asks people for proof",
    Effect.BLOCK: "keeps people out",
}
_STARTS = {
    Stage.REPORT_ONLY: "only reports from",
    Stage.WARN: "warns from",
    Stage.ENFORCE: "is enforced from",
}


def headlines(old: Policy, new: Policy, now: datetime) -> list[Headline]:
    """What changes, the weightiest first: lists, then rules in their order, then everybody else, then apps."""
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
            yield f"New list {name} with {_names(new, after or ())}"
        elif after is None:
            yield f"The {name} list is removed"
        else:
            gained = [key for key in after if key not in before]
            lost = [key for key in before if key not in after]
            if gained:
                yield f"{_names(new, gained)} {'joins' if len(gained) == 1 else 'join'} the {name} list"
            if lost:
                yield f"{_names(old, lost)} {'leaves' if len(lost) == 1 else 'leave'} the {name} list"


def _names(catalog: AppCatalog, keys: Iterable[str]) -> str:
    first, *others = [catalog.name_of(key) for key in keys] or ["nothing"]
    if len(others) == 1:
        return f"{first} and {others[0]}"
    return f"{first} and {len(others)} others" if others else first


def _rules(old: Policy, new: Policy, now: datetime) -> Iterator[Headline]:
    before = {rule.id: rule for rule in old.rules}
    for rule in new.rules:
        if rule.id not in before:
            yield _new(rule, now)
        elif rule.model_dump(mode="json") != before[rule.id].model_dump(mode="json"):
            words, at = _changed(before[rule.id], rule)
            yield f"Rule '{rule.id}' {words}", at
    after = {rule.id for rule in new.rules}
    yield from ((f"Rule '{name}' is removed", None) for name in before if name not in after)
    order = [name for name in before if name in after]
    if order != [rule.id for rule in new.rules if rule.id in before]:
        yield "Rules are read in another order", None


def _new(rule: Rule, now: datetime) -> Headline:
    coming = [at for _, at in rule.stages.starts() if at > now] if rule.stages else []
    started = rule.stages is not None and len(coming) < len(rule.stages.starts())
    if coming and not started:
        return f"Rule '{rule.id}' starts on", coming[0]
    return f"New rule '{rule.id}' {_DOES[rule.effect]}", None


def _changed(old: Rule, new: Rule) -> Headline:
    """The weightiest thing that differs in a rule."""
    if old.effect is not new.effect:
        return f"{_DOES[new.effect]} now", None
    if old.stages != new.stages:
        return _stages(old, new)
    if old.share != new.share:
        return f"applies to {new.share * 100:g} % of people", None
    if old.groups != new.groups:
        return f"applies to {', '.join(new.groups) or 'everybody'}", None
    if old.when.text != new.when.text:
        return "has another condition", None
    return "changes in detail", None


def _stages(old: Rule, new: Rule) -> Headline:
    before = dict(old.stages.starts()) if old.stages else {}
    after = dict(new.stages.starts()) if new.stages else {}
    for stage, at in after.items():
        if before.get(stage) != at:
            return _STARTS[stage], at
    return ("has fewer stages", None) if after else ("is enforced at once", None)


def _default(old: Policy, new: Policy) -> Iterator[str]:
    if old.default.effect is not new.default.effect:
        yield f"The default {_DOES[new.default.effect]} now"
    elif old.default != new.default:
        yield "The default changes in detail"


def _apps(old: AppCatalog, new: AppCatalog) -> Iterator[str]:
    gained = [key for key in new.apps if key not in old.apps]
    lost = [key for key in old.apps if key not in new.apps]
    changed = [key for key in new.apps if key in old.apps and new.apps[key] != old.apps[key]]
    if gained:
        yield f"{_names(new, gained)} {'is' if len(gained) == 1 else 'are'} listed"
    if lost:
        yield f"{_names(old, lost)} {'is' if len(lost) == 1 else 'are'} no longer listed"
    if changed:
        yield f"{_names(new, changed)} {'is' if len(changed) == 1 else 'are'} recognised in another way"
