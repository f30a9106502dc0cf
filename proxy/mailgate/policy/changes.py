"""The differences between two policies, in words that need no knowledge of either file."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mailgate.policy.apps import AppCatalog
from mailgate.policy.rules import DEFAULT_RULE, Default, Policy, Rule


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the rules of two versions."""

    sign: str
    """`+` new, `-` gone, `~` changed."""
    about: str
    """What it is about: `rule ID`, `app KEY`, `list NAME` or `default`."""
    words: str
    """What differs."""

    def __str__(self) -> str:
        return f"{self.sign} {self.about}: {self.words}"


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every difference: rules in the order of the new policy, then the default, apps and lists."""
    return (*_rules(old, new), *_default(old.default, new.default), *_catalog(old.catalog, new.catalog))


def _rules(old: Policy, new: Policy) -> Iterator[Change]:
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    for index, rule in enumerate(new.rules):
        about = f"rule {rule.id}"
        if rule.id not in before:
            yield Change("+", about, f"{_summary(rule)}; {_place(new.rules, index)}")
        else:
            yield from (Change("~", about, words) for words in _differences(before[rule.id], rule))
    for rule in old.rules:
        if rule.id not in after:
            yield Change("-", f"rule {rule.id}", f"{_summary(rule)} no longer")
    yield from _moved([name for name in before if name in after], [name for name in after if name in before])


def _summary(rule: Rule) -> str:
    return f"{_VERBS[rule.effect]} who meets `{rule.when.text}`"


_VERBS = {"allow": "lets in", "warn": "warns", "challenge": "challenges", "block": "keeps out"}


def _place(rules: tuple[Rule, ...], index: int) -> str:
    """The place at which a rule is read. It matters, since earlier rules take requests away from later ones."""
    return f"read before `{rules[index + 1].id}`" if index + 1 < len(rules) else "read last"


def _moved(before: list[str], after: list[str]) -> Iterator[Change]:
    """Rules that are read in another order, which matters since the first rule that matches decides."""
    for name in after:
        if before[0] != name:
            above = "`, `".join(before[: before.index(name)])
            yield Change("~", f"rule {name}", f"is read before `{above}` now, was read after")
        before.remove(name)


def _differences(old: Rule, new: Rule) -> Iterator[str]:
    for name, was, now in _fields(fields_of(old), fields_of(new)):
        if name == "effect":
            yield f"{_VERBS[now]} now, {_VERBS[was]} before"
        else:
            yield _changed(name, was, now)


def _changed(name: str, was: str, now: str) -> str:
    words = _NAMES.get(name, f"`{name}`")
    if not was:
        return f"{words} is `{now}` now, was not given before"
    return f"{words} is `{now}` now, was `{was}`" if now else f"{words} is not given any more, was `{was}`"


_NAMES = {
    "when": "the condition",
    "title": "the title",
    "reason": "the reason",
    "share": "the share of people",
    "groups": "the groups whom it is about",
    "grace": "the grace for new devices",
    "halt_when.block_rate": "the part of those who come at which it halts by itself",
    "halt_when.of": "what that part is of",
    "halt_when.at_least": "how many it must keep out before it halts by itself",
    "halt_when.help_requests": "how many who ask for help make it halt by itself",
    "halt_when.within": "the time in which it is counted what makes it halt",
    "on_unavailable": "what happens while the posture cannot be had",
    "stages.report_only": "the start of report-only",
    "stages.warn": "the start of warnings",
    "stages.enforce": "the start of enforcement",
    "notice.fix": "what people are told to do",
    "notice.contact": "whom people are told to ask",
}


def fields_of(item: Rule | Default) -> dict[str, str]:
    """Every field as text, by its dotted name. Fields that are not given are left out."""
    return dict(_flat(item.model_dump(mode="json", exclude_none=True), ""))


def _flat(fields: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, _written(value)


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value * 100:g}%"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fields(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys((*new, *old)):
        if old.get(name, "") != new.get(name, ""):
            yield name, old.get(name, ""), new.get(name, "")


def _default(old: Default, new: Default) -> Iterator[Change]:
    for name, was, now in _fields(fields_of(old), fields_of(new)):
        words = f"{_VERBS[now]} now, {_VERBS[was]} before" if name == "effect" else _changed(name, was, now)
        yield Change("~", DEFAULT_RULE, words)


def _catalog(old: AppCatalog, new: AppCatalog) -> Iterator[Change]:
    for key in _either(old.apps, new.apps):
        before, after = old.apps.get(key), new.apps.get(key)
        if after is None:
            yield Change("-", f"app {key}", "is not listed any more, and not stored")
        elif before is None:
            yield Change("+", f"app {key}", f"{after.name} is listed; counts from each device's next report")
        elif before != after:
            yield Change("~", f"app {key}", "is recognised or shown in another way")
    for name in _either(old.lists, new.lists):
        yield from _list(name, old.lists.get(name), new.lists.get(name))


def _list(name: str, old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> Iterator[Change]:
    if old is None or new is None:
        words = f"a new list of {_words(new)}" if new is not None else f"is gone; it had {_words(old or ())}"
        yield Change("+" if old is None else "-", f"list {name}", words)
        return
    if gained := [key for key in new if key not in old]:
        yield Change("+", f"list {name}", f"has {_words(gained)} now")
    if lost := [key for key in old if key not in new]:
        yield Change("-", f"list {name}", f"has {_words(lost)} no longer")


def _words(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys) or "nothing"


def _either(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted({*old, *new})
