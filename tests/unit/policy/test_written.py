from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tests.unit.policy.examples import refusal

from mailgate.config.described_schema import DescribedSchema
from mailgate.model.phrase import LANGUAGES
from mailgate.policy import Policy
from mailgate.policy.rules import Rule, RuleNotice
from mailgate.policy.written import (
    App,
    AppList,
    Duration,
    ExtensionId,
    Identifier,
    Key,
    Language,
    LocalizedField,
    LocalizedText,
    Text,
    at_least,
    in_words,
    order_of,
    parts_of,
    text_in,
)

READ = TypeAdapter(Duration)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("30d", timedelta(days=30)),
        ("36500d", timedelta(days=36500)),
        ("999999999ms", timedelta(milliseconds=999_999_999)),
    ],
)
def test_durations_are_read(text: str, span: timedelta) -> None:
    assert READ.validate_python(text) == span


@pytest.mark.parametrize(
    "text",
    ["30", 30, "0s", "-5s", "1.5h", "5 m", "5M", "1h30m", "", True, "5m\n", "1000000000ms", timedelta(1)],
)
def test_a_malformed_duration_is_refused(text: object) -> None:
    words = "not a duration; use one like 500ms, 30s, 5m, 24h or 30d"
    assert refusal(Duration, text) == ("duration", {"words": words})


@pytest.mark.parametrize("text", ["36501d", "876001h", "999999999d"])
def test_a_duration_over_a_hundred_years_is_refused(text: str) -> None:
    words = "the duration is too long; use at most 36500d"
    assert refusal(Duration, text) == ("duration", {"words": words})


def test_editors_know_what_a_duration_looks_like() -> None:
    assert READ.json_schema() == {"type": "string", "pattern": "^[1-9][0-9]{0,8}(ms|s|m|h|d)$"}


@given(st.integers(1, 36_500), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_a_written_duration_is_read_back_as_the_same(count: int, unit: str) -> None:
    span = READ.validate_python(f"{count}{unit}")
    assert READ.validate_python(in_words(span)) == span
    assert READ.dump_python(span, mode="json") == in_words(span)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=48), "48d"),
        (timedelta(hours=48), "2d"),
        (timedelta(hours=47), "47h"),
        (timedelta(minutes=60), "1h"),
        (timedelta(minutes=61), "61m"),
        (timedelta(seconds=60), "1m"),
        (timedelta(seconds=61), "61s"),
        (timedelta(milliseconds=1000), "1s"),
        (timedelta(milliseconds=1001), "1001ms"),
        (timedelta(milliseconds=1), "1ms"),
        (timedelta(milliseconds=1, microseconds=999), "1ms"),
    ],
)
def test_the_largest_unit_is_written(span: timedelta, words: str) -> None:
    assert in_words(span) == words


@pytest.mark.parametrize(
    ("version", "wanted", "is_known_to_be"),
    [
        ("142", "142", True),
        ("142.0.7444.134", "142", True),
        ("142", "142.0.0", True),
        ("9", "17", False),
        ("17", "9", True),
        ("141.9.9", "142", False),
        ("142.0.7444.59", "142.0.7444.134", False),
        ("0.1.10", "0.1.9", True),
        # what cannot be read is not known to be any version, and no version is at least what is none
        ("", "1", False),
        ("142b", "1", False),
        ("-1", "0", False),
        (" 142", "1", False),
        ("142.", "1", False),
        ("٣", "1", False),
        ("9" * 10, "1", False),
        ("1" + ".1" * 8, "1", False),
        ("142", "", False),
        ("", "", False),
    ],
)
def test_a_version_is_compared_part_by_part(version: str, wanted: str, is_known_to_be: bool) -> None:
    assert at_least(version, wanted) is is_known_to_be


def test_zeros_at_the_end_mean_nothing_and_what_is_none_comes_first() -> None:
    assert (parts_of("142.0"), parts_of("0.0"), parts_of("x")) == ((142,), (), None)
    assert sorted(["17", "9.1", "9", "x"], key=order_of) == ["x", "9", "9.1", "17"]


TITLE = {
    "de": "Smartphones mit TikTok erhalten keine Firmen-E-Mail",
    "en": "Phones with TikTok get no company mail",
}


def rule(**more: object) -> Rule:
    return Rule.model_validate({"id": "apps", "when": "client.handheld", "effect": "block", **more})


def test_a_text_that_names_no_language_is_in_the_default_one() -> None:
    assert [text_in("Ask", language, "en") for language in ("en", "de")] == ["Ask", ""]


def test_a_text_in_several_is_said_in_each_and_in_no_other() -> None:
    title = rule(title=TITLE).title
    assert title is not None
    assert [text_in(title, language, "en") for language in ("de", "en", "fr")] == [*TITLE.values(), ""]


def test_logs_and_admins_read_english_or_the_first_language() -> None:
    assert str(LocalizedText.of(TITLE)) == TITLE["en"]
    assert str(LocalizedText.of({"fr": "Bonjour", "de": "Hallo"})) == "Bonjour"


