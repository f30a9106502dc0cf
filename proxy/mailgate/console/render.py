"""Renders templates."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup, escape

from mailgate.console import words
from mailgate.console.audit.facts import act_in_words, thing_in_words
from mailgate.console.connectors.sources import loss_in_words
from mailgate.console.now.gates import roughly
from mailgate.console.people.lanes import drawn
from mailgate.console.pictures import away_picture, sparkline
from mailgate.console.shapes import badge, breakable, table
from mailgate.console.words import told_by
from mailgate.gateway import pages
from mailgate.gateway.pages.me import cause_words
from mailgate.look import MARK, icon, style
from mailgate.model.phrase import (
    SOURCE,
    Phrase,
    capital,
    joined,
    joined_by_or,
    phrase,
    plural,
    sentence,
    time_of,
    transformed,
    translate,
)
from mailgate.model.times import LONG_AGO
from mailgate.policy.changes import subject_in_words
from mailgate.tasks import compute
from mailgate.texts import IN_ENGLISH, Language, TimeForm

NEVER = phrase("never")
ASSETS = {"console.css": "text/css", "console.js": "text/javascript", "mark.svg": "image/svg+xml"}


async def page(template: str, status: int = 200, **values: Any) -> web.Response:
    """One page of the console, in the language ``lang`` of its values."""
    text = await compute(text_of, template, **values)
    return web.Response(text=text, status=status, content_type="text/html")


def text_of(template: str, **values: Any) -> str:
    """Render a template, or a part of a page, as text."""
    text = _ENVIRONMENT.get_template(template).render({"lang": IN_ENGLISH} | values)
    if values.get("names", True):
        return text
    return _CLOSED_LINK.sub(r"\1", _CLOSED_BUTTON.sub("", text))


CLOSED = "closed:"
"""The address of a page that the reader may not open. Its links are text, and its buttons are left out."""
_CLOSED_BUTTON = re.compile(rf'<a class="button[^"]*" href="{CLOSED}[^>]*>.*?</a>', re.DOTALL)
_CLOSED_LINK = re.compile(rf'<a [^>]*href="{CLOSED}[^>]*>(.*?)</a>', re.DOTALL)


def asset(name: str) -> web.Response:
    """A stylesheet, a script or the icon of the console. Raises HTTPNotFound."""
    if name not in ASSETS:
        raise web.HTTPNotFound
    if name.endswith(".css"):
        text = style(f"assets/{name}", package=__package__)
    elif name.endswith(".js"):
        parts = files(pages).joinpath("when.js"), files(__package__).joinpath("assets", name)
        text = "".join(each.read_text("utf-8") for each in parts)
    else:
        text = files(__package__).joinpath("assets", name).read_text("utf-8")
    return web.Response(text=text, content_type=ASSETS[name], headers={"Cache-Control": "no-cache"})


class _Time(Markup):
    """A time as it is said alone, ``within`` a sentence, and ``among`` others: seldom all three, and each takes long to write."""

    at: datetime
    language: Language

    @property
    def within(self) -> Markup:
        return _time(self.at, "in", self.language.zoned(self.at), self.language)

    @property
    def among(self) -> Markup:
        return _time(self.at, "at", self.language.zoned(self.at, "at"), self.language)


def instant(at: datetime | str | None, never: str = NEVER, language: Language = IN_ENGLISH) -> Markup:
    """A time: exactly, in UTC, on hover, and in the viewer's zone if scripts run. Text is ISO 8601."""
    if not at:
        return Markup('<span class="soft">{}</span>').format(translate(never, language))
    try:
        there = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)
    except (ValueError, OverflowError):
        return Markup.escape(at)  # a damaged entry of the audit log has any text here
    if there <= LONG_AGO:
        return instant(None, phrase("not known"), language)
    told = _Time(_time(there, "alone", language.zoned(there, "alone"), language))
    told.at, told.language = there, language
    return told


