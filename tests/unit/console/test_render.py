"""Templates in, pages out."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import web
from jinja2 import UndefinedError

from mailgate.console import render
from mailgate.console.render import ago, asset, count, instant, plain, text_of
from mailgate.model.phrase import capital, code, joined, phrase, plural, sentence, time_of, with_command
from mailgate.model.times import LONG_AGO

AT = datetime(2026, 12, 1, 13, 0, 9, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize("at", [AT, AT.isoformat(), AT.astimezone(UTC)])
def test_the_exact_time_in_utc_is_there_for_hovering_and_scripts(at: datetime | str) -> None:
    shown = str(instant(at))
    assert 'title="Tue, Dec 1, 2026, 12:00:09 PM UTC"' in shown
    assert 'datetime="2026-12-01T12:00:09+00:00"' in shown
    assert ">Tue, Dec 1, 2026, 12:00 PM UTC<" in shown


@pytest.mark.parametrize("none", [None, ""])
def test_no_time_is_said_in_a_word(none: str | None) -> None:
    assert "never" in instant(none)


@pytest.mark.parametrize("at", [LONG_AGO, AT.replace(year=1926), AT.replace(year=1826).isoformat()])
def test_a_time_that_stands_for_an_unknown_one_is_not_told(at: datetime | str) -> None:
    assert ">not known<" in instant(at)


def test_numbers_have_their_thousands_apart() -> None:
    assert count(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "true"),
        ("", '""'),
        ("phone", "phone"),
        (3, "3"),
        (["a", "b"], "[a, b]"),
        ([], "[]"),
        (timedelta(hours=30), "1 day 6 h"),
        (timedelta(minutes=30), "0.5 h"),
        (AT, "2026-12-01 12:00:09 UTC"),
    ],
)
def test_values_that_a_rule_saw_are_readable(value: object, words: str) -> None:
    assert plain(value) == words


def test_text_of_strangers_is_never_markup() -> None:
    shown = text_of("refused.html", why="<script>alert(1)</script>")
    assert "&lt;script&gt;" in shown
    assert "<script>alert" not in shown


def test_a_name_that_a_template_does_not_get_is_a_mistake() -> None:
    with pytest.raises(UndefinedError):
        text_of("refused.html")


@pytest.mark.parametrize("name", ["../render.py", "console.py", ""])
def test_an_unknown_asset_is_not_found(name: str) -> None:
    with pytest.raises(web.HTTPNotFound):
        asset(name)


@pytest.mark.parametrize(
    ("seconds", "words"), [(9, "just now"), (10, "10 seconds ago"), (240, "4 minutes ago")]
)
def test_an_age_is_said_in_words(seconds: int, words: str) -> None:
    assert ago(timedelta(seconds=seconds)) == words


def test_no_page_tells_its_reader_to_type_a_command() -> None:
    folder = Path(render.__file__).parent
    texts = {
        path: path.read_text("utf-8") for path in [*folder.rglob("*.html"), *folder.rglob("assets/*.js")]
    }
    assert len(texts) > 30
    typed = re.compile(
        r"mailgate (admin|audit|check|devices|exempt|explain|notices|plan|policy|run|store)\b|\s--[a-z]"
    )
    found = {
        path.name for path, text in texts.items() if typed.search(re.sub(r"\{[{#%].*?[}#%]\}", "", text))
    }
    assert found == set()


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (with_command(phrase("Not running"), ": `mailgate policy plan`"), "Not running"),
        (plural("`%(name)s`", "", 1, name="<b>`x`"), "<code>&lt;b&gt;`x`</code>"),
        (phrase("%(first)s or %(last)s", first=code("<b>"), last="<b>"), "<code>&lt;b&gt;</code> or &lt;b&gt;"),
        (capital(joined(["<b>", phrase("from %(at)s on", at=time_of(AT))], ": ")), f"&lt;b&gt;: from {instant(AT).within} on"),
        (sentence(phrase("`a` & b")), "<code>a</code> &amp; b."),
        ("the condition is `a < b` now", "the condition is <code>a &lt; b</code> now"),
        ("<b> 2026-12-08 09:00 UTC", "&lt;b&gt; 2026-12-08 09:00 UTC"),
    ],
)  # fmt: skip
def test_words_from_the_depth_name_no_command_and_show_code_and_times(words: str, shown: str) -> None:
    assert render.for_page(words) == shown
