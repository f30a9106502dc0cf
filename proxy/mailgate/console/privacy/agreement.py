"""The annex to a works agreement, as a part of the privacy report: purpose, fields, lists, rules, roles and how they change."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from mailgate.config import Bundle, Settings
from mailgate.config.pages import Choice
from mailgate.console.policy.rules import rules_in_words, span
from mailgate.console.privacy.document import Block, Grid, Heading, Items, ToAdd, codes, listed
from mailgate.console.privacy.facts import list_digest, stored_tables
from mailgate.console.words import ROLES, RULE_STATES
from mailgate.model.phrase import code, joined, phrase, plural, sentence

NONE = phrase("none")


def agreement(bundle: Bundle, now: datetime) -> Iterator[Block]:
    """What a works agreement says of this gate (Section 87 BetrVG)."""
    settings = bundle.settings
    yield Heading(2, phrase("3. Annex to a works agreement"))
    yield Heading(3, phrase("3.1 Purpose, and what is not done"))
    yield ToAdd(phrase("the parties, the scope, the term and the date of review"))
    yield phrase(
        "Mailgate decides whether a device gets company mail. It reads no location, no contacts and no contents of a device, and stores no mail."
    )
    yield phrase(
        "The table `sightings` holds when somebody first and last asked for mail on a day. That could show when people work."
    )
    yield ToAdd(
        phrase("that nothing is used to judge performance or behaviour, and what follows if it is used")
    )
    yield from _fields(settings)
    yield from _lists(bundle)
    yield from _rules(bundle, now)
    yield from _roles(settings)
    yield from _procedure(settings)
    yield Heading(3, phrase("3.7 Evaluations"))
    yield phrase(
        "Charts count people and devices by rule, kind and app, without names, however few they are. Lists of devices and people show names to every admin but those whose only role is analyst."
    )
    yield ToAdd(phrase("which evaluations are allowed, and by whom"))
    yield Heading(3, phrase("3.8 After a refusal, and people who leave"))
    yield Items(
        [
            other_ways(settings),
            phrase("`mailgate devices forget --person LOGIN` deletes everything about a person who leaves."),
            ToAdd(phrase("that nobody is worse off for using another way to their mail")),
        ]
    )


def _fields(settings: Settings) -> Iterator[Block]:
    yield Heading(3, phrase("3.2 What is stored about people, and for how long"))
    yield phrase("The times begin with the last event that a row is about.")
    yield Grid(
        (phrase("Table"), phrase("What it holds"), phrase("Columns"), phrase("Kept for")),
        [
            (code(each.name), each.words, codes(each.columns), span(each.kept))
            for each in stored_tables(settings)
        ],
    )
    yield phrase(
        "Devices that are marked as lost are kept for %(span)s. Rules, plans, approvals and the audit log name the admins who made them, and are kept for good, but for plans.",
        span=span(settings.retention.lost_devices),
    )


def _lists(bundle: Bundle) -> Iterator[Block]:
    catalog = bundle.policy.catalog
    yield Heading(3, phrase("3.3 Lists of apps"))
    yield phrase("A digest changes when an app joins or leaves the list, or is recognised by other ids.")
    yield Grid(
        (phrase("List"), phrase("Apps"), phrase("Digest (SHA-256)")),
        [
            (
                code(name),
                joined(catalog.name_of(key) for key in sorted(catalog.lists[name])) or NONE,
                code(list_digest(catalog, name)),
            )
            for name in sorted(catalog.lists)
        ],
    )
    off_lists = sorted(app.name for key, app in catalog.apps.items() if not catalog.lists_of([key]))
    if off_lists:
        yield phrase("Looked for, but on no list: %(apps)s.", apps=joined(off_lists))


def _rules(bundle: Bundle, now: datetime) -> Iterator[Block]:
    yield Heading(3, phrase("3.4 Rules"))
    yield phrase("They are read from top to bottom. The first whose condition is met decides.")
    yield Grid(
        (phrase("Rule"), phrase("Title"), phrase("Does"), phrase("Condition"), phrase("Now")),
        [
            (
                code(each.id),
                each.title,
                each.does,
                code(each.condition.replace("`", "'")) if each.condition else "",
                joined([sentence(RULE_STATES[each.state]), *each.more], " "),
            )
            for each in rules_in_words(bundle.policy, now)
        ],
    )  # fmt: skip


def _roles(settings: Settings) -> Iterator[Block]:
    yield Heading(3, phrase("3.5 Who may see and change what"))
    yield Grid(
        (phrase("Role"), phrase("May"), phrase("Who")),
        [
            (
                ROLES[role],
                may,
                listed((name for name, each in settings.admins.items() if role in each.roles), NONE),
            )
            for role, may in _MAY.items()
        ],
    )
    groups = settings.console.login.oidc.groups if settings.console.login.oidc else None
    if groups:
        told = (f"{name} ({', '.join(roles)})" for name, roles in groups.roles.items())
        yield phrase("Members of these groups at the company's login too: %(groups)s.", groups=joined(told))
    if not settings.admins:
        yield phrase(
            "No admins are named: everybody who can run commands on the gate's computer may do everything."
        )


_MAY = {
    "analyst": phrase("See numbers of the whole company, without names"),
    "viewer": phrase("See devices, people and decisions, with names"),
    "operator": phrase("Plan and start changes, help people, let them in, mark devices as lost"),
    "approver": phrase("Approve what others planned, and roll back"),
}


def _procedure(settings: Settings) -> Iterator[Block]:
    yield Heading(3, phrase("3.6 How a list or a rule is changed"))
    yield Items(
        [
            phrase("Each change is planned first. The plan names the people and devices that it is known to affect."),
            guard_in_words(settings),
            phrase("The change, its author, its reason and its approvals are in the audit log for good."),
            phrase("Mailgate can write to the people affected before a rule starts, and correct that if it is rolled back.")
            if settings.notices
            else phrase("Mails to the people affected are not set up."),
            ToAdd(phrase("how and when the works council hears of a change, and how long before it starts")),
        ]
    )  # fmt: skip


WAYS: Mapping[Choice, str] = {
    "laptop": phrase("a browser on a laptop"),
    "reporter": phrase("an app on the phone that answers for listed apps alone"),
    "company-phone": phrase("a phone of the company"),
    "management-app": phrase("the company's management app on the phone"),
}


def other_ways(settings: Settings) -> str:
    """What the company offers to people whose phone gets no mail."""
    told = listed((WAYS[each] for each in settings.choices), NONE)
    return phrase("Ways to mail that the company offers: %(ways)s.", ways=told)


def guard_in_words(settings: Settings) -> str:
    """How much one change may do, and who has to approve more."""
    guard = settings.guard
    if guard is None:
        return phrase("No guard is set: one admin alone can start any change.")
    most = guard.max_newly_blocked
    told = most if isinstance(most, int) else phrase("%(number)s%%", number=most * 100)
    return plural(
        "Changes that newly refuse more than %(most)s of people or devices within %(window)s need the approval of %(count)s other person.",
        "Changes that newly refuse more than %(most)s of people or devices within %(window)s need the approval of %(count)s other people.",
        guard.approvals,
        most=told,
        window=span(guard.window),
    )
