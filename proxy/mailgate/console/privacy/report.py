"""The privacy report: what Mailgate can say of a record of processing, an impact assessment, a works agreement and the information of
people, as a draft. Whatever only the company knows is marked, and nothing is said that the gate does not know. Its text is
``templates/privacy/report.md``."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from mailgate import __version__
from mailgate.config import Bundle, Settings
from mailgate.config.pages import Choice
from mailgate.config.sources.every_source import ApiSourceSettings, EverySource
from mailgate.console.policy.rules import rules_in_words, span
from mailgate.console.policy.versions import VersionDifference
from mailgate.console.privacy.document import Form, codes, listed, sentences, written
from mailgate.console.privacy.facts import database_host, host_of, hosts_in, list_digest, stored_tables
from mailgate.console.words import ROLES, RULE_STATES
from mailgate.devices.trust import REPORTER
from mailgate.model.phrase import code, phrase, sentence, time_of
from mailgate.policy.changes import Change, subject_in_words
from mailgate.policy.rule_states import RuleState
from mailgate.store import Version
from mailgate.texts import Language

CHECKED = tuple(
    "1.1.1 1.2.2 1.3.1 1.3.5 1.4.1 1.4.2 1.4.3 1.4.4 1.4.12 2.1.1 2.2.1 2.2.2 2.4.1 2.4.2 2.4.4 3.1.1 3.1.2 3.3.2 4.1.2".split()
)
"""The criteria for which axe-core, as the tests run it, looks for faults. A test compares them with its rules."""
REFLOW = "1.4.10"
"""The criterion that the tests check by the width of each page."""
NOT_CHECKED = tuple(
    "1.2.1 1.2.3 1.2.4 1.2.5 1.3.2 1.3.3 1.3.4 1.4.5 1.4.11 1.4.13 2.1.2 2.1.4 2.3.1 2.4.3 2.4.5 2.4.6 2.4.7 2.4.11 2.5.1 2.5.2 2.5.3 2.5.4 2.5.7 2.5.8 3.2.1 3.2.2 3.2.3 3.2.4 3.2.6 3.3.1 3.3.3 3.3.4 3.3.7 3.3.8 4.1.3".split()
)
"""All others."""
WAYS: Mapping[Choice, str] = {
    "laptop": phrase("a browser on a laptop"),
    "reporter": phrase("an app on the phone that answers for listed apps alone"),
    "company-phone": phrase("a phone of the company"),
    "management-app": phrase("the company's management app on the phone"),
}
_WORDS: dict[str, object] = {
    "code": code, "codes": codes, "host_of": host_of, "hosts_in": hosts_in, "listed": listed, "rule_states": RULE_STATES, "roles": ROLES, "sentence": sentence,
    "sentences": sentences, "span": span, "subject_in_words": subject_in_words, "time_of": time_of,
}  # fmt: skip
"""How the template says what it is given."""


def privacy_report(
    bundle: Bundle,
    version: Version | None,
    since: VersionDifference | None,
    now: datetime,
    form: Form,
    language: Language,
) -> str:
    """The report on this version in force, and on what changed ``since`` another one. Before the first start there is no version, and the
    rules are those of the files."""
    template = "privacy/page.html" if form is Form.HTML else "privacy/report.md"
    told = {"bundle": bundle, "version": version, "since": since, "now": now, "changes": _changes(since)}
    return written(template, form, language, _WORDS | told | _facts(bundle, now))


def _facts(bundle: Bundle, now: datetime) -> dict[str, object]:
    settings, catalog = bundle.settings, bundle.policy.catalog
    rules = rules_in_words(bundle.policy, now)
    refusing = [each for each in rules if each.effect in ("block", "challenge")]
    today = [each for each in refusing if each.state in (RuleState.BLOCKS, RuleState.CHALLENGES)]
    oidc = settings.console.login.oidc
    groups = oidc.groups.roles if oidc and oidc.groups else {}
    return {
        "mailgate_version": __version__,
        "database_host": database_host(settings),
        "sources": (sources := list(_sources(bundle))),
        "source_names": [kind if name == REPORTER else name for name, kind, *_ in sources],
        "tables": stored_tables(settings),
        "lists": [
            (name, [catalog.name_of(key) for key in sorted(apps)], list_digest(catalog, name))
            for name, apps in sorted(catalog.lists.items())
        ],
        "off_lists": sorted(app.name for key, app in catalog.apps.items() if not catalog.lists_of([key])),
        "rules": rules,
        "refusing_today": [each.title or code(each.id) for each in today],
        "refusing_later": [each.title or code(each.id) for each in refusing if each not in today],
        "admins_with": lambda role: [name for name, each in settings.admins.items() if role in each.roles],
        "groups": [f"{name} ({', '.join(roles)})" for name, roles in groups.items()],
        "offered": [WAYS[each] for each in settings.choices],
        "most_refused": _most_refused(settings),
        "checked": CHECKED,
        "reflow": REFLOW,
        "not_checked": NOT_CHECKED,
    }


def _sources(bundle: Bundle) -> Iterator[tuple[str, ...]]:
    """The sources of reports: the name, the kind, when it is asked, what it sends, and for how long that counts."""
    settings, terms = bundle.settings, bundle.posture_terms
    for name, source in settings.connectors.items():
        when = phrase("every %(span)s", span=span(source.every)) if source.scheduled() else _WHEN_IT_CALLS
        yield name, code(source.type), when, _sends(source), span(terms.age_of(name))
    for each in settings.attestation.issuers:
        signed = phrase("signed tokens of devices"), phrase("with requests")
        yield each.issuer, *signed, _SENDS_LISTED, span(terms.age_of(each.issuer))
    if settings.reporter.android:
        yield REPORTER, WAYS["reporter"], _WHEN_IT_CALLS, _SENDS_LISTED, span(terms.age_of(REPORTER))


_WHEN_IT_CALLS = phrase("when it calls")
_SENDS_LISTED = phrase("listed apps alone")


def _sends(source: EverySource) -> str:
    """What a source sends of the apps on a device."""
    if not source.gets_unlisted():
        return _SENDS_LISTED
    if isinstance(source, ApiSourceSettings):
        return phrase("all apps that it collects; all but listed ones are dropped at once")
    return phrase("what its operator sends; all but listed apps are dropped at once")


def _most_refused(settings: Settings) -> object:
    """How many people or devices a change may newly refuse without approval, as a number or a percentage."""
    most = settings.guard.max_newly_blocked if settings.guard else 0
    return most if isinstance(most, int) else phrase("%(number)s%%", number=most * 100)


def _changes(found: VersionDifference | None) -> list[Change]:
    """What affects a decision, lists and apps first."""
    told = [each for each in found.changes if not each.about.startswith("case ")] if found else []
    return sorted(told, key=lambda each: not each.about.startswith(("list ", "app ")))
