"""Every text that is marked in the code or the templates stands in every catalog, complete and unchanged in shape."""

import re
from collections.abc import Iterator
from importlib.resources import as_file, files

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from mailgate.gateway.pages.message import Message, mark, mark_plural
from mailgate.model.languages import SOURCE, TAGS

TRANSLATED = [tag.replace("-", "_") for tag in TAGS if tag != SOURCE]
PACKAGE = files("mailgate.gateway.pages")
MAIL = files("mailgate.mail")
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "mark": None, "mark_plural": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


@pytest.fixture(scope="module")
def marked() -> set[str | tuple[str, ...]]:
    with as_file(PACKAGE) as pages, as_file(MAIL) as mails:
        return {
            found[2]
            for folder in (pages, mails)
            for found in extract_from_dir(folder, METHODS, keywords=KEYWORDS)
        }


def catalog(name: str) -> Catalog:
    with PACKAGE.joinpath("locale", name, "LC_MESSAGES", "messages.po").open("rb") as file:
        return read_po(file, locale=name, abort_invalid=True)


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def placeholders(texts: tuple[str, ...]) -> Iterator[list[str]]:
    return (sorted(PLACEHOLDER.findall(text)) for text in texts)


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_catalog_has_exactly_the_marked_texts(name: str, marked: set[str | tuple[str, ...]]) -> None:
    have = {m.id if isinstance(m.id, str) else tuple(m.id) for m in catalog(name) if m.id}
    assert have == marked
    assert len(marked) > 100


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_text_is_translated_with_the_same_placeholders(name: str) -> None:
    translated = catalog(name)
    for message in translated:
        if not message.id:
            continue
        texts = forms(message.string)
        assert not message.fuzzy, message.id
        assert all(texts), message.id
        assert len(texts) == (translated.num_plurals if message.pluralizable else 1), message.id
        wanted = sorted(PLACEHOLDER.findall(forms(message.id)[-1]))
        assert all(found == wanted for found in placeholders(texts)), message.id


def test_marking_keeps_the_text() -> None:
    assert mark("Mail") == Message("Mail", "")
    assert mark_plural("app", "apps") == Message("app", "apps")
