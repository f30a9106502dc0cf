"""The rules of one version: policy, apps and lists, groups, and cases, read from files or from stored texts."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Field, StringConstraints, Tag

from mailgate.config.document import Document
from mailgate.config.document import Path as Place
from mailgate.config.files import FilesReading
from mailgate.config.settings import Files
from mailgate.errors import ConfigError, Mistake
from mailgate.model.apps import AppCatalog, ListedApp
from mailgate.model.phrase import did_you_mean, phrase
from mailgate.policy.cases import CasesFile
from mailgate.policy.changes import digest_of_texts
from mailgate.policy.people import NO_GROUPS, NO_LOGINS, Groups, Logins
from mailgate.policy.reliefs import Reliefs
from mailgate.policy.rules import RESERVED, Policy, PolicyFile, policy_context, repeated_ids
from mailgate.policy.written import App, AppList, Key, Strict, Text


class ListFile(Strict):
    """A list that is kept in a file of its own."""

    file: Text
    """The path, relative to the folder of this file."""


AppListOrFile = Annotated[
    Annotated[tuple[Key, ...], Tag("<keys>")] | Annotated[ListFile, Tag("<file>")],
    Discriminator(lambda value: "<file>" if isinstance(value, dict | ListFile) else "<keys>"),
]


class AppsFile(Strict):
    """``apps.yaml``: the only apps that are ever stored, and the lists that rules name."""

    apps: Mapping[Key, App] = Field(min_length=1)
    lists: Mapping[Key, AppListOrFile] = Field(default_factory=dict)


def read_catalog(path: Path, reading: FilesReading) -> AppCatalog | None:
    """The catalogue; None if there are mistakes, which are noted, those of list files too."""
    before = len(reading.mistakes)
    document = reading.document(path)
    file = reading.model(AppsFile, document, {})
    known = tuple(_written(document, "apps"))
    lists = {
        name: _list_file(path.parent / ref, known, reading) for name, ref in _list_files(document).items()
    }
    if file is None or document is None:
        return None
    for name, keys in file.lists.items():
        if not isinstance(keys, ListFile):
            _check_keys(keys, known, document, ("lists", name), reading)
            lists[name] = keys
    apps = {
        key: ListedApp(key, **{**dict(app), "vendor": app.vendor or ""}) for key, app in file.apps.items()
    }
    _check_identifiers(apps, document, reading)
    found = {name: keys for name, keys in lists.items() if keys is not None}
    return AppCatalog(apps, found) if len(reading.mistakes) == before else None


def _written(document: Document | None, key: str) -> Mapping[str, Any]:
    """The mapping under this key, as far as it can be read in a broken file."""
    found = document.value.get(key) if document and isinstance(document.value, dict) else None
    return found if isinstance(found, dict) else {}


def _list_files(document: Document | None) -> dict[str, str]:
    entries = [
        (name, entry) for name, entry in _written(document, "lists").items() if isinstance(entry, dict)
    ]
    return {name: entry["file"] for name, entry in entries if isinstance(entry.get("file"), str)}


def _list_file(path: Path, known: Iterable[str], reading: FilesReading) -> tuple[str, ...] | None:
    document = reading.document(path)
    entry = reading.model(AppList, document, {})
    if entry is None or document is None:
        return None
    _check_keys(entry.apps, known, document, ("apps",), reading)
    return entry.apps


def _check_keys(
    keys: Iterable[str], known: Iterable[str], document: Document, place: Place, reading: FilesReading
) -> None:
    for index, key in enumerate(keys):
        if key not in known:
            message = phrase(
                "no app is called `%(app)s` in the apps file; %(expected)s",
                app=key,
                expected=did_you_mean(key, known),
            )
            reading.mistakes.append(document.mistake((*place, index), message))


def _check_identifiers(apps: Mapping[str, ListedApp], document: Document, reading: FilesReading) -> None:
    """Refuse an identifier that two apps have, since a report of it could mean either app."""
    owner: dict[tuple[str, str], str] = {}
    for key, app in apps.items():
        for space, identifier in sorted(app.identifiers()):
            first = owner.setdefault((space, identifier), key)
            if first != key:
                message = phrase(
                    "`%(app)s` and `%(other)s` share the %(space)s identifier `%(identifier)s`; keep it on one app",
                    app=key,
                    other=first,
                    space=space,
                    identifier=identifier,
                )
                reading.mistakes.append(document.mistake(("apps", key), message, at_key=True))


KEPT_GROUPS = "groups.json"
"""The name of the groups among the texts of a version. They have no names of people."""

GroupName = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=200)]
Login = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=500)]


class GroupsFile(Strict):
    """``groups.yaml``: the login names of the people in each group."""

    groups: Mapping[GroupName, tuple[Login, ...]]


def read_groups(folder: Path, names: Files, reading: FilesReading, logins: Logins = NO_LOGINS) -> Groups:
    """The groups in the file that the settings name; empty if the default file does not exist."""
    path = folder / names.groups
    if "groups" not in names.model_fields_set and not reading.has(path):
        return NO_GROUPS
    file = reading.model(GroupsFile, reading.document(path), {})
    return Groups.of_members(file.groups, logins) if file else NO_GROUPS


def text_of_groups(groups: Groups) -> str:
    """The text of the groups in a version: the same text for the same people, however their file is written."""
    return json.dumps({"groups": groups.members(), "alike": sorted(groups.alike)}, sort_keys=True)


def groups_of_text(text: str) -> Groups:
    """The groups in the text of a version. Raises ConfigError."""
    try:
        kept = json.loads(text)
        return Groups.of_digests(kept["groups"], kept["alike"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        why = phrase("no groups of a version; use digests of login names by group, and `alike`")
        raise ConfigError([Mistake(KEPT_GROUPS, 1, 1, why)]) from None


STORED_NAMES = Files()
"""The names of the texts of a version, whatever its files are called. A list keeps its name in ``apps.yaml``."""


@dataclass(frozen=True)
class Rules:
    """One version of the rules without mistakes, with the texts that it was read from."""

    policy: Policy
    cases: CasesFile
    texts: Mapping[str, str]
    groups: Groups = NO_GROUPS
    """The groups of people."""

    def with_reliefs(self, reliefs: Reliefs) -> "Rules":
        """The same rules with these reliefs."""
        if reliefs == self.policy.reliefs:
            return self
        return replace(self, policy=replace(self.policy, reliefs=reliefs))

    def without(self, rule: str) -> "Rules":
        """The same rules without the one of this id, as if it were not written, though their texts have it."""
        left = tuple(each for each in self.policy.rules if each.id != rule)
        return replace(self, policy=replace(self.policy, rules=left))

    def with_groups(self, groups: Groups) -> "Rules":
        """The same rules with these groups."""
        return replace(self, groups=groups, texts={**self.texts, KEPT_GROUPS: text_of_groups(groups)})

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all texts, including comments."""
        return digest_of_texts(self.texts)


