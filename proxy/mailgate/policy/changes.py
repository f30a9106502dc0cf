"""A version of the rules: its content, its digest, and the differences between two, in words that need no knowledge of the files.

Everything that a version says is said: fields are read from the models, so that a field that nobody thought of is named
by its name in the file.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from mailgate.model import Stage
from mailgate.model.apps import AppCatalog, ListedApp
from mailgate.model.fact import Words
from mailgate.model.phrase import Phrase, code, joined, phrase, plural, time_of
from mailgate.policy.cases import Case, CasesFile
from mailgate.policy.people import Groups
from mailgate.policy.rules import DEFAULT_RULE, Default, Policy, Rule
from mailgate.policy.stages import softened


class VersionContent(Protocol):
    """Everything that a version of the rules consists of."""

    @property
    def policy(self) -> Policy:
        """The rules, the default, apps and lists."""

    @property
    def groups(self) -> Groups:
        """The members of groups."""

    @property
    def cases(self) -> CasesFile:
        """The cases that must hold."""


def digest_of_texts(texts: Mapping[str, str]) -> str:
    """The SHA-256 of all texts of a version with their names, including comments. It is computed again whenever the version
    is put in force; a stored digest is not believed."""
    return sha256(json.dumps(dict(texts), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the rules of two versions."""

    sign: str
    """`+` for new, `-` for removed, `~` for changed."""
    about: str
    """The subject: `rule ID`, `app KEY`, `list NAME`, `group NAME`, `case NAME` or `default`."""
    words: Words
    """The difference in words."""

    def __str__(self) -> str:
        return str(self.in_one_line)

    @property
    def in_one_line(self) -> str:
        return joined((self.sign, joined((subject_in_words(self.about), self.words), ": ")), " ")


def changes(old: VersionContent, new: VersionContent) -> tuple[Change, ...]:
    """Every difference: rules in the order of the new version, then the default, apps, lists, groups and cases."""
    found = policy_changes(old.policy, new.policy)
    return (*found, *_groups(old.groups, new.groups), *_cases(old.cases, new.cases))


def policy_changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """The differences of rules, default, apps and lists."""
    default = (Change("~", DEFAULT_RULE, words) for words in _differences(old.default, new.default))
    return (*_rules(old, new), *default, *_catalog(old.catalog, new.catalog))


def _rules(old: Policy, new: Policy) -> Iterator[Change]:
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    for index, rule in enumerate(new.rules):
        about = f"rule {rule.id}"
        if rule.id not in before:
            place = _place(new.rules, index)
            yield Change(
                "+", about, phrase("%(summary)s; %(place)s", summary=_summary(rule, _DOES), place=place)
            )
            yield from (Change("+", about, words) for words in _further(rule))
        else:
            yield from (Change("~", about, words) for words in _differences(before[rule.id], rule))
    for rule in old.rules:
        if rule.id not in after:
            yield Change("-", f"rule {rule.id}", phrase("is gone; %(summary)s", summary=_summary(rule, _DID)))
            yield from (Change("-", f"rule {rule.id}", words) for words in _further(rule))
    yield from _moved([name for name in before if name in after], [name for name in after if name in before])


def _summary(rule: Rule, verbs: Mapping[str, str]) -> str:
    told: dict[str, object] = {"does": verbs[_at_last(rule)], "condition": rule.when.text}
    told |= {"groups": ", ".join(rule.groups), "share": _written(rule.share)}
    if rule.groups and rule.share < 1:
        return phrase(
            "%(does)s everybody in %(groups)s who meets `%(condition)s`, but only %(share)s of them, always the same people",
            **told,
        )
    if rule.groups:
        return phrase("%(does)s everybody in %(groups)s who meets `%(condition)s`", **told)
    if rule.share < 1:
        return phrase(
            "%(does)s everybody who meets `%(condition)s`, but only %(share)s of them, always the same people",
            **told,
        )
    return phrase("%(does)s everybody who meets `%(condition)s`", **told)


def _at_last(rule: Rule) -> str:
    """What a rule does in its last stage."""
    last = rule.stages.starts()[-1][0] if rule.stages else Stage.ENFORCE
    return "watch" if last is Stage.REPORT_ONLY else softened(rule.effect, last).value


def _further(rule: Rule) -> Iterator[str]:
    if _at_last(rule) != rule.effect:
        yield _said("effect", rule.effect.value)
    least = fields_of(Rule.model_construct(id=rule.id, when=rule.when, effect=rule.effect))
    for name, value in fields_of(rule).items():
        if name not in ("share", "groups") and value != least.get(name):
            yield _said(name, value)