def event(at: datetime | str, language: Language = IN_ENGLISH) -> Markup:
    """The time of one event among others, whose order and distance count: never "2 days ago"."""
    told = instant(at, language=language)
    return told.among if isinstance(told, _Time) else told


def day(at: datetime, language: Language = IN_ENGLISH) -> Markup:
    """A day, in the same way."""
    there = at.astimezone(UTC)
    return _time(there, "day", language.when(there, "day"), language)


def _time(at: datetime, form: TimeForm, words: str, language: Language) -> Markup:
    dated = " data-dated" if language.dated else ""
    tag = Markup('<time datetime="{}" data-form="{}"{} title="{}">{}</time>')
    return tag.format(at.isoformat(), form, Markup(dated), language.exact(at), words)  # noqa: S704 - of two words


def day_alone(at: datetime, language: Language = IN_ENGLISH) -> str:
    """A day of UTC as plain text."""
    return language.day(at.astimezone(UTC))


def for_page(words: str, language: Language = IN_ENGLISH) -> Markup:
    """Words from other rooms for a page: names in backticks as code, and times in the viewer's zone."""
    if isinstance(words, Phrase):
        spoken = _OnPage(language.tag, language.locale, language.texts, language.now, language.dated)
        return escape(words.render(spoken))
    return _with_code(words)


class _OnPage(Language):
    """Says words as HTML. Only texts of the catalogs are HTML; every value in them is escaped."""

    __slots__ = ()

    def text(self, message: str, /) -> str:
        return _with_code(super().text(message))

    def plural(self, one: str, more: str, number: int, /) -> str:
        return _with_code(super().plural(one, more, number))

    def time(self, at: datetime, /, *, exact: bool = False) -> str:  # noqa: ARG002 - seconds are under the pointer
        told = instant(at, language=self)
        return told.within if isinstance(told, _Time) else told

    def day(self, at: datetime, /) -> str:
        return day(at, language=self)

    def code(self, name: str, /) -> str:
        return Markup("<code>{}</code>").format(name)


def _with_code(text: str) -> Markup:
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped here


_CODE = re.compile(r"`([^`]*)`")


@pass_context
def is_translatable(context: Context, words: str) -> bool:
    """Whether words can be translated to the language of the page."""
    return isinstance(words, Phrase) or _language(context).tag == SOURCE


def count(number: int) -> Phrase:
    """A number with separated thousands."""
    return Phrase(lambda tongue: tongue.number(number))


def ago(time: timedelta) -> Phrase:
    if time < timedelta(seconds=10):
        return phrase("just now")
    count, unit = roughly(time)
    return {
        "days": plural("%(count)s day ago", "%(count)s days ago", count),
        "hours": plural("%(count)s hour ago", "%(count)s hours ago", count),
        "minutes": plural("%(count)s minute ago", "%(count)s minutes ago", count),
        "seconds": plural("%(count)s second ago", "%(count)s seconds ago", count),
    }[unit]


def plain(value: object) -> str:
    if isinstance(value, timedelta):
        days, hours = value.days, value.seconds / 3600
        return (
            plural("%(count)s day %(hours)s h", "%(count)s days %(hours)s h", days, hours=f"{hours:.0f}")
            if days
            else f"{hours:.1f} h"
        )
    if isinstance(value, datetime):
        return time_of(value, exact=True)
    if isinstance(value, (list, tuple, frozenset, set)):
        return "[" + ", ".join(str(each) for each in value) + "]"
    return json.dumps(value) if isinstance(value, bool) or value == "" else str(value)


def joined_by_and(steps: Iterable[str]) -> str:
    return reduce(lambda first, last: phrase("%(first)s, and %(last)s", first=first, last=last), steps)


def before(spans: Mapping[str, str], asked: str | None) -> dict[str, str]:
    """Choices of how long ago, including the requested one."""
    return dict(spans) if not asked or asked in spans else {**spans, asked: asked}


def _language(context: Context) -> Language:
    language: Language = context.get("lang", IN_ENGLISH)
    return language


