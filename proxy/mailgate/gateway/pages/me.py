"""Puts the view of a person's own page into the words of one language, for its template."""

from collections.abc import Container, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from markupsafe import Markup

from mailgate.attest.report import Profile
from mailgate.devices.device import Report
from mailgate.devices.trust import ENROLLED, source_name
from mailgate.gateway.pages.devices import (
    ENROLMENTS,
    EXEMPTED,
    EXEMPTED_HERE,
    EXEMPTED_OPEN,
    FINDINGS,
    GETS,
    HERE,
    LOST,
    NOT_DENIED,
    OLDER,
    OTHER_FINDING,
    STATES,
    SYSTEMS,
    UNCHECKED_HERE,
    UNTIL,
    UNTIL_HERE,
    answer_words,
    apps_words,
    isolated,
    moment,
    name_of,
)
from mailgate.gateway.pages.employee import (
    MAX_SHOWN,
    DeviceCard,
    EmployeeView,
    ExemptionView,
    LastSeen,
    Stored,
    StoredRecord,
)
from mailgate.gateway.pages.reasons import WORDINGS, detail_for, wording_for, wording_of
from mailgate.gateway.pages.steps import STORE, are_ways, in_language, off_page, steps_of
from mailgate.gateway.pages.view import View
from mailgate.model import Compliance, Effect, Kind, PostureState, Reason, Threat
from mailgate.model.phrase import Phrase, phrase
from mailgate.store import MailKind, MailState
from mailgate.store.help_requests import NOT_THEIRS, HelpRequest
from mailgate.texts import Language

LABELS: dict[str, Phrase] = {
    "device_id": phrase("Id of the device here"),
    "former": phrase("Its earlier ids here"),
    "findings": phrase("Contradictions"),
    "gone": phrase("No longer at this source"),
    "handed": phrase("Imported by a person"),
    "source": phrase("Reported by"),
    "id": phrase("Its name there"),
    "owner": phrase("Owner"),
    "kind": phrase("Kind"),
    "os": phrase("System"),
    "os_version": phrase("Version of the system"),
    "managed": phrase("Managed by your company"),
    "status": phrase("How sure we are"),
    "apps": phrase("Listed apps on it"),
    "apps_complete": phrase("Whole device looked at"),
    "enrolment": phrase("How it is enrolled"),
    "asked": phrase("Apps it was asked about"),
    "profile": phrase("Side of the phone that was looked at"),
    "compliance": phrase("Verdict of its management"),
    "compliance_at": phrase("Judged, at the earliest"),
    "compliance_last": phrase("Judged, at the latest"),
    "compliance_apps": phrase("Apps that the verdict looked for"),
    "threat": phrase("Danger, by its management"),
    "denied": phrase("Apps that cannot run on it"),
    "denied_at": phrase("Checked for that"),
    "denied_last": phrase("Checked for that, at the latest"),
    "denied_until": phrase("They cannot run until"),
    "denied_by": phrase("By which policy"),
    "not_denied": phrase("Why none is kept from running"),
    "reported_at": phrase("Apps looked at"),
    "looked_from": phrase("Apps looked at, at the earliest"),
    "expires_at": phrase("Report counts until"),
    "first_seen": phrase("First report"),
    "last_seen": phrase("Last report"),
    "lost_at": phrase("Reported as lost"),
    "serial": phrase("Serial number"),
    "udid": phrase("Device identifier (UDID)"),
    "directory": phrase("Id in the company’s directory"),
    "eas": phrase("Id in mail apps (ActiveSync)"),
    "key": phrase("Key of the device"),
    "cert": phrase("Certificate of the device"),
    "user": phrase("Login name"),
    "day": phrase("Day"),
    "browser": phrase("Browser"),
    "protocol": phrase("Protocol"),
    "headers": phrase("What it says of itself"),
    "proofs": phrase("What came of its proofs"),
    "asked_for": phrase("Where it asked"),
    "form": phrase("Form"),
    "assurance": phrase("How sure its kind is"),
    "handheld": phrase("Phone, tablet or alike"),
    "posture": phrase("State of the device then"),
    "effect": phrase("Answer"),
    "reason": phrase("Reason"),
    "rule": phrase("Rule"),
    "would": phrase("Rules on trial"),
    "policy": phrase("Version of the rules"),
    "count": phrase("Times"),
    "shown": phrase("Times that you were told"),
    "state": phrase("What became of it"),
    "language": phrase("Language"),
    "first_at": phrase("First time"),
    "last_at": phrase("Last time"),
    "reference": phrase("Help number"),
    "person": phrase("Address"),
    "token": phrase("Enrolled with"),
    "app": phrase("App that answers with it"),
    "said": phrase("What it said of itself last"),
    "machine": phrase("Your company’s name of the computer"),
    "proven": phrase("Proved by the computer’s token"),
    "note": phrase("Note"),
    "uses_left": phrase("Uses left"),
    "made_at": phrase("Since"),
    "ends_at": phrase("Until"),
    "reported": phrase("Reported last"),
    "revoked_at": phrase("Revoked"),
    "written_at": phrase("Sent"),
    "help": phrase("State of the request"),
    "answered": phrase("Answered"),
    "words": phrase("What you wrote"),
    "answer": phrase("Answer of the help desk"),
    "looked_at": phrase("When"),
    "role": phrase("Who"),
}

