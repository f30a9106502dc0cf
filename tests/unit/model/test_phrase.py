"""Sentences that are English by themselves and can be said in another language."""

import json
import pickle
from copy import deepcopy
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AfterValidator, PositiveInt, TypeAdapter, ValidationError

from mailgate.model.phrase import (
    ENGLISH,
    LANGUAGES,
    SOURCE,
    TAGS,
    Phrase,
    capital,
    code,
    day,
    did_you_mean,
    joined,
    joined_by_and,
    joined_by_or,
    joined_names,
    nearest,
    phrase,
    plural,
    primary,
    quoted,
    read_words,
    sentence,
    stored,
    time_of,
    transformed,
    translate,
    words_of,
    wrong_value,
)

AT = datetime(2026, 12, 1, 9, 5, 7, tzinfo=UTC)


class Mirrored:
    """A language in which every text is written backwards, but for the places of its values."""

    def text(self, message: str, /) -> str:
        return {"kept out": "tuo tpek", "%(what)s by %(rule)s": "%(rule)s yb %(what)s"}.get(message, message)

    def plural(self, one: str, more: str, number: int, /) -> str:
        return f"<{ENGLISH.plural(one, more, number)}>"

    def number(self, number: float, /) -> str:
        return f"{number:,}".replace(",", ".")

    def day(self, at: datetime, /) -> str:
        return at.strftime("%d.%m.%Y")

    def code(self, name: str, /) -> str:
        return f"<{name}>"

    def time(self, at: datetime, /, *, exact: bool) -> str:
        return at.strftime("%H.%M.%S" if exact else "%H.%M")


def test_a_phrase_is_the_english_text_for_whoever_asks_no_further() -> None:
    made = phrase("%(what)s by %(rule)s", what=phrase("kept out"), rule="r1")
    assert made == "kept out by r1"
    assert json.dumps([made]) == '["kept out by r1"]'


def test_a_copy_is_said_in_the_same_languages() -> None:
    for kept in (deepcopy(phrase("kept out")), pickle.loads(pickle.dumps(phrase("kept out")))):
        assert (kept, translate(kept, Mirrored())) == ("kept out", "tuo tpek")


def test_a_phrase_is_translated_with_the_phrases_in_it() -> None:
    made = phrase("%(what)s by %(rule)s", what=phrase("kept out"), rule="kept out")
    assert translate(made, Mirrored()) == "kept out yb tuo tpek"  # a name is a name


def test_numbers_choose_the_form_and_are_written_as_people_do() -> None:
    made = plural("%(count)s device", "%(count)s devices", 2000)
    assert (made, translate(made, Mirrored())) == ("2,000 devices", "<2.000 devices>")
    assert [plural("one device", "%(count)s devices", each) for each in (0, 1, 2)] == [
        "0 devices",
        "one device",
        "2 devices",
    ]
    assert plural("%(who)s is", "%(who)s and %(count)s more", 3, who="ada") == "ada and 3 more"
    assert [phrase("%(part)s%%", part=part) for part in (12.5, 2.0, 12)] == ["12.5%", "2%", "12%"]


def test_a_text_without_values_may_have_a_percent_sign() -> None:
    assert phrase("100 %") == "100 %"


def test_other_values_are_the_same_in_every_language() -> None:
    assert [translate(each, Mirrored()) for each in ("kept out", 1000, None)] == ["kept out", "1.000", "None"]


def test_words_may_begin_with_a_capital_in_every_tongue() -> None:
    assert translate(capital(phrase("kept out")), Mirrored()) == "Tuo tpek"
    assert capital("kept Out") == "Kept Out"
    assert not isinstance(capital("x"), Phrase)