def read_rules(
    folder: Path, names: Files, reading: FilesReading, groups: Groups | None = None
) -> Rules | None:
    """The rules in these files of ``folder``; None if they have mistakes, which are noted. ``groups`` replace those of
    the groups file. A rule that names another group is a mistake."""
    groups = read_groups(folder, names, reading) if groups is None else groups
    apps, rules, tests = (folder / name for name in (names.apps, names.policy, names.policy_tests))
    catalog = read_catalog(apps, reading)
    policy = read_policy(rules, catalog, reading, groups)
    optional = "policy_tests" not in names.model_fields_set and not reading.has(tests)
    cases = CasesFile(tests=()) if optional else read_cases(tests, policy, catalog, reading)
    if policy is None or cases is None:
        return None
    others = (apps, rules, tests, folder / names.groups)
    lists = {_name(path, apps.parent): path for path in reading.texts if path not in others}
    kept = {STORED_NAMES.apps: apps, STORED_NAMES.policy: rules, STORED_NAMES.policy_tests: tests}
    texts = {name: reading.texts[path] for name, path in (lists | kept).items() if path in reading.texts}
    if groups.known:
        texts[KEPT_GROUPS] = text_of_groups(groups)
    return Rules(policy, cases, texts, groups)


def compile_rules(texts: Mapping[str, str]) -> Rules:
    """The rules of a stored version.

    :raises ConfigError: with every mistake that this version of Mailgate finds in it.
    """
    reading = FilesReading({Path(name): text for name, text in texts.items() if name != KEPT_GROUPS})
    groups = groups_of_text(texts[KEPT_GROUPS]) if KEPT_GROUPS in texts else NO_GROUPS
    rules = read_rules(Path(), STORED_NAMES, reading, groups)
    reading.finish()
    assert rules is not None
    return rules


def _name(path: Path, folder: Path) -> str:
    """The name of a list in ``apps.yaml`` in ``folder``."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def read_policy(
    path: Path, catalog: AppCatalog | None, reading: FilesReading, groups: Groups = NO_GROUPS
) -> Policy | None:
    """The compiled policy; None if it has mistakes, which are noted. Without a catalogue the rest is checked."""
    document = reading.document(path)
    if document is None:
        return None
    before = len(reading.mistakes)
    known = groups.names() if groups.known else None
    file = reading.model(PolicyFile, document, policy_context(catalog, known))
    rules = document.value.get("rules") if isinstance(document.value, dict) else None
    for index, name in repeated_ids(rules):
        taken = RESERVED.get(name) or phrase("was given to a rule above")
        message = phrase("the id `%(name)s` %(taken)s; give each rule another one", name=name, taken=taken)
        reading.mistakes.append(document.mistake(("rules", index, "id"), message))
    if file is None or len(reading.mistakes) > before:
        return None
    return Policy(file.rules, file.default, catalog or AppCatalog())


def read_cases(
    path: Path, policy: Policy | None, catalog: AppCatalog | None, reading: FilesReading
) -> CasesFile | None:
    """``policy.tests.yaml``; None if it has mistakes, which are noted."""
    document = reading.document(path)
    cases = reading.model(CasesFile, document, {"catalog": catalog})
    if cases is None or document is None or policy is None:
        return cases
    rules = [rule.id for rule in policy.rules] + [*RESERVED]
    for index, case in enumerate(cases.tests):
        if case.expect.rule is not None and case.expect.rule not in rules:
            message = phrase(
                "no rule is called `%(rule)s`; %(expected)s",
                rule=case.expect.rule,
                expected=did_you_mean(case.expect.rule, rules),
            )
            reading.mistakes.append(document.mistake(("tests", index, "expect", "rule"), message))
    return cases
