"""Renders views to pages. As much as possible is done once, when ``Pages`` is built or when a page is first shown. ``warming``
does beforehand what the first pages would wait for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup

from mailgate import look
from mailgate.gateway.pages.causes import ON_LAPTOP
from mailgate.gateway.pages.devices import OLDER, answer_words, name_of
from mailgate.gateway.pages.employee import AskedSource, EmployeeView
from mailgate.gateway.pages.me import cause_words, employee_words
from mailgate.gateway.pages.page_slots import CutPage, Holes, holes_of, marks_for, without_holes
from mailgate.gateway.pages.steps import contact_in, in_language, steps_of
from mailgate.gateway.pages.view import DEFAULT_APPEARANCE, Appearance, View, contact_link
from mailgate.model import Kind, Reason
from mailgate.model.phrase import Phrase
from mailgate.store.help_requests import MAX_WORDS
from mailgate.texts import MAX_HEADER, Language, choose_language, languages_by_tag, load_languages

_RETRY = frozenset(
    {
        Reason.REQUEST_TIMEOUT,
        Reason.UPSTREAM_UNREACHABLE,
        Reason.UPSTREAM_TIMEOUT,
        Reason.UPSTREAM_MALFORMED,
        Reason.INTERNAL_ERROR,
    }
)
"""Reasons that end by themselves, so that the same request may succeed later."""

PageName = Literal["refusal", "warning", "error", "help", "let_in", "probe"]
"""The page of a request that gets no mail; the one before the mail while a rule only warns; that of an error; of a request for help that
was noted; of what became of a let-in; and the probe's."""
_DECIDED = ("refusal", "warning")
_DECIDED_ASSETS = ("people.css", "recheck.js", "when.js", "local-time.js")
_ASSETS = {
    "refusal": _DECIDED_ASSETS,
    "warning": _DECIDED_ASSETS,
    "error": ("people.css",),
    "help": ("people.css",),
    "let_in": ("people.css", "when.js", "local-time.js"),
    "probe": ("people.css", "probe.js"),
    "me": ("people.css", "when.js", "me.js"),
}

_MAIL = "refusal_mail.txt"

MAX_FORMS = 256
"""How many pages with holes are cached, each of about 12 KiB."""
MAX_LANGUAGE_CHOICES = 512


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A page and the headers that depend on it. Its language was chosen by the request, so the answer varies by ``Accept-Language``."""

    body: bytes
    content_security_policy: str
    language: str

    @property
    def html(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A refusal as a mail, in plain text, for people who cannot be shown a page."""

    subject: str
    text: str
    language: str


class _PageAssets:
    """The style and the scripts of a page, and the policy that allows only these."""

    def __init__(self, more: str, *assets: str) -> None:
        """``more`` is a style that is added after those of the files."""
        sheets = (name for name in assets if name.endswith(".css"))
        style = f"{look.style(*sheets, package=__package__)}\n{more}".strip()
        texts = [_script(name) for name in assets if name.endswith(".js")]
        self.style = Markup(style)  # noqa: S704
        self.scripts = [Markup(text) for text in texts]  # noqa: S704
        self.policy = _content_security_policy(style, texts)