def test_a_fix_of_ones_own_and_a_contact_take_languages_too() -> None:
    notice = RuleNotice.model_validate(
        {"fix": {"de": "Bringen Sie es vorbei."}, "contact": {"de": "Hilfe, Raum 3"}}
    )
    assert text_in(notice.fix or "", "de", "en") == "Bringen Sie es vorbei."
    assert text_in(notice.contact or "", "de", "en") == "Hilfe, Raum 3"


@pytest.mark.parametrize(
    "title", [{}, {"xx": "?"}, {"de": ""}, {"de": "x" * 201}, {"de": 7}, ["de"], {"de": {"en": "x"}}, 7, ""]
)
def test_a_malformed_title_is_refused(title: object) -> None:
    with pytest.raises(ValidationError):
        rule(title=title)


def test_a_wording_in_no_language_or_in_none_is_told() -> None:
    assert refusal(LocalizedField, {"xx": "?"}) == ("word", {"word": "xx", "known": list(LANGUAGES)})
    assert refusal(Language, "xx") == ("word", {"word": "xx", "known": list(LANGUAGES)})
    words = "the text is missing; write one, or one for each language"
    assert refusal(LocalizedField, {}) == ("words", {"words": words})


def test_a_text_is_written_as_it_was_read() -> None:
    field: TypeAdapter[str] = TypeAdapter(LocalizedField)
    for written in ("x" * 200, TITLE, {"de": "x" * 200}):
        assert field.dump_python(field.validate_python(written)) == written
    assert TypeAdapter(Language).validate_python("de") == "de"


def test_editors_know_a_text_and_the_languages() -> None:
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    in_languages = {
        "type": "object",
        "properties": dict.fromkeys(LANGUAGES, text),
        "additionalProperties": False,
        "minProperties": 1,
    }
    assert TypeAdapter(LocalizedField).json_schema() == {"anyOf": [text, in_languages]}
    assert TypeAdapter(Language).json_schema() == {"type": "string", "enum": list(LANGUAGES)}


@pytest.mark.parametrize("fix", [{"de": "gehen"}, {"en": "Bring it to us", "de": "remove-app"}])
def test_a_single_word_is_no_sentence_in_any_language(fix: object) -> None:
    with pytest.raises(ValidationError):
        RuleNotice.model_validate({"fix": fix})


def test_another_wording_is_another_version_and_a_plain_text_keeps_its_own() -> None:
    plain, english = rule(title=TITLE["en"]), rule(title={"en": TITLE["en"]})
    versions = {Policy((each,)).version for each in (plain, english, rule(title=TITLE))}
    assert len(versions) == 3
    assert Policy((rule(title=TITLE["en"]),)).version == Policy((plain,)).version


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        (Key, ["a", "9", "a-1-b", "x" * 64], ["", "A", "-a", "a-", "a--b", "a_b", "a\n", "x" * 65]),
        (Text, ["x", "x" * 200], ["", "x" * 201]),
        (Identifier, ["c", "com.X_y-9", "c" * 255], ["", ".c", "-c", "a b", "c" * 256]),
        (ExtensionId, ["@name", "{0d6f}", "a.b_c-9", "x" * 128], ["", "a b", "x" * 129]),
    ],
)
def test_names_have_their_letters_and_their_lengths(form: Any, good: list[str], bad: list[str]) -> None:
    read = TypeAdapter(form).validate_python
    assert [read(each) for each in good] == good
    for each in bad:
        with pytest.raises(ValidationError):
            read(each)


def test_an_app_in_the_file_needs_a_name_and_nothing_else() -> None:
    nothing = dict.fromkeys(("android", "ios", "names", "extensions", "publishers"), ())
    app = App(name="X")
    assert app.model_dump() == {"name": "X", "vendor": None} | nothing
    about = App.model_json_schema(schema_generator=DescribedSchema)["properties"]["publishers"]["description"]
    assert about.startswith("Its publishers, which distinguish apps of one name"), "editors show it"
    for bad in ({}, {"name": "X", "colour": "red"}, {"name": "X", "ios": ["a.b"]}):
        with pytest.raises(ValidationError):
            App.model_validate(bad)
    with pytest.raises(ValidationError, match="frozen"):
        app.name = "Y"


def test_a_list_in_its_own_file_has_a_source_and_an_app() -> None:
    least = {"title": "T", "sources": ("S",), "apps": ("a",)}
    assert AppList.model_validate(least).model_dump() == least | {"published": None, "notes": None}
    whole = least | {"published": "2023-02-27", "notes": "x" * 2000}
    assert AppList.model_validate(whole).model_dump() == whole
    for bad in (
        {"sources": ()},
        {"apps": ()},
        {"published": "2023-2-27"},
        {"published": "27.02.2023"},
        {"notes": ""},
        {"notes": "x" * 2001},
    ):
        with pytest.raises(ValidationError):
            AppList.model_validate(whole | bad)