_YES, _NO, _NOTHING, _UNTOLD = phrase("yes"), phrase("no"), phrase("none"), phrase("not known")
_STARTED = phrase("Company mail: a rule that affects a device of yours has started")
SUBJECTS: Mapping[str, Phrase] = {
    MailKind.UPCOMING: phrase("Company mail: a rule is coming that affects a device of yours"),
    MailKind.WARNED: _STARTED,
    MailKind.ENFORCED: _STARTED,
    MailKind.CORRECTION: phrase("Company mail: correction, the rules were rolled back"),
    MailKind.REPLY: phrase("Company mail: a message for you"),
}
"""The subject of each kind of mail, by which its reader finds it again."""
_KIND_WORDS: Mapping[str, Phrase] = {
    Kind.PHONE: phrase("Phone"), Kind.TABLET: phrase("Tablet"), Kind.LAPTOP: phrase("Computer"), Kind.MAIL_APP: phrase("Mail app"),
    **dict.fromkeys((Kind.TOOL, Kind.BOT), phrase("Program")), Kind.OTHER: phrase("Device"),
    **SUBJECTS,
}  # fmt: skip
_CHOICES: Mapping[str, Mapping[str, Phrase]] = {
    "help": {"waiting": phrase("It waits for an answer"), "done": phrase("It is closed")},
    "role": {"operator": phrase("The help desk"), "other": phrase("An administrator")},
    **dict.fromkeys(("kind", "form"), _KIND_WORDS),
    "status": {
        "affirming": phrase("its source vouches for it"), "warning": phrase("its source has doubts about it"),
        "contraindicated": phrase("its source says not to trust it"),
    },
    "enrolment": ENROLMENTS,
    "profile": {
        Profile.PERSONAL: phrase("the personal side"), Profile.WORK: phrase("the work side"),
        Profile.DEVICE: phrase("the whole phone"), Profile.OTHER: phrase("another side"),
    },
    "compliance": {
        Compliance.COMPLIANT: phrase("it meets the rules of the management"),
        Compliance.GRACE: phrase("it breaks the rules of the management, and has time to fix that"),
        Compliance.NONCOMPLIANT: phrase("it breaks the rules of the management"),
    },
    "threat": {
        Threat.SECURED: phrase("there is none"), Threat.LOW: phrase("it is low"), Threat.MEDIUM: phrase("it is medium"),
        Threat.HIGH: phrase("it is high"), Threat.COMPROMISED: phrase("somebody else may control the device"),
    },
    "not_denied": NOT_DENIED,
    "posture": STATES | {PostureState.LISTED: phrase("A listed app was found on it.")},
    "effect": GETS,
    "state": {
        **dict.fromkeys((MailState.QUEUED, MailState.SENDING), phrase("It waits to be sent")),
        MailState.SENT: phrase("It was sent"), MailState.FAILED: phrase("It could not be sent"),
        MailState.UNSURE: phrase("We do not know whether it arrived"), MailState.WITHDRAWN: phrase("It was withdrawn"),
    },
    "rule": {"*": phrase("every rule")},
}  # fmt: skip
"""The words of fields with a closed set of values. One of another release stays as it is stored."""
_NOT_THEIRS = phrase("You said that a device is not yours")
_KINDS = ("quarantine_mails", "mails", "enrolments", "exemptions", "help_requests", "looks")
"""The kinds of rows that the page shows with all their fields, the first few of each."""
_OF_REQUESTS = ("day", "effect", "reason", "count", "browser")
_LAST = phrase("last asked for mail %(ago)s (%(program)s)")
_TAIL = phrase("id ends in %(tail)s")
_ITSELF = phrase("The device itself")
_STORE_LINK = Markup('<a href="{}" target="_blank" rel="noreferrer">{}</a>')