class Pages:
    """The pages in every language. Only pages with holes are cached (``page_slots.py``)."""

    def __init__(self, appearance: Appearance = DEFAULT_APPEARANCE) -> None:
        self.appearance = appearance
        self._languages = load_languages()
        self._asked_as = languages_by_tag(self._languages)
        self._looks = {name: _PageAssets(appearance.style(), *assets) for name, assets in _ASSETS.items()}
        self._form = lru_cache(MAX_FORMS)(self._cut)
        self._chosen = lru_cache(MAX_LANGUAGE_CHOICES)(self._choose)

    def me(self, view: EmployeeView) -> RenderedPage:
        """A person's own page: their devices, what is stored about them, and until when."""
        language, look = self.language(view.here).at(view.here.now), self._looks["me"]
        html = _template("me.html").render(
            style=look.style,
            scripts=look.scripts,
            view=view,
            language=language,
            host=view.here.host,
            company=self.appearance,
            languages=self._languages.values(),
            back="/.mailgate/me",
            contact=contact_link(
                contact_in(view.contact, language.tag, view.here.default_language), view.here.reference
            ),
            **employee_words(view, language),
        )
        return RenderedPage(html.encode(), look.policy, language.tag)

    def refusal_mail(self, view: View) -> RenderedMail:
        """The texts of ``refusal`` as a mail. It has no text that a client sent."""
        language = self.language(view)
        words = cause_words(view, language, store=view.extension_url)
        view = in_language(view, language.tag)
        device, title = name_of(view.os, view.kind), words.title.striptags()
        text = _template(_MAIL).render(
            view=view,
            language=language,
            device=language.say(device).striptags() if isinstance(device, Phrase) else device,
            title=title,
            detail=words.detail.striptags(),
            own_step=words.own_step,
            one_is_enough=words.one_is_enough,
            laptop_hint=_laptop_hint(view),
            steps=[step.striptags() for step in words.steps],
        )
        return RenderedMail(title, text, language.tag)

    def answers(self, asked: Sequence[AskedSource], view: View) -> str:
        """The answers of sources in words, in the language of the page that asks."""
        language = self.language(view)
        return " ".join(answer_words(each, language, view.now).striptags() for each in asked)

    def page(self, template: PageName, view: View, *, may_skip: bool = False) -> RenderedPage:
        """The page of a view. ``may_skip``: whether a browser that cannot be probed may go on."""
        language = self.language(view)
        holes, rest = holes_of(view, language), without_holes(view, language)
        if rest.deadline is None and rest.let_in_at is None:
            body = self._form(template, rest, tuple(map(bool, holes)), may_skip).filled(holes)
        else:  # with a time of its own, the page differs from all others
            body = self.render(template, rest, holes, may_skip).encode()
        return RenderedPage(body, self._looks[template].policy, language.tag)

    def _cut(self, template: str, view: View, filled: tuple[bool, ...], may_skip: bool) -> CutPage:
        marks = marks_for(filled)
        return CutPage.cut(self.render(template, view, marks, may_skip), marks)

    def render(self, template: str, view: View, holes: Holes, may_skip: bool) -> str:
        """Render the page of a view ``without_holes``."""
        language = self.language(view).at(view.now)
        words = cause_words(view, language, checks_again=True)
        view = in_language(view, language.tag)
        look = self._looks[template]
        more = _decided(view, language) if template in _DECIDED else {}
        if template in ("refusal", "let_in"):
            more |= _let_in(view, language)
        return _template(f"{template}.html").render(
            style=look.style,
            scripts=look.scripts,
            view=view,
            holes=holes,
            language=language,
            host=view.host,
            company=self.appearance,
            languages=self._languages.values(),
            back=holes.return_url,
            contact=contact_link(view.contact, holes.subject),
            retry=view.reason in _RETRY,
            may_skip=may_skip,
            **words._asdict(),
            **more,
        )

    def language(self, view: View) -> Language:
        """The language in which the page of a view is, in the form of the reader's region."""
        return self._chosen(view.accept_language[:MAX_HEADER], view.default_language)

    def _choose(self, accept_language: str, default_language: str) -> Language:
        default = self._asked_as.get(default_language.lower(), "en")
        tag = choose_language(accept_language, self._asked_as, default)
        return self._languages[tag].as_written_in(accept_language)


def _decided(view: View, language: Language) -> dict[str, Any]:
    """The parts of refusals and warnings besides those of every page."""
    return {
        "older": language.say(OLDER, span=language.span(view.looked_lag)) if view.looked_lag else "",
        "seen_within": language.span(view.seen_within) if view.seen_within else "",
        "laptop_hint": _laptop_hint(view) and view.kind is not Kind.LAPTOP,
        "max_words": MAX_WORDS,
    }


def _let_in(view: View, language: Language) -> dict[str, Any]:
    """The terms on which people may let themselves in, in words, and the time that the page of it tells."""
    terms, at = view.let_in, view.let_in_at
    again = at + terms.once_per if at and terms else None
    return {
        "max_words": MAX_WORDS,
        "state": view.let_in_state,
        "lasts": language.whole_span(terms.lasts) if terms else "",
        "once_per": language.whole_span(terms.once_per) if terms else "",
        "at": language.zoned(at.astimezone(UTC)) if at else "",
        "again": again and language.zoned(again.astimezone(UTC)),
        "again_at": again,
    }


def _laptop_hint(view: View) -> bool:
    """Whether to say that laptops get mail, unless a step says so."""
    return view.laptops_open and ON_LAPTOP not in steps_of(view)


@pass_context
def _gettext(context: Context, text: str) -> str:
    language: Language = context["language"]
    return language.texts.gettext(text)


@pass_context
def _ngettext(context: Context, singular: str, plural: str, count: int) -> str:
    language: Language = context["language"]
    return language.texts.ngettext(singular, plural, count)


def warming() -> list[Callable[[], object]]:
    """The steps that compile the templates and read the texts of every language: a tenth of a second in all."""
    templates = (*(f"{page}.html" for page in _ASSETS), _MAIL)
    return [
        *(partial(_template, name) for name in templates),
        *(partial(each.text, "") for each in load_languages().values()),
    ]


def _template(name: str) -> Template:
    return environment().get_template(name)


@cache
def environment() -> Environment:
    """Templates of this package, in the language of their context. Each is compiled once."""
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The language is looked up in the context, so that a template is compiled once for all of them.
    environment.globals.update(icon=look.icon, mark=look.MARK, forms=look.FORMS)
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    return environment


def _script(name: str) -> str:
    """A script without indentation and comment lines, which only its writers need."""
    lines = (line.strip() for line in files(__package__).joinpath(name).read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _content_security_policy(style: str, scripts: list[str]) -> str:
    """A policy that allows only what is in the page itself, by its hash (CSP 3, section 2.3.1), and requests to this
    host."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {look.source_hash(style)}",
            " ".join(("script-src", *(map(look.source_hash, scripts) if scripts else ("'none'",)))),
            "img-src data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