def test_a_name_at_the_beginning_stays_as_it_is_written() -> None:
    who = phrase("%(who)s is let in", who="cyan.door")
    assert (str(capital(who)), str(sentence(who))) == ("cyan.door is let in", "cyan.door is let in.")
    by_number = plural("%(who)s waits", "%(who)s and others wait", 2, who="cyan.door")
    assert sentence(by_number) == "cyan.door and others wait."
    assert sentence(phrase("%(who)s waits", who=phrase("nobody"))) == "Nobody waits."


def test_parts_are_joined_in_every_tongue() -> None:
    assert translate(joined(["a", phrase("kept out")]), Mirrored()) == "a, tuo tpek"
    assert joined(["a", "b"], "; ") == "a; b"


def test_names_are_listed_in_words() -> None:
    assert joined_names(["a", "b", "c"], joined_by_and) == "a, b and c"
    assert joined_names(["a", "b"], joined_by_or) == "a or b"
    assert joined_names(["a"], joined_by_and) == "a"


def test_a_change_is_made_in_the_tongue_in_which_it_is_said() -> None:
    assert translate(transformed(phrase("kept out"), str.upper), Mirrored()) == "TUO TPEK"


def test_words_may_be_a_whole_sentence_in_every_tongue() -> None:
    assert translate(sentence(phrase("kept out")), Mirrored()) == "Tuo tpek."
    assert [sentence(each) for each in ("plan again.", "so …", "why?", "stop!", "x")] == [
        "Plan again.",
        "So ….",
        "why?",
        "stop!",
        "X.",
    ]


def test_days_are_written_as_english_does() -> None:
    at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert (ENGLISH.day(at), ENGLISH.short_day(at)) == ("1 December 2026", "1 Dec")
    assert (day(at), translate(day(at), Mirrored())) == ("1 December 2026", "01.12.2026")


def test_a_number_in_a_phrase_is_written_by_the_language_whole_or_not() -> None:
    made = phrase("%(all)s of %(part)s", all=1000, part=1000.5)
    assert (made, translate(made, Mirrored())) == ("1,000 of 1000.5", "1.000 of 1.000.5")


def test_a_text_that_is_more_than_its_letters_stays_what_it_is() -> None:
    class Safe(str):
        __slots__ = ()

    text = Safe("<b>")
    assert translate(text, Mirrored()) is text


@pytest.mark.parametrize(
    ("words", "english", "mirrored"),
    [
        ("kept out", "kept out", "kept out"),  # what a person wrote is no text of the catalogs
        (phrase("kept out"), "kept out", "tuo tpek"),
        (
            phrase("%(what)s by %(rule)s", what=phrase("kept out"), rule="r1"),
            "kept out by r1",
            "r1 yb tuo tpek",
        ),
        (
            plural("%(count)s of %(all)s", "%(count)s of %(all)s", 1200, all=2.5),
            "1,200 of 2.5",
            "<1.200 of 2.5>",
        ),
        (
            joined(["a", phrase("kept out"), day(AT)]),
            "a, kept out, 1 December 2026",
            "a, tuo tpek, 01.12.2026",
        ),
        (phrase("at %(at)s", at=time_of(AT)), "at 2026-12-01 09:05 UTC", "at 09.05"),
        (time_of(AT, exact=True), "2026-12-01 09:05:07 UTC", "09.05.07"),
        (joined([code("a"), code("b")]), "`a`, `b`", "<a>, <b>"),
        (capital(phrase("kept out")), "Kept out", "Kept out"),  # a change of the letters is not kept
        (phrase("%(part)s of %(odd)s", part=None, odd=True), "None of 1", "None of 1"),
    ],
)
def test_words_that_were_stored_are_said_in_the_language_of_the_reader(
    words: str, english: str, mirrored: str
) -> None:
    kept = json.dumps(stored(words))
    read = read_words(json.loads(kept))
    assert (words, read, translate(read, Mirrored())) == (english, english, mirrored)
    assert json.dumps(stored(read)) == kept