@pass_context
def _in_page_language(context: Context, value: object) -> object:
    """A value as a template writes it: phrases in the language of the page."""
    return translate(value, _language(context)) if isinstance(value, Phrase) else value


@pass_context
def _gettext(context: Context, text: str, /, **values: object) -> str:
    language = _language(context)
    return _filled(language.text(text), values, language)


@pass_context
def _ngettext(context: Context, one: str, more: str, number: int, /, **values: object) -> str:
    language = _language(context)
    return _filled(language.plural(one, more, number), {"num": number} | values, language)


def _filled(text: str, values: Mapping[str, object], language: Language) -> str:
    """Fill in a text of the catalogs, which are our own and trusted. Every value is escaped."""
    told = {
        name: value.within if isinstance(value, _Time) else translate(value, language)
        for name, value in values.items()
    }
    return Markup(text) % told  # noqa: S704


@pass_context
def _badge(context: Context, words: str, state: str) -> Markup:
    return badge(capital(translate(words, _language(context))), state)


def _in_language(tell: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that writes in the language of the page."""

    @pass_context
    def filled(context: Context, *for_page: Any) -> Any:
        return tell(*for_page, language=_language(context))

    return filled


def _environment(filters: Mapping[str, Any]) -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        finalize=_in_page_language,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # texts name their values, and count by themselves
    environment.globals.update(gettext=_gettext, ngettext=_ngettext)
    environment.globals.update(badge=_badge, table=table, icon=icon, mark=MARK)
    environment.filters.update(filters)
    environment.tests["translatable"] = is_translatable
    return environment


_ENVIRONMENT = _environment(
    {
        "instant": _in_language(instant),
        "day": _in_language(day),
        "event": _in_language(event),
        "day_alone": _in_language(day_alone),
        "for_page": _in_language(for_page),
        "safe_svg": Markup,  # of console/svg.py, which escapes every text
        "sparkline": _in_language(sparkline),
        "lanes": _in_language(drawn),
        "told": _in_language(cause_words),
        "count": count,
        "join": joined,
        "ago": ago,
        "plain": plain,
        # choices of a form: the value, and how it is shown
        "same": lambda word: (word, word),
        "spaced": lambda word: (word, word.replace("_", " ")),
        "kind_pair": lambda kind: (kind, words.KIND_CHOICES.get(kind, kind)),
        "kind_choice": lambda kind: words.KIND_CHOICES.get(kind, kind) if kind else "",
        "before": before,
        "effect": told_by(words.EFFECTS),
        "app_state": told_by(words.APP_STATES),
        "rule_state": told_by(words.RULE_STATES),
        "kind": words.kind_in_words,
        "enrolment": words.enrolment_in_words,
        "verdict": told_by(words.VERDICTS),
        "protocol": told_by(words.PROTOCOLS),
        "reason": words.reason_in_words,
        "connector": told_by(words.CONNECTORS),
        "capital": capital,
        "sentence": sentence,
        "small": lambda words: transformed(words, lambda text: text[:1].lower() + text[1:]),
        "name_kind": told_by(words.NAME_KINDS),
        "looked": words.looked_clause_first,
        "trouble": words.trouble_in_words,
        "http_status": words.status_in_words,
        "away_picture": _in_language(away_picture),
        "loss": loss_in_words,
        "source": words.source_in_words,
        "short": words.short_names,
        "short_name": words.short_name,
        "breakable": breakable,
        "state": words.state_in_words,
        "not_denied": words.not_denied_in_words,
        "stage": told_by(words.STAGES),
        "plan_state": told_by(words.PLAN_STATES),
        "about": subject_in_words,
        "act": act_in_words,
        "thing": thing_in_words,
        "any_of": partial(reduce, joined_by_or),
        "all_of": joined_by_and,
        "without_ticks": lambda words: transformed(words, lambda text: text.replace("`", "")),
        "mail_failure": words.mail_failure_in_words,
        "mail_state": told_by(words.MAIL_STATES),
        "role": told_by(words.ROLES),
        "system": words.system_in_words,
    }
)
