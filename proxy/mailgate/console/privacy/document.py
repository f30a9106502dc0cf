"""A document that is written as Markdown and as HTML from one template, which is made of the parts that each form has as macros."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from html import escape

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mailgate.model.phrase import joined, phrase, plural, primary, translate
from mailgate.policy.written import LocalizedText
from mailgate.texts import Language


class Form(StrEnum):
    """The form of a document: the Markdown of GitHub (GFM), where tables are, or a page of its own."""

    MARKDOWN = "markdown"
    HTML = "html"


def written(template: str, form: Form, language: Language, values: Mapping[str, object]) -> str:
    """The document in this form and language, without the empty lines that only the template needs."""
    environment = _environment(lambda words: _WRITE[form](_in_one_line(words, language)))
    told = environment.get_template(template).render(values, tag=language.tag)
    between = "\n\n" if form is Form.MARKDOWN else "\n"
    return re.sub(r"\n\n+", between, told).strip() + "\n"


def _environment(write: Callable[[object], str]) -> Environment:
    """Templates whose every value is written in the form of the document, once."""
    environment = Environment(
        loader=PackageLoader("mailgate.console"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        finalize=lambda value: value if isinstance(value, Markup) else Markup(write(value)),  # noqa: S704 - escaped by it
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # texts name their values
    environment.globals.update(gettext=phrase, ngettext=plural, joined=joined)
    return environment


def _in_one_line(words: object, language: Language) -> str:
    """The words in one line, as tables need them. A rule's own text is in the language of the document if it has it."""
    if isinstance(words, LocalizedText):
        words = words.by_language.get(primary(language.tag), words)
    return " ".join(translate(words, language).split())


_CODE = re.compile(r"(`[^`]*`)")
_SPECIAL = re.compile(r"([\\*_\[\]<>|#~])")


def _in_markdown(text: str) -> str:
    return "".join(
        part.replace("|", "\\|")
        if part.startswith("`") and part.endswith("`")
        else _SPECIAL.sub(r"\\\1", part)
        for part in _CODE.split(text)
    )


def _in_html(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


_WRITE = {Form.MARKDOWN: _in_markdown, Form.HTML: _in_html}


def listed(names: Iterable[str | None], none: str = phrase("none")) -> str:
    """Those names that there are, joined by commas, or what is said of none."""
    return joined(found) if (found := [each for each in names if each is not None]) else none


def sentences(told: Iterable[str | None]) -> str:
    """Those sentences that apply, one after the other."""
    return joined((each for each in told if each is not None), " ")


def codes(names: Iterable[str]) -> str:
    """Names as they are written in files, joined by commas."""
    return ", ".join(f"`{name.replace('`', '')}`" for name in names)