def _said(name: str, value: str) -> str:
    return phrase("%(field)s: %(value)s", field=_name_of(name), value=_shown(name, value))


def _shown(name: str, value: str) -> Phrase:
    """The value of a field: a date in the form of the reader, all else as it is in the file."""
    return time_of(datetime.fromisoformat(value)) if name.startswith("stages.") else code(value)


def _name_of(field: str) -> str:
    """The words for a field. A text in several languages is a field for each."""
    text, _, language = field.rpartition(".")
    if field in _NAMES or text not in _NAMES:
        return _NAMES.get(field) or code(field)
    return phrase("%(field)s (%(language)s)", field=_NAMES[text], language=language)


_DOES: dict[str, str] = {
    "allow": phrase("gives mail to"),
    "warn": phrase("warns"),
    "challenge": phrase("asks for proof from"),
    "block": phrase("blocks"),
    "watch": phrase("only watches"),
}
_DID: dict[str, str] = {
    "allow": phrase("it gave mail to"),
    "warn": phrase("it warned"),
    "challenge": phrase("it asked for proof from"),
    "block": phrase("it blocked"),
    "watch": phrase("it only watched"),
}


def _place(rules: tuple[Rule, ...], index: int) -> str:
    """The place of a rule in the order. It matters, since earlier rules take requests away from later ones."""
    if index + 1 < len(rules):
        return phrase("read before `%(rule)s`", rule=rules[index + 1].id)
    return phrase("read last")


def _moved(before: list[str], after: list[str]) -> Iterator[Change]:
    for name in after:
        if before[0] != name:
            above = joined(map(code, before[: before.index(name)]))
            told = phrase("is read before %(rules)s now, was read after", rules=above)
            yield Change("~", f"rule {name}", told)
        before.remove(name)


def _differences(old: Rule | Default, new: Rule | Default) -> Iterator[str]:
    for name, was, now in _fields(fields_of(old), fields_of(new)):
        if name == "effect":
            yield phrase("%(does)s people now; before: %(did)s", does=_DOES[now], did=_DOES[was])
        else:
            yield _changed(name, was, now)


def _changed(name: str, was: str, now: str) -> str:
    words = _name_of(name)
    if not was:
        return phrase("%(field)s is %(now)s now, was not given before", field=words, now=_shown(name, now))
    if not now:
        return phrase("%(field)s is not given any more, was %(was)s", field=words, was=_shown(name, was))
    told = {"field": words, "now": _shown(name, now), "was": _shown(name, was)}
    return phrase("%(field)s is %(now)s now, was %(was)s", **told)


_NAMES: dict[str, str] = {
    "effect": phrase("what it would do if it applied"),
    "when": phrase("the condition"),
    "title": phrase("the title"),
    "reason": phrase("the reason"),
    "share": phrase("the share of people"),
    "groups": phrase("the groups whom it is about"),
    "grace": phrase("the grace for new devices"),
    "halt_when.block_rate": phrase("the share of refused people or requests at which it stops by itself"),
    "halt_when.of": phrase("what that share is counted of"),
    "halt_when.at_least": phrase("how many it must refuse before it stops by itself"),
    "halt_when.help_requests": phrase("how many people who ask for help make it stop by itself"),
    "halt_when.within": phrase("the time in which people are counted before it stops by itself"),
    "self_service.hours": phrase("for how many hours people may let themselves in"),
    "self_service.once_per": phrase("how long after that they may do it again"),
    "self_service.reason": phrase("whether they have to say why"),
    "on_unavailable": phrase("what happens if a source is down"),
    "stages.report_only": phrase("the day from which it watches"),
    "stages.warn": phrase("the day from which it warns"),
    "stages.enforce": phrase("the day from which it applies"),
    "notice.fix": phrase("what people are told to do"),
    "notice.contact": phrase("whom people are told to ask"),
    "notice.send": phrase("whether its notices start by themselves on its dates"),
    "name": phrase("the name"),
    "vendor": phrase("the vendor"),
    "android": phrase("the packages on Android"),
    "ios": phrase("the bundles on iOS"),
    "names": phrase("the names at sources"),
    "publishers": phrase("the publishers"),
    "extensions": phrase("the browser extensions"),
}
"""The words for the fields of rules, defaults and apps."""


