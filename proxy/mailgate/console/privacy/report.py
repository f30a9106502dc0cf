"""The privacy report: what Mailgate can say of a record of processing, an impact assessment, a works agreement and the information of
people, as a draft. Whatever only the company knows is marked, and nothing is said that the gate does not know.

The parts follow Art. 30(1), 35(7), 13, 14 and 22 of the GDPR (EU 2016/679), and of works agreements what Section 87(1) nos. 1 and 6 BetrVG
make subject to co-determination. The accessibility part follows the model statement of Implementing Decision (EU) 2018/1523.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from mailgate import __version__
from mailgate.config import Bundle, Settings
from mailgate.config.sources.every_source import ApiSourceSettings, EverySource
from mailgate.console.policy.rules import rules_in_words, span
from mailgate.console.policy.versions import VersionDifference
from mailgate.console.privacy.agreement import NONE, WAYS, agreement, guard_in_words, other_ways
from mailgate.console.privacy.document import Block, Cell, Grid, Heading, Items, ToAdd, listed
from mailgate.console.privacy.facts import recipients
from mailgate.devices.trust import REPORTER
from mailgate.model.phrase import Phrase, code, joined, phrase, plural, sentence, time_of
from mailgate.policy.changes import subject_in_words
from mailgate.policy.rule_states import RuleState
from mailgate.store import Version


def privacy_report(
    bundle: Bundle, version: Version | None, since: VersionDifference | None, now: datetime
) -> list[Block]:
    """The report on this version in force, and on what changed ``since`` another one. Before the first start there is no version, and the
    rules are those of the files."""
    return [
        *_head(bundle, version, now),
        *_record(bundle),
        *_assessment(bundle),
        *agreement(bundle, now),
        *_information(bundle, now),
        *accessibility(),
        *(_changes(since) if since else ()),
    ]


def _head(bundle: Bundle, version: Version | None, now: datetime) -> Iterator[Block]:
    settings = bundle.settings
    yield Heading(1, phrase("Data protection report on Mailgate"))
    yield phrase(
        "Mailgate wrote this from its settings, the running rules and the layout of its database. It is a draft for the people who answer for data protection. It is no legal advice."
    )
    yield ToAdd(phrase("Only your company knows this. Look for this mark."))
    yield Grid(
        (phrase("What"), phrase("Here")),
        [
            (phrase("Company"), settings.company.name or ToAdd(phrase("its name"))),
            (phrase("Written"), time_of(now)),
            (phrase("Mailgate"), __version__),
            (phrase("Address of mail"), code(settings.public_url)),
            (
                phrase("Version of the rules"),
                phrase("%(number)s, of %(at)s", number=str(version.number), at=time_of(version.made_at))
                if version
                else phrase("not running yet: the rules of the files"),
            ),
            (phrase("Its digest (SHA-256)"), code(version.digest if version else bundle.rules.digest)),
        ],
    )


def _record(bundle: Bundle) -> Iterator[Block]:
    settings = bundle.settings
    yield Heading(2, phrase("1. Record of processing activities (Art. 30 GDPR)"))
    yield Grid(
        (phrase("Entry"), phrase("For this gate")),
        [
            (
                phrase("Controller and contacts"),
                ToAdd(phrase("the controller, its representative and its data protection officer")),
            ),
            (
                phrase("Purpose"),
                phrase(
                    "Company mail opens only on devices that the company's rules let in. Above all, a phone with a prohibited app gets no mail."
                ),
            ),
            (phrase("Legal basis"), ToAdd(phrase("the legal basis, and why consent is not it"))),
            (
                phrase("People"),
                phrase("Everybody who logs in to company mail, and owners of devices that a source reports."),
            ),
            (phrase("Data"), phrase("What the tables in part 3.2 hold, and what the recipients below get.")),
            (
                phrase("Who sees it"),
                phrase(
                    "Admins of Mailgate, by their roles (part 3.5). Each person sees their own data at %(url)s.",
                    url=code(f"{settings.public_url}/.mailgate/me"),
                ),
            ),
            (phrase("Recipients"), phrase("Those in the table below.")),
            (
                phrase("Third countries"),
                ToAdd(phrase("in which countries the hosts below stand, and the safeguards")),
            ),
            (phrase("Erasure"), phrase("By itself, after the times in part 3.2.")),
            (phrase("Security (Art. 32)"), phrase("See part 2.3.")),
        ],
    )
    yield Grid(
        (phrase("Recipient"), phrase("Where"), phrase("Gets"), phrase("Country")),
        [
            (
                each.words,
                each.where if isinstance(each.where, Phrase) else code(each.where),
                each.gets,
                ToAdd(phrase("country")) if each.is_host else "",
            )
            for each in recipients(settings)
        ],
    )


def _assessment(bundle: Bundle) -> Iterator[Block]:
    yield Heading(2, phrase("2. Impact assessment (Art. 35 GDPR)"))
    yield Heading(3, phrase("2.1 What is done"))
    yield phrase(
        "Mailgate stands before the webmail. It sees what program asks for mail, looks up what its device's sources reported, and decides by rules. It passes mail on and stores none of it."
    )
    yield from _sources(bundle)
    yield Heading(3, phrase("2.2 Necessity and proportionality"))
    yield Items([*_proportionality(bundle)])
    yield Heading(3, phrase("2.3 Risks and measures"))
    risk = ToAdd(phrase("severity and likelihood"))
    yield Grid(
        (phrase("Risk"), phrase("Measures that exist"), phrase("Rating")),
        [
            (phrase("Somebody reads data without a right to"), joined(_against_reading(bundle.settings), " "), risk),
            (phrase("Somebody changes data or rules"), joined(_against_changing(bundle.settings), " "), risk),
            (
                phrase("Data is lost, or mail is refused wrongly"),
                phrase(
                    "Decisions go on without the database. A wrong rule is rolled back in seconds. A person who is refused can ask for help."
                ),
                risk,
            ),
        ],
    )  # fmt: skip
    yield Heading(3, phrase("2.4 Views and approval"))
    yield Items(
        [
            ToAdd(phrase("the advice of the data protection officer")),
            ToAdd(phrase("the views of employees or of the works council")),
            ToAdd(phrase("what `mailgate check` still warns of, and by when it is done")),
            ToAdd(phrase("who approved this assessment, and when it is reviewed")),
        ]
    )


def _sources(bundle: Bundle) -> Iterator[Block]:
    settings, terms = bundle.settings, bundle.posture_terms
    rows: list[Sequence[Cell]] = [
        (
            code(name),
            code(source.type),
            phrase("every %(span)s", span=span(source.every)) if source.scheduled() else phrase("when it calls"),
            _reads(source),
            span(terms.age_of(name)),
        )
        for name, source in settings.connectors.items()
    ]  # fmt: skip
    rows += [
        (code(each.issuer), phrase("signed tokens of devices"), phrase("with requests"), _READS_LISTED, span(terms.age_of(each.issuer)))
        for each in settings.attestation.issuers
    ]  # fmt: skip
    if settings.reporter.android:
        rows.append((code(REPORTER), WAYS["reporter"], phrase("when it calls"), _READS_LISTED, span(terms.age_of(REPORTER))))  # fmt: skip
    if terms.by_person:
        yield phrase(
            "The browser of a phone or tablet that does not show which device it is goes by all phones and tablets of the person who has logged in."
        )
    yield (
        Grid(
            (
                phrase("Source"),
                phrase("Kind"),
                phrase("Asked"),
                phrase("What it sends"),
                phrase("Counts for"),
            ),
            rows,
        )
        if rows
        else phrase("No source of reports is set up.")
    )


_READS_LISTED = phrase("listed apps alone")
_READS_ALL = phrase("all apps that it collects; all but listed ones are dropped at once")


def _reads(source: EverySource) -> str:
    """What a source sends of the apps on a device."""
    if not source.gets_unlisted():
        return _READS_LISTED
    if isinstance(source, ApiSourceSettings):
        return _READS_ALL
    return phrase("what its operator sends; all but listed apps are dropped at once")


def _proportionality(bundle: Bundle) -> Iterator[Cell]:
    settings, catalog = bundle.settings, bundle.policy.catalog
    yield plural(
        "%(count)s app is looked for. No other app is stored, logged or counted.",
        "%(count)s apps are looked for. No other app is stored, logged or counted.",
        len(catalog.apps),
    )
    yield phrase(
        "A report counts for %(span)s unless its source says otherwise. If sources contradict each other, that is shown, and the harder one counts.",
        span=span(settings.posture.max_age),
    )
    yield phrase(
        "Everybody who is refused in a browser reads why, what ends it and whom to ask, in their language."
    )
    yield phrase(
        "Access and portability: each person sees and downloads their data at their own page. `mailgate devices export --person LOGIN` gives it to others who may have it."
    )
    yield phrase("Erasure: `mailgate devices forget --person LOGIN`. Rectification: the source of a report.")
    yield phrase(
        "Objection and human review: the button “Ask for help” on each page of a refusal. A mail app shows none."
    )
    yield ToAdd(phrase("why a milder means is not enough"))
    yield ToAdd(phrase("how people are informed before the first rule refuses somebody"))


def _against_reading(settings: Settings) -> Iterator[str]:
    ways = settings.console.login
    told = [
        (ways.token, phrase("a token or password")),
        (ways.oidc, phrase("the company's login")),
        (ways.proxy, phrase("a proxy")),
    ]
    by = listed((words for way, words in told if way), NONE)
    if settings.admins or ways.oidc:
        yield phrase("Nobody opens the console without a login (%(ways)s).", ways=by)
    yield (
        phrase("Mail is served over TLS by the gate.")
        if settings.tls
        else phrase("The gate serves mail without TLS; another proxy has to encrypt it.")
    )
    yield phrase(
        "Logs hold no token and no password, and no name, address or path unless the settings ask for them."
    )
    yield phrase(
        "Who looks at whose data is on record for %(span)s. People read the role and the time on their own page.",
        span=span(settings.retention.looks),
    )
    yield phrase("Mailgate does not encrypt its database.")


def _against_changing(settings: Settings) -> Iterator[str]:
    yield phrase(
        "Every change of rules, and every act of an admin, is in an audit log whose entries are chained by digests."
    )
    yield (
        phrase("The end of that log is noted outside the database.")
        if settings.witness
        else phrase("The end of that log is noted in the log of the gate alone.")
    )
    yield guard_in_words(settings)


def _information(bundle: Bundle, now: datetime) -> Iterator[Block]:
    settings = bundle.settings
    retention = settings.retention
    yield Heading(2, phrase("4. Information for people (Art. 13, 14 and 22 GDPR)"))
    yield phrase("You may copy this text.")
    yield ToAdd(phrase("who the controller is, and how to reach its data protection officer"))
    yield phrase(
        "Before your company mail opens, Mailgate checks the device that asks for it. A program decides this by fixed rules, at once and without a person."
    )
    yield from _refusing(bundle, now)
    yield phrase(
        "If you are refused, your mailbox stays as it is. The page says why, and what ends it. “Ask for help” brings your case to a person, who can let you in."
    )
    yield other_ways(settings)
    yield phrase(
        "Stored are your devices, which listed apps were found on them, and when you asked for mail. Sources are: %(sources)s.",
        sources=listed(
            [
                *settings.connectors,
                *(each.issuer for each in settings.attestation.issuers),
                *_self_told(settings),
            ],
            NONE,
        ),
    )
    yield phrase(
        "Decisions are kept for %(sightings)s, devices for %(devices)s after their last report.",
        sightings=span(retention.sightings),
        devices=span(retention.devices),
    )
    yield phrase(
        "You see and download everything stored about you at %(url)s. There you can also say that a device is lost or not yours.",
        url=code(f"{settings.public_url}/.mailgate/me"),
    )
    yield (
        phrase("Ask: %(contact)s.", contact=contact)
        if (contact := settings.employee_page.contact or settings.company.help)
        else ToAdd(phrase("whom people ask"))
    )
    yield ToAdd(phrase("the legal basis, the rights of people, and the authority to which they can complain"))


def _self_told(settings: Settings) -> Iterator[str]:
    if settings.reporter.android:
        yield WAYS["reporter"]
    yield phrase("your devices themselves")


def _refusing(bundle: Bundle, now: datetime) -> Iterator[Block]:
    """The rules that keep people out, by whether they do it today."""
    rules = [each for each in rules_in_words(bundle.policy, now) if each.effect in ("block", "challenge")]
    today = [each for each in rules if each.state in (RuleState.BLOCKS, RuleState.CHALLENGES)]
    later = [each for each in rules if each not in today]
    for words, found in (
        (phrase("These rules refuse mail today:"), today),
        (phrase("These rules refuse nobody today, and may do so later:"), later),
    ):
        if found:
            yield words
            yield Items([each.title or code(each.id) for each in found])


def _changes(found: VersionDifference) -> Iterator[Block]:
    old, new = found.old, found.new
    yield Heading(
        2,
        phrase(
            "Annex: changes from version %(old)s to version %(new)s", old=str(old.number), new=str(new.number)
        ),
    )
    yield Grid(
        (phrase("Version"), phrase("Made"), phrase("By"), phrase("Note"), phrase("Digest (SHA-256)")),
        [
            (str(each.number), time_of(each.made_at), each.author, each.note, code(each.digest))
            for each in (old, new)
        ],
    )
    told = [each for each in found.changes if not each.about.startswith("case ")]
    if not told:
        yield phrase("Nothing differs that affects a decision.")
        return
    yield Grid(
        (phrase("What"), phrase("Change")),
        [
            (subject_in_words(each.about), sentence(each.words))
            for each in sorted(told, key=lambda each: not each.about.startswith(("list ", "app ")))
        ],
    )


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


def accessibility() -> Iterator[Block]:
    """The table of a statement (Implementing Decision (EU) 2018/1523), as far as tests fill it."""
    yield Heading(2, phrase("5. Accessibility"))
    yield phrase(
        "Mailgate's tests open the pages for people, the console and the extension in a browser, in a dark window of 320 and a light one of 1280 pixels, and look for faults with axe-core. A release has none."
    )
    yield Grid(
        (phrase("Criteria of WCAG 2.2, levels A and AA"), phrase("Checked how")),
        [
            (
                ", ".join(CHECKED),
                phrase("In part, by these tests: axe-core finds some faults of each, not all"),
            ),
            (REFLOW, phrase("By these tests: no page is wider than a window of 320 pixels")),
            (", ".join(NOT_CHECKED), ToAdd(phrase("the result of a check by hand, with its date"))),
        ],
    )
    yield Items(
        [
            ToAdd(phrase("the status: fully, partly or not compliant, and what is not accessible and why")),
            ToAdd(phrase("the contact for feedback, and the procedure of enforcement")),
        ]
    )
