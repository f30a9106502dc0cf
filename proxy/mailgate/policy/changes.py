"""The differences between two policies, in words that need no knowledge of the files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mailgate.model.phrase import joined, phrase
from mailgate.policy.apps import AppCatalog
from mailgate.policy.rules import DEFAULT_RULE, Default, Policy, Rule


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the rules of two versions."""

    sign: str
    """`+` for new, `-` for removed, `~` for changed."""
    about: str
    """The subject: `rule ID`, `app KEY`, `list NAME` or `default`."""
    words: str
    """The difference in words."""

    def __str__(self) -> str:
        return str(self.in_one_line)

    @property
    def in_one_line(self) -> str:
        """The whole change in one line."""
        return joined((self.sign, joined((subject_in_words(self.about), self.words), ": ")), " ")


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every difference: rules in the order of the new policy, then the default, apps and lists."""
    return (*_rules(old, new), *_default(old.default, new.default), *_catalog(old.catalog, new.catalog))


def _rules(old: Policy, new: Policy) -> Iterator[Change]:
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    for index, rule in enumerate(new.rules):
        about = f"rule {rule.id}"
        if rule.id not in before:
            yield Change(
                "+",
                about,
                phrase("%(summary)s; %(place)s", summary=_summary(rule), place=_place(new.rules, index)),
            )
        else:
            yield from (Change("~", about, words) for words in _differences(before[rule.id], rule))
    for rule in old.rules:
        if rule.id not in after:
            yield Change("-", f"rule {rule.id}", phrase("%(summary)s no longer", summary=_summary(rule)))
    yield from _moved([name for name in before if name in after], [name for name in after if name in before])


def _summary(rule: Rule) -> str:
    return phrase(
        "%(does)s everybody who meets `%(condition)s`", does=_VERBS[rule.effect], condition=rule.when.text
    )


_VERBS: dict[str, str] = {
    "allow": phrase("lets in"),
    "warn": phrase("warns"),
    "challenge": phrase("challenges"),
    "block": phrase("keeps out"),
}


def _place(rules: tuple[Rule, ...], index: int) -> str:
    """The place of a rule in the order. It matters, since earlier rules take requests away from later ones."""
    if index + 1 < len(rules):
        return phrase("read before `%(rule)s`", rule=rules[index + 1].id)
    return phrase("read last")


def _moved(before: list[str], after: list[str]) -> Iterator[Change]:
    """Rules whose order has changed, which matters since the first rule that matches decides."""
    for name in after:
        if before[0] != name:
            above = "`, `".join(before[: before.index(name)])
            told = phrase("is read before `%(rules)s` now, was read after", rules=above)
            yield Change("~", f"rule {name}", told)
        before.remove(name)


def _differences(old: Rule, new: Rule) -> Iterator[str]:
    for name, was, now in _fields(fields_of(old), fields_of(new)):
        if name == "effect":
            yield _effect(was, now)
        else:
            yield _changed(name, was, now)


def _changed(name: str, was: str, now: str) -> str:
    words = _NAMES.get(name, f"`{name}`")
    if not was:
        return phrase("%(field)s is `%(now)s` now, was not given before", field=words, now=now)
    if not now:
        return phrase("%(field)s is not given any more, was `%(was)s`", field=words, was=was)
    return phrase("%(field)s is `%(now)s` now, was `%(was)s`", field=words, now=now, was=was)


def _effect(was: str, now: str) -> str:
    return phrase("%(does)s now, %(did)s before", does=_VERBS[now], did=_VERBS[was])


_NAMES: dict[str, str] = {
    "when": phrase("the condition"),
    "title": phrase("the title"),
    "reason": phrase("the reason"),
    "share": phrase("the share of people"),
    "groups": phrase("the groups whom it is about"),
    "grace": phrase("the grace for new devices"),
    "halt_when.block_rate": phrase("the share of kept-out people or requests at which it halts by itself"),
    "halt_when.of": phrase("what that share is counted of"),
    "halt_when.at_least": phrase("how many it must keep out before it halts by itself"),
    "halt_when.help_requests": phrase("how many who ask for help make it halt by itself"),
    "halt_when.within": phrase("the period in which people are counted before it halts"),
    "on_unavailable": phrase("what happens while the posture cannot be had"),
    "stages.report_only": phrase("the start of report-only"),
    "stages.warn": phrase("the start of warnings"),
    "stages.enforce": phrase("the start of enforcement"),
    "notice.fix": phrase("what people are told to do"),
    "notice.contact": phrase("whom people are told to ask"),
}


def fields_of(item: Rule | Default) -> dict[str, str]:
    """Every field as text, by its dotted name, without fields that are not given."""
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
        words = _effect(was, now) if name == "effect" else _changed(name, was, now)
        yield Change("~", DEFAULT_RULE, words)


def _catalog(old: AppCatalog, new: AppCatalog) -> Iterator[Change]:
    for key in _either(old.apps, new.apps):
        before, after = old.apps.get(key), new.apps.get(key)
        if after is None:
            yield Change("-", f"app {key}", phrase("is not listed any more, and not stored"))
        elif before is None:
            yield Change(
                "+",
                f"app {key}",
                phrase("%(app)s is listed; counts from each device's next report", app=after.name),
            )
        elif before != after:
            yield Change("~", f"app {key}", phrase("is recognised or shown in another way"))
    for name in _either(old.lists, new.lists):
        yield from _list(name, old, new)


def _list(name: str, before: AppCatalog, after: AppCatalog) -> Iterator[Change]:
    old, new = before.lists.get(name), after.lists.get(name)
    if old is None or new is None:
        words = (
            phrase("a new list of %(apps)s", apps=_words(new, after))
            if new is not None
            else phrase("is gone; it had %(apps)s", apps=_words(old or (), before))
        )
        yield Change("+" if old is None else "-", f"list {name}", words)
        return
    if gained := [key for key in new if key not in old]:
        yield Change("~", f"list {name}", phrase("has %(apps)s now", apps=_words(gained, after)))
    if lost := [key for key in old if key not in new]:
        yield Change("~", f"list {name}", phrase("has %(apps)s no longer", apps=_words(lost, before)))


def _words(keys: Iterable[str], catalog: AppCatalog) -> str:
    """Apps by name, with their keys in the file."""
    return ", ".join(f"{catalog.name_of(key)} (`{key}`)" for key in keys) or phrase("nothing")


def _either(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted({*old, *new})


def subject_in_words(about: str) -> str:
    """A subject in words: `rule ID`, `app KEY`, `list NAME` or `default`."""
    noun, _, name = about.partition(" ")
    told = {"rule": _named_rule, "app": _named_app, "list": _named_list}.get(noun) if name else None
    return told(name) if told else about


def _named_rule(name: str) -> str:
    return phrase("rule %(name)s", name=name)


def _named_app(name: str) -> str:
    return phrase("app %(name)s", name=name)


def _named_list(name: str) -> str:
    return phrase("list %(name)s", name=name)