@pytest.mark.parametrize(
    "told",
    [
        None,
        7,
        [],
        {},
        {"text": "%(a)s", "values": {}, "more": 1, "number": 1},
        {"text": "%(a)s", "values": {"b": "x"}},
        {"text": "%(a)s", "values": ["a"]},
        {"text": 5, "values": {"a": "x"}},
        {"parts": 5, "between": ", "},
        {"day": "soon"},
        {"at": 5, "exact": False},
        {"at": "0001-01-01T00:00:00+23:00", "exact": False},
    ],
)
def test_words_that_nobody_stored_are_refused(told: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_words(told)


def _refused(_text: str) -> str:
    raise wrong_value("word", phrase("no %(what)s", what="good"), key="below")


def test_the_words_of_an_error_are_the_phrase_that_it_was_made_of() -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Annotated[str, AfterValidator(_refused)]).validate_python("x")
    (error,) = raised.value.errors()
    assert (error["type"], error["msg"], error["ctx"]["key"]) == ("word", "no good", "below")
    assert isinstance(words_of(error), Phrase)


@pytest.mark.parametrize("value", ["x", 0], ids=["without a context", "with its own"])
def test_an_error_of_the_library_has_its_own(value: object) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(PositiveInt).validate_python(value)
    (error,) = raised.value.errors()
    assert words_of(error) == error["msg"]


PAGES = files("mailgate.gateway.pages").joinpath("locale")
EXTENSION = Path(__file__).parents[3] / "extension" / "_locales"


def test_each_language_but_the_source_has_a_catalog() -> None:
    assert {each.name.replace("_", "-") for each in PAGES.iterdir()} == set(TAGS) - {SOURCE}


def test_the_extension_speaks_the_same_languages() -> None:
    assert {primary(each.name.replace("_", "-")) for each in EXTENSION.iterdir()} == set(LANGUAGES)


def test_settings_and_policies_name_each_language_in_one_word() -> None:
    assert [primary(tag) for tag in ("zh-Hans", "PT-br", "de")] == ["zh", "pt", "de"]
    assert len(set(LANGUAGES)) == len(TAGS)


@pytest.mark.parametrize(
    ("word", "near"), [("labtop", "laptop"), ("Report-Only", "report_only"), ("zzz", None), ("", None)]
)
def test_the_nearest_word_is_found(word: str, near: str | None) -> None:
    assert nearest(word, ["laptop", "phone", "report_only"]) == near


@pytest.mark.parametrize(
    ("words", "most", "shown"),
    [("", 2, ""), ("a", 2, "`a`"), ("ba", 2, "`b`, `a`"), ("abc", 2, "`a`, `b`, … (3 in all)")],
)
def test_long_lists_are_cut(words: str, most: int, shown: str) -> None:
    assert quoted(words, most) == shown


def test_a_dozen_is_shown_if_nothing_else_is_asked_for() -> None:
    assert quoted("abcdefghijkl") == ", ".join(f"`{letter}`" for letter in "abcdefghijkl")
    assert quoted("abcdefghijklm").endswith("`l`, … (13 in all)")


def test_the_nearest_of_several_is_meant() -> None:
    assert nearest("laptopp", ["laptops", "laptop", "lap"]) == "laptop"


@pytest.mark.parametrize(("word", "near"), [("abcxy", "abcde"), ("abxyz", None)])
def test_a_very_different_word_is_not_near(word: str, near: str | None) -> None:
    assert nearest(word, ["abcde"]) == near


@pytest.mark.parametrize(
    ("word", "known", "words"),
    [
        ("x", [], "nothing is defined that could be used here"),
        ("x", ["laptop", "phone"], "use one of `laptop`, `phone`"),
        ("fone", ["laptop", "phone"], "did you mean `phone`? use one of `laptop`, `phone`"),
    ],
)
def test_known_words_are_told_after_a_guess(word: str, known: list[str], words: str) -> None:
    assert did_you_mean(word, iter(known)) == words
