"""Puts the answers of sources into words."""

from datetime import datetime

from markupsafe import Markup

from mailgate.gateway.pages.employee import AskedSource, SourceResult
from mailgate.gateway.pages.languages import Language, Message, mark

_ANSWERS: dict[SourceResult, Message] = {
    SourceResult.FOUND: mark("Asked %(source)s: it still sees %(apps)s, looked at %(ago)s."),
    SourceResult.CLEAR: mark("Asked %(source)s: it sees none of the listed apps, looked at %(ago)s."),
    SourceResult.PARTLY: mark(
        "Asked %(source)s: it cannot see every app. None of the listed apps is among those it sees, looked at %(ago)s."
    ),
    SourceResult.UNSEEN: mark("Asked %(source)s: it knows the device and does not see which apps are there."),
    SourceResult.UNKNOWN: mark("Asked %(source)s: it does not know this device any more."),
    SourceResult.ASKED: mark(
        "%(source)s has asked the device. The answer counts as soon as it comes, mostly within seconds, once the device is on and online."
    ),
    SourceResult.SILENT: mark("%(source)s did not answer. Please try again in a few minutes."),
    SourceResult.NOBODY: mark(
        "Nobody can be asked about this device from here. Let your company’s management app finish a check; a new report counts at once."
    ),
    SourceResult.TOO_SOON: mark("Asked a moment ago. Please wait a minute before you ask again."),
}


OLDER = mark("The list of apps may be up to %(span)s older than that.")


def answer_words(asked: AskedSource, language: Language, now: datetime) -> Markup:
    """The answer of one source, and how much older it may be."""
    when = Markup("")
    if asked.looked_at:
        when = Markup('<time datetime="{}" data-form="ago">{}</time>').format(
            asked.looked_at.isoformat(), language.ago(now - asked.looked_at)
        )
    answer = language.say(
        _ANSWERS[asked.result],
        source=Markup("<bdi>{}</bdi>").format(asked.source),
        apps=language.names(asked.apps) if asked.apps else "",
        ago=when,
    )
    older = language.say(OLDER, span=language.span(asked.lag)) if asked.lag else ""
    return Markup(" ").join(filter(None, (answer, older)))
