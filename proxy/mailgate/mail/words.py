"""The texts of notices, as plain text and as simple HTML: a rule is coming, warns, is enforced or was rolled back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from markupsafe import Markup
from pydantic import with_config

from mailgate.gateway.pages.devices import FOUND, GETS, STATES, name_of
from mailgate.gateway.pages.me import SUBJECTS
from mailgate.gateway.pages.reasons import wording_of
from mailgate.gateway.pages.render import environment
from mailgate.gateway.pages.steps import FIXES, are_ways, off_page, steps_of
from mailgate.gateway.pages.view import CHOICES, DEFAULT_APPEARANCE, Appearance, Contact, View, contact_link
from mailgate.model import Effect, PostureState, Reason
from mailgate.model.fact import DESCRIBED
from mailgate.model.notice import EncounterKind, MailKind, Notice, NoticeDevice, Standing
from mailgate.model.phrase import SOURCE, Phrase, phrase, plural
from mailgate.texts import Language, in_form, load_languages


class _Head(NamedTuple):
    """What a mail says of itself: its subject, what it is about, and why somebody gets it."""

    subject: Phrase
    intro: Phrase
    why: Phrase


_KNOWN = phrase("You get this mail because we know a device under your login name.")
_HEADS = {
    MailKind.UPCOMING: _Head(
        SUBJECTS[MailKind.UPCOMING],
        phrase("A rule for company mail is coming. This is what it means for you."),
        _KNOWN,
    ),
    MailKind.WARNED: _Head(
        SUBJECTS[MailKind.WARNED],
        phrase("A rule for company mail has started with warnings. This is what it means for you."),
        _KNOWN,
    ),
    MailKind.ENFORCED: _Head(
        SUBJECTS[MailKind.ENFORCED],
        phrase("A rule for company mail has started. This is what it means for you."),
        _KNOWN,
    ),
    MailKind.CORRECTION: _Head(
        SUBJECTS[MailKind.CORRECTION],
        phrase(
            "The rules for company mail were changed and then rolled back. This mail says what you were told, and how it is now."
        ),
        phrase("You get this mail because we told you something about this change."),
    ),
    MailKind.REPLY: _Head(
        phrase("Company mail: an answer to your request for help"),
        phrase("You asked for help with company mail. The people who look after it have answered."),
        phrase("You get this mail because you asked for help with company mail."),
    ),
}
_CLEAR_HEAD = _HEADS[MailKind.CORRECTION]._replace(
    subject=phrase("Company mail: correction, there is nothing that you need to do")
)
_UNASKED_HEAD = _Head(
    SUBJECTS[MailKind.REPLY],
    phrase("The people who look after company mail write to you."),
    phrase("The people who look after company mail wrote this mail to you."),
)
_WARNS_FROM = phrase("From %(date)s, a warning comes before your mail.")
_WARNS_NOW = phrase("A warning comes before your mail now.")
_CLOSED_FROM = plural(
    "From %(date)s, company mail no longer opens on the device below.",
    "From %(date)s, company mail no longer opens on the devices below.",
)
_CLOSED_NOW = plural(
    "Company mail does not open now on the device below.",
    "Company mail does not open now on the devices below.",
)
_DEVICES = plural("The device that this is about", "The devices that this is about")
_ASK = phrase("Ask for help: your help desk can see what was decided and why.")
_LAPTOP = phrase("Reading mail in a laptop browser is not affected.")
_LET_IN = phrase("Until %(date)s, company mail opens for you all the same.")

_REACHED_BY = {
    EncounterKind.MAIL: phrase("A mail told you of this rule: %(what)s"),
    EncounterKind.WARNING: phrase("A page warned you of this rule: %(what)s"),
    EncounterKind.REFUSAL: phrase("Company mail did not open because of this rule: %(what)s"),
}
_STANDS = phrase("(This rule still applies, as it reads now.)")
_CLEAR = phrase(
    "Company mail opens on every device of yours that is known here. There is nothing that you need to do."
)
_NONE_KNOWN = phrase(
    "We know no device of yours now, so we cannot tell whether company mail opens for you. Try it: if it does not open, the page says why."
)
_NOW = phrase("How it is now")
_STANDINGS = {
    Standing.OPEN: GETS[Effect.ALLOW],
    Standing.WARNED: _WARNS_NOW,
    Standing.CLOSED: GETS[Effect.BLOCK],
    Standing.UNKNOWN: phrase("We cannot tell whether company mail opens on it."),
}
_LATER = {
    Standing.OPEN: phrase("From %(date)s, company mail opens on it."),
    Standing.WARNED: _WARNS_FROM,
    Standing.CLOSED: phrase("From %(date)s, company mail no longer opens on it."),
}

_CAUSES = {
    Reason.POSTURE_MISSING: STATES[PostureState.MISSING],
    Reason.POSTURE_STALE: STATES[PostureState.STALE],
    Reason.POSTURE_PARTIAL: STATES[PostureState.PARTIAL],
    Reason.POSTURE_UNAVAILABLE: STATES[PostureState.UNAVAILABLE],
}
"""The state of a device alone: the usual text of a reason names the effect, which may not have begun."""
_NO_TIME = datetime.min.replace(tzinfo=UTC)
"""Replaces a deadline that is not shown."""
_ASKED = FIXES["ask"]


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class RenderedNotice:
    """The text of a mail in one language, without its header."""

    subject: str
    """Its subject."""
    text: str
    """Its text, as plain text."""
    html: str
    """The text as an HTML document."""
    language: str
    """The tag of its language."""


class _Block(NamedTuple):
    """Devices with the same texts: what they are and get, why a rule is about them, and what ends that."""

    name: Markup | str
    standing: list[Markup]
    cause: Markup | str
    steps: list[Markup]
    own_step: str
    one_is_enough: bool = False


class NoticeWriter:
    """Writes notices in every language. It is built once; writing does no I/O and keeps no state."""

    def __init__(
        self,
        default_language: str = "en",
        appearance: Appearance = DEFAULT_APPEARANCE,
        choices: tuple[str, ...] = CHOICES,
    ) -> None:
        self._appearance, self._choices = appearance, choices
        self._languages = load_languages()
        self._default = in_form(default_language, self._languages, self._languages[SOURCE])
        templates = environment()
        self._text, self._html = (templates.get_template(f"notice.{form}") for form in ("txt", "html"))

    def write(self, notice: Notice, me_url: str = "") -> RenderedNotice:
        """Write a notice in its own language.

        :param me_url: the address of the person's own page; empty if none is shown.
        """
        language = in_form(notice.language, self._languages, self._default)
        words = {
            "language": language,
            "company": self._appearance,
            "me_url": me_url,
            **_words(notice, language, self._choices),
        }
        text = str(self._text.render(**words)).strip() + "\n"
        subject = language.say(_head(notice).subject).striptags()
        return RenderedNotice(subject, text, self._html.render(**words), language.tag)


def _head(notice: Notice) -> _Head:
    if not notice.was_requested:
        return _UNASKED_HEAD
    corrects = notice.kind is MailKind.CORRECTION
    return _CLEAR_HEAD if corrects and notice.is_clear else _HEADS[notice.kind]


def _words(notice: Notice, language: Language, choices: tuple[str, ...]) -> dict[str, object]:
    say = language.say
    corrects, count, head = notice.kind is MailKind.CORRECTION, len(notice.devices), _head(notice)
    subject = say(head.subject)
    contact: Contact = contact_link(notice.contact, subject.striptags())
    return {
        "subject": subject,
        "intro": say(head.intro),
        "rule": say(phrase("Rule")),
        "title": notice.title,
        "dates": [] if corrects else list(_dates(notice, language)),
        "devices": say(_NOW) if corrects else say(_DEVICES, count),
        "blocks": []
        if notice.is_clear
        else [_block(each, language, corrects, _offered(notice, choices)) for each in notice.devices],
        "steps": say(phrase("What you can do")),
        "laptop": say(_LAPTOP) if notice.laptop_allowed else "",
        "said": say(phrase("What you were told")),
        "items": _items(notice, language),
        "outcome": say(_CLEAR) if notice.is_clear else say(_NONE_KNOWN) if corrects and not count else "",
        "sorry": say(phrase("Please excuse the trouble that this caused.")) if corrects else "",
        "questions": say(phrase("Questions?")),
        "contact_label": say(phrase("Contact")),
        "contact": contact,
        "me": say(phrase("Your devices, and what is stored about you")),
        "answer": notice.answer,
        "why": say(head.why),
    }


def _dates(notice: Notice, language: Language) -> Iterator[Markup]:
    """What happens and when, in the order of time."""
    count = len(notice.devices)

    def dated(message: Phrase, at: datetime) -> Markup:
        return language.say(message, count, date=language.zoned(at))

    if notice.let_in_until:
        yield dated(_LET_IN, notice.let_in_until)
    if notice.kind is MailKind.WARNED or (notice.kind is MailKind.ENFORCED and notice.warns):
        yield language.say(_WARNS_NOW)
    elif notice.kind is MailKind.ENFORCED:
        yield language.say(_CLOSED_NOW, count)
    if notice.warn_at:
        yield dated(_WARNS_FROM, notice.warn_at)
    if notice.enforce_at and not notice.warns:
        yield dated(_CLOSED_FROM, notice.enforce_at)
    elif notice.enforce_at and not notice.warn_at and notice.kind is MailKind.UPCOMING:
        yield dated(_WARNS_FROM, notice.enforce_at)


def _block(device: NoticeDevice, language: Language, corrects: bool, choices: tuple[str, ...]) -> _Block:
    name = name_of(device.os, device.kind)
    said = language.say(name) if isinstance(name, Phrase) else name
    standing = list(_standing(device, language)) if corrects else []
    if corrects and (device.is_open_for_good or device.standing is Standing.UNKNOWN):
        return _Block(said, standing, "", [], "")
    return _concerned(device, language, said, standing, choices)


def _standing(device: NoticeDevice, language: Language) -> Iterator[Markup]:
    """What the rules in force give a device, now and later. What is unknown later is not told as a fact."""
    yield language.say(_STANDINGS[device.standing])
    for at, standing in device.later:
        if standing in _LATER:
            yield language.say(_LATER[standing], 1, date=language.zoned(at))


def _concerned(
    device: NoticeDevice,
    language: Language,
    name: Markup | str,
    standing: list[Markup],
    choices: tuple[str, ...],
) -> _Block:
    """A device that a rule is about."""
    view = View(
        device.reason,
        "",
        _NO_TIME,
        apps=device.apps,
        os=device.os,
        fix=device.fix,
        choices=choices,
        laptops_open="laptop" in choices,
    )
    names, count = language.names(device.apps), len(device.apps)
    steps = steps_of(view)
    shown = off_page(steps)
    if shown == _ASKED:
        shown = (_ASK,)
    return _Block(
        name,
        standing,
        language.say(_cause(device), count, apps=names),
        [language.say(step, count, apps=names) for step in shown],
        steps if isinstance(steps, str) else "",
        are_ways(view),
    )


def _offered(notice: Notice, choices: tuple[str, ...]) -> tuple[str, ...]:
    """The ways to mail that the company offers, a laptop only where laptops are known to get mail."""
    return tuple(each for each in choices if each != "laptop" or notice.laptop_allowed)


def _cause(device: NoticeDevice) -> Phrase:
    if device.reason is Reason.PROHIBITED_APP and device.apps:
        return FOUND
    return _CAUSES.get(device.reason, wording_of(device.reason).title)


def _items(notice: Notice, language: Language) -> list[Markup]:
    """How the person was reached, each line once: a rule may have reached them for several reasons."""
    found: dict[Markup, None] = {}
    for each in notice.encounters:
        what = Markup("<bdi>{}</bdi>").format(each.title or language.say(wording_of(each.reason).title))
        said = language.say(_REACHED_BY[each.by], what=what)
        found[said + Markup(" ") + language.say(_STANDS) if each.stands else said] = None
    return [*found]