class Words(NamedTuple):
    title: Markup
    detail: Markup
    steps: list[Markup]
    one_is_enough: bool
    own_step: str
    deadline: Markup | str
    countdown: Markup | str


def employee_words(view: EmployeeView, language: Language) -> Mapping[str, Any]:
    """Everything that the template says about this view, in words."""
    now, kinds = view.here.now, view.records._asdict()
    others = tuple(name for name in view.listed if name not in (*view.keeping_out, *view.later))
    return {
        "person": isolated(view.person),
        "here": language.say(UNCHECKED_HERE)
        if view.unchecked and view.here.effect in (Effect.ALLOW, Effect.WARN)
        else _mail(view.here, view.exempted, language, (EXEMPTED_HERE, UNTIL_HERE, HERE)),
        "waiting": [_waiting(each, language) for each in view.waiting],
        "later": language.all_names(view.later) if view.later else "",
        "here_words": cause_words(view.here, language),
        "here_told": any(card.here for card in view.devices),
        "cards": [_card(card, language, now) for card in view.devices],
        "requests": [_record(record, language, _OF_REQUESTS) for record in view.records.requests[:MAX_SHOWN]],
        **{kind: [_record(record, language) for record in kinds[kind][:MAX_SHOWN]] for kind in _KINDS},
        "more": {kind: max(0, len(kinds[kind]) - MAX_SHOWN) for kind in _KINDS} | {"requests": view.more},
        "spoken": [_record(record, language) for record in view.records.language],
        "keeping_out": language.all_names(view.keeping_out) if view.keeping_out else "",
        "listed": language.all_names(others) if others else "",
        "count": len(others),
        "unlisted_from": language.all_names(view.unlisted_from) if view.unlisted_from else "",
    }


def cause_words(
    verdict: View, language: Language, *, checks_again: bool = False, store: Markup | str = ""
) -> Words:
    """The texts of a refusal; with the steps that only make sense on a page that checks again by itself if it does. ``store`` is put for
    the store with the extension, in place of a link."""
    verdict = in_language(verdict, language.tag)
    steps = steps_of(verdict)
    values = {
        "apps": language.names(verdict.apps),
        "rule": isolated(verdict.rule_title),
        "off": language.span(verdict.clock_off) if verdict.clock_off is not None else "",
        "store": store or _STORE_LINK.format(verdict.extension_url, language.say(STORE)),
        **verdict.update_words,
    }

    def say(text: Phrase) -> Markup:
        return language.say(text, len(verdict.apps), **values)

    return Words(
        say(wording_for(verdict).title),
        say(detail_for(verdict)),
        list(map(say, () if isinstance(steps, str) else steps if checks_again else off_page(steps))),
        are_ways(verdict),
        steps if isinstance(steps, str) else "",
        language.zoned(verdict.deadline) if verdict.deadline and verdict.remaining else "",
        language.countdown(verdict.remaining) if verdict.remaining else "",
    )


_AS_THEY_ARE = "mark kind here lost verdict exempted owner_reports since until".split()


def _card(card: DeviceCard, language: Language, now: datetime) -> Mapping[str, Any]:
    name = name_of(card.os, card.kind)
    allowed = card.verdict.effect is Effect.ALLOW
    return {
        **{name: getattr(card, name) for name in _AS_THEY_ARE},
        "name": language.say(name) if isinstance(name, Phrase) else name,
        "about": _about(card, language),
        "gets": language.say(LOST)
        if card.lost
        else _mail(card.verdict, card.exempted, language, (EXEMPTED, UNTIL, GETS)),
        "last": _last(card.last, language, now) if card.last and not card.here else "",
        "words": None if allowed else cause_words(card.verdict, language),
        "state_words": apps_words(card, language),
        "sources": [_reported(each, language, now) for each in card.sources],
        "answers": [answer_words(asked, language, now) for asked in card.asked],
        "findings": [language.say(FINDINGS.get(code, OTHER_FINDING)) for code in card.findings],
        "stored": [_fields(group, language) for group in card.stored],
        "since_words": language.zoned(card.since) if card.since else "",
        "until_words": language.zoned(card.until) if card.until else "",
    }


def _reported(report: Report, language: Language, now: datetime) -> Mapping[str, Any]:
    looked, enrolment = report.looked(now), ENROLMENTS.get(report.enrolment)
    return {
        "name": _source(report.source, language),
        "looked_at": looked,
        "complete": report.saw_device,
        "enrolment": language.say(enrolment) if enrolment else "",
        "older": language.say(OLDER, span=language.span(report.lag)) if report.lag else "",
        "ago": language.ago(now - looked) if looked else "",
    }


