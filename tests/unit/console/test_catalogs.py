"""Every text that the console may show stands in every catalog of it, complete and unchanged in shape."""

import ast
import re
from collections.abc import Iterable
from importlib.resources import as_file, files

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from mailgate.model.phrase import SOURCE
from mailgate.texts import catalog_of, console_languages

TRANSLATED = [tag for tag in console_languages() if tag != SOURCE]
TEMPLATES = ("console/templates/**.html", "console/templates/**.md", "demo/start/templates/**.html")
METHODS = [("**.py", "python"), *((each, "jinja2") for each in TEMPLATES)]
OPTIONS = {each: {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"} for each in TEMPLATES}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "phrase": None, "plural": (1, 2)}
OF_THE_PAGES = ("gateway/pages/", "mail/words.py", "texts.py")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]")
MARK = re.compile(r"</?\w+[^>]*>")

Text = str | tuple[str, ...]


@pytest.fixture(scope="module")
def told() -> set[Text]:
    """What the code and the templates say, but for the texts that are in the catalogs of the pages."""
    with as_file(files("mailgate")) as package:
        found = [*extract_from_dir(package, METHODS, OPTIONS, keywords=KEYWORDS)]
    return {text for name, _, text, *_ in found if not name.startswith(OF_THE_PAGES)}


def test_no_text_is_inside_another_where_the_extraction_does_not_find_it(told: set[Text]) -> None:
    with as_file(files("mailgate.console")) as folder:
        trees = [ast.parse(path.read_text()) for path in folder.rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if _marks(node)]
    inside = {each for call in calls for each in ast.walk(call) if each is not call and _marks(each)}
    texts = {
        each.args[0].value
        for each in inside
        if isinstance(each, ast.Call) and isinstance(each.args[0], ast.Constant)
    }
    assert texts <= {forms(text)[0] for text in told}


def _marks(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("phrase", "plural")
    )


def catalog(tag: str) -> Catalog:
    with catalog_of("mailgate.console", tag).open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"), abort_invalid=True)


def forms(text: Text | Iterable[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def test_no_text_of_a_template_ends_with_a_blank() -> None:
    with as_file(files("mailgate.console") / "templates") as folder:
        found = {
            f"{path.name}: {blank[0]}"
            for path in folder.rglob("*.html")
            for blank in re.finditer(
                r"\{% trans [^%]*%\}[ ]|[^\n]{0,20}[ ]\{% (?:endtrans|pluralize) %\}", path.read_text()
            )
        }
    assert not found


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_catalog_lacks_no_text_and_has_no_other(tag: str, told: set[Text]) -> None:
    have = {forms(message.id) for message in catalog(tag) if message.id}
    assert have == {forms(text) for text in told}
    assert len(told) > 1000


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_text_is_translated_with_the_same_values_and_marks(tag: str) -> None:
    translated = catalog(tag)
    assert not translated.obsolete
    for message in (each for each in translated if each.id):
        texts, wanted = forms(message.string), forms(message.id)[-1]
        assert not message.fuzzy, message.id
        assert all(texts), message.id
        assert len(texts) == (translated.num_plurals if message.pluralizable else 1), message.id
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(wanted)), text
            assert sorted(MARK.findall(text)) == sorted(MARK.findall(wanted)), text
            assert text.count("%%") == wanted.count("%%"), text


@pytest.mark.parametrize("tag", [SOURCE, *TRANSLATED])
def test_no_sentence_quotes_a_title_which_has_quotes_of_its_own(tag: str, told: set[Text]) -> None:
    texts = [each for text in told for each in forms(text)]
    texts += [each for message in (catalog(tag) if tag != SOURCE else ()) for each in forms(message.string)]
    assert not [each for each in texts if re.search(r"[“„\"']%\((plan_)?title\)s", each)]


def test_german_quotes_as_german_does() -> None:
    for message in catalog("de"):
        for text in forms(message.string):
            assert text.count("„") == text.count("“"), text
            assert "”" not in text, text


def test_german_says_one_word_for_mail_and_addresses_everybody_alike() -> None:
    familiar = r"(?i:\b(?:du|dich|dir|dein\w*)\b)|\b(?:[Ww]ähle|[Ff]ang|[Gg]ib|[Ss]ieh|[Ll]ass)\b"
    other = r"(?<![-\w(])(?:Mails?|Post)(?![-\w])"  # nothing but E-Mail
    texts = [text for each in catalog("de") for text in forms(each.string)]
    assert [text for text in texts if re.search(f"{familiar}|{other}", PLACEHOLDER.sub("", text))] == []
