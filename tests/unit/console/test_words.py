"""The closed sets of the model in the words of admins."""

from collections.abc import Mapping
from enum import StrEnum

import pytest

from mailgate.console.words import (
    EFFECTS,
    PROTOCOLS,
    VERDICTS,
    device_in_words,
    enrolment_in_words,
    kind_in_words,
    mail_failure_in_words,
    not_denied_in_words,
    reason_in_words,
    short_names,
    status_in_words,
    system_in_words,
    told_by,
    trouble_in_words,
)
from mailgate.errors import Trouble
from mailgate.gateway.pages.reasons import wording_of
from mailgate.model import Compliance, Effect, Enrolment, Kind, Protocol, Reason
from mailgate.model.phrase import translate
from mailgate.texts import console_languages


@pytest.mark.parametrize("closed", [(EFFECTS, Effect), (PROTOCOLS, Protocol), (VERDICTS, Compliance)])
def test_each_of_a_closed_set_has_words_of_its_own(closed: tuple[Mapping[str, str], type[StrEnum]]) -> None:
    words, kinds = closed
    assert (set(words), len(set(words.values()))) == (set(kinds), len(kinds))


def test_every_enrolment_has_words_of_its_own() -> None:
    assert len({enrolment_in_words(each) for each in Enrolment}) == len(Enrolment)


def test_a_word_of_another_release_stays_as_it_is() -> None:
    effect_in_words = told_by(EFFECTS)
    assert (effect_in_words("block"), effect_in_words("quarantine")) == ("no mail", "quarantine")
    assert reason_in_words("of-another-release") == ""
    assert not_denied_in_words("of-another-release") == "of-another-release"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.PHONE, "phone"),
        (Kind.MAIL_APP, "mail app"),
        ("mail_app", "mail app"),
        ("unknown", "device of unknown kind"),
        ("", "device"),
        (None, "device"),
    ],
)
def test_a_kind_is_told_as_people_say_it(kind: Kind | str | None, words: str) -> None:
    assert kind_in_words(kind) == words


@pytest.mark.parametrize(
    ("os", "version", "words"),
    [("ipados", "26.1", "iPadOS 26.1"), ("macos", "", "macOS"), ("haiku", "1", "haiku 1"), ("", "", "")],
)
def test_a_system_is_written_as_its_maker_does(os: str, version: str, words: str) -> None:
    assert system_in_words(os, version) == words


def test_a_device_is_called_by_kind_and_system() -> None:
    assert device_in_words(Kind.PHONE, "ios", "26.1") == "phone, iOS 26.1"
    assert device_in_words(None, "") == "device"


@pytest.mark.parametrize("reason", set(Reason) - {Reason.RULE_MATCHED})
def test_a_reason_is_told_by_the_title_of_its_page(reason: Reason) -> None:
    told = reason_in_words(reason.value)
    assert told == wording_of(reason).title
    assert told
    assert not told.endswith(".")


def test_a_matched_rule_says_why_by_its_own_title() -> None:
    assert reason_in_words("rule-matched") == ""


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_of_a_source_is_told_as_what_it_does(trouble: Trouble) -> None:
    told = trouble_in_words(trouble.value)
    assert len(told.split()) > 2
    assert trouble_in_words(f"{trouble.value}: the key is wrong") == f"{told} (the key is wrong)"


def test_a_trouble_of_another_release_stands_as_it_is() -> None:
    assert trouble_in_words("odd") == "odd"


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("550", "the mail server refused it for good (550)"),
        ("451", "the mail server did not take it for now (451)"),
        ("interrupted", "the gate ended while it was being sent"),
        ("SMTPServerDisconnected", "SMTPServerDisconnected"),
        ("", ""),
    ],
)
def test_a_reply_of_the_mail_server_is_told_as_what_it_means(why: str, words: str) -> None:
    assert mail_failure_in_words(why) == words


def test_reasons_have_the_words_of_the_gates_own_pages() -> None:
    german = console_languages()["de"]
    assert translate(reason_in_words("prohibited-app"), german).startswith("Eine App hält Firmen-E-Mail")


@pytest.mark.parametrize(("status", "words"), [(429, "HTTP 429 Too Many Requests"), (599, "HTTP 599")])
def test_a_status_is_told_with_its_phrase_if_it_has_one(status: int, words: str) -> None:
    assert status_in_words(status) == words


def test_a_sentence_names_people_without_the_domain_that_they_share() -> None:
    assert short_names(["ada@example.com", "bob@example.com"]) == ["ada", "bob"]
    assert short_names(["ada@example.com", "ada@example.org"]) == ["ada@example.com", "ada@example.org"]
    assert short_names(["ada", "bob"]) == ["ada", "bob"]