def fields_of(item: Rule | Default | Case) -> dict[str, str]:
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
    return ", ".join(map(_item, value)) if isinstance(value, list) else str(value)


def _item(value: object) -> str:
    """An element of a list. One with a comma is quoted, so that it is not taken for two."""
    return json.dumps(value, ensure_ascii=False) if "," in str(value) else str(value)


def _fields(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys((*new, *old)):
        if old.get(name, "") != new.get(name, ""):
            yield name, old.get(name, ""), new.get(name, "")


def _catalog(old: AppCatalog, new: AppCatalog) -> Iterator[Change]:
    for key in _either(old.apps, new.apps):
        yield from _app(f"app {key}", old.apps.get(key), new.apps.get(key))
    for name in _either(old.lists, new.lists):
        yield from _list(name, old, new)


def _app(about: str, before: ListedApp | None, after: ListedApp | None) -> Iterator[Change]:
    if after is None:
        yield Change("-", about, phrase("is not listed any more, and not stored"))
    elif before is None:
        yield Change(
            "+", about, phrase("%(app)s is listed; counts from each device's next report", app=after.name)
        )
    if after is not None:
        sign, was = ("~", _fields_of_app(before)) if before else ("+", {})
        for name, earlier, now in _fields(was, _fields_of_app(after)):
            if before or name != "name":
                yield Change(sign, about, _changed(name, earlier, now) if before else _said(name, now))


def _fields_of_app(app: ListedApp) -> dict[str, str]:
    fields = {name: list(each) if isinstance(each, tuple) else each for name, each in asdict(app).items()}
    return {name: _written(value) for name, value in fields.items() if name != "key"}


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
        yield Change("~", f"list {name}", phrase("no longer has %(apps)s", apps=_words(lost, before)))


_KNOWN = phrase("groups are known: a rule for groups is about their members alone")
_UNKNOWN = phrase("no groups are known: a rule that refuses groups refuses everybody")


def _groups(old: Groups, new: Groups) -> Iterator[Change]:
    before, after = old.members(), new.members()
    if old.known is not new.known:
        yield Change("+", "groups", _KNOWN) if new.known else Change("-", "groups", _UNKNOWN)
    for name in _either(before, after):
        was, now = set(before.get(name, ())), set(after.get(name, ()))
        about = f"group {name}"
        if not was:
            yield Change("+", about, plural("has %(count)s member", "has %(count)s members", len(now)))
        elif not now:
            yield Change("-", about, plural("had %(count)s member", "had %(count)s members", len(was)))
        else:
            yield from (Change("~", about, words) for words in _members(was, now))


def _members(was: set[str], now: set[str]) -> Iterator[str]:
    joined_it, left = len(now - was), len(was - now)
    if joined_it:
        yield plural("%(count)s member joins", "%(count)s members join", joined_it)
    if left:
        yield plural("%(count)s member leaves", "%(count)s members leave", left)


def _cases(old: CasesFile, new: CasesFile) -> Iterator[Change]:
    before, after = ({each.name: each for each in cases.tests} for cases in (old, new))
    for name in _either(before, after):
        if name not in before:
            yield Change("+", f"case {name}", phrase("has to hold now"))
        elif name not in after:
            yield Change("-", f"case {name}", phrase("need not hold any more"))
        elif before[name] != after[name]:
            fields = _fields(fields_of(before[name]), fields_of(after[name]))
            told = [_changed(each, was, now) for each, was, now in fields]
            told = told or [phrase("asks or expects something else")]
            yield from (Change("~", f"case {name}", words) for words in told)


def _words(keys: Iterable[str], catalog: AppCatalog) -> str:
    return joined(phrase("%(app)s (`%(key)s`)", app=catalog.name_of(key), key=key) for key in keys) or phrase(
        "nothing"
    )


def _either(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted({*old, *new})


def subject_in_words(about: str) -> str:
    """A subject of a ``Change`` in words."""
    noun, _, name = about.partition(" ")
    told = _SUBJECTS.get(noun) if name else None
    return told(name) if told else about


_SUBJECTS: Mapping[str, Callable[[str], str]] = {
    "rule": lambda name: phrase("rule %(name)s", name=name),
    "app": lambda name: phrase("app %(name)s", name=name),
    "list": lambda name: phrase("list %(name)s", name=name),
    "group": lambda name: phrase("group %(name)s", name=name),
    "case": lambda name: phrase("test case %(name)s", name=name),
}