def _last(last: LastSeen, language: Language, now: datetime) -> Markup:
    """The time and program of the last request for mail, by which people recognise their phones."""
    ago = moment(last.at, "ago", language.ago(now - last.at))
    return language.say(_LAST, ago=ago, program=isolated(last.program))


def _mail(
    verdict: View,
    exempted: ExemptionView | None,
    language: Language,
    words: tuple[Phrase, Phrase, Mapping[str, Phrase]],
) -> Markup:
    """Whether mail comes, and until when. ``words`` are those of an exemption, of a warning, and of each effect."""
    by_exemption, until, gets = words
    if exempted:
        end = exempted.until
        return language.say(by_exemption, date=_moment(end, language)) if end else language.say(EXEMPTED_OPEN)
    if verdict.effect is Effect.WARN and verdict.deadline and verdict.remaining:
        countdown = language.countdown(verdict.remaining)
        return language.say(until, date=_moment(verdict.deadline, language), countdown=countdown)
    return language.say(gets[verdict.effect])


def _moment(at: datetime, language: Language) -> Markup:
    return moment(at, "in", language.zoned(at))


def _waiting(each: HelpRequest, language: Language) -> Mapping[str, Any]:
    known = each.reason in set(Reason)
    return {
        "cause": language.say(wording_of(Reason(each.reason)).title if known else _NOT_THEIRS),
        "asked": _moment(each.last_at, language),
        "words": each.words,
        "waits": each.waits,
        "answered": _moment(each.replied_at, language) if each.replied_at else "",
        "answer": each.answer,
        "reference": each.reference,
    }


def _about(card: DeviceCard, language: Language) -> Markup:
    system = f"{SYSTEMS.get(card.os, card.os)} {card.os_version}".strip()
    parts = [isolated(part) for part in (system, card.model) if part]
    if card.tail:
        parts.append(language.say(_TAIL, tail=isolated(card.tail)))
    return Markup(" · ").join(parts)


def _record(record: StoredRecord, language: Language, names: Container[str] = ()) -> Mapping[str, Any]:
    """A row in words. ``names`` are the fields to show; by default all."""
    fields = {name: value for name, value in record.fields.items() if not names or name in names}
    return {
        "fields": _fields(fields, language),
        "until": record.until,
        "until_words": language.zoned(record.until),
    }


def _fields(fields: Stored, language: Language) -> list[Mapping[str, Any]]:
    return [
        {
            "label": language.say(LABELS[name]) if name in LABELS else name,
            "value": value,
            "text": _text(name, value, language),
            "moment": isinstance(value, datetime),
        }
        for name, value in fields.items()
    ]


def _text(name: str, value: object, language: Language) -> Markup | str:
    match value:
        case None | "" | ():
            return language.say(_NOTHING if value == () else _UNTOLD)
        case bool():
            return language.say(_YES if value else _NO)
        case tuple():
            known = name in _CHOICES or name in ("os", "findings")
            parts = (_word(name, part, language) if known else part for part in value)
            return Markup(", ").join(map(isolated, parts))
        case datetime():
            return language.zoned(value)
        case date():
            return language.day(datetime.combine(value, time.min, UTC))
        case str():
            return _word(name, value, language)
        case other:
            return str(other)


_OWN_TEXTS = frozenset({"words", "answer", "note", "user", "owner", "person", "machine", "id", "rule"})
"""What a person wrote or chose. It is shown as it is, whatever it says."""


def _word(name: str, value: str, language: Language) -> Markup | str:
    if words := _CHOICES.get(name, {}).get(value):
        return language.say(words)
    if name in _OWN_TEXTS:
        return value
    if value in ("none", "unknown"):
        return language.say(_UNTOLD)
    if name == "reason":
        return _reason(value, language)
    if name == "source":
        return _source(value, language)
    return _contradiction(value, language) if name == "findings" else SYSTEMS.get(value, value)


def _contradiction(value: str, language: Language) -> Markup:
    """A finding with its day: ``device-os-contradicted (2026-12-01)``."""
    code, _, since = value.partition(" ")
    return Markup("{} {}").format(language.say(FINDINGS.get(code, OTHER_FINDING)), since)


def _reason(value: str, language: Language) -> Markup | str:
    if value == NOT_THEIRS:
        return language.say(_NOT_THEIRS)
    known = value in {reason.value for reason in WORDINGS}
    return language.say(wording_of(Reason(value)).title) if known else value


def _source(source: str, language: Language) -> Markup:
    """A source by its name; a device that enrolled here is its own source."""
    return language.say(_ITSELF) if source == ENROLLED else isolated(source_name(source))
