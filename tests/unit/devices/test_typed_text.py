"""What people type or paste finds what they mean, in whichever spelling it is stored."""

import unicodedata

import pytest

from mailgate.devices.typed_text import bare, folded, ids, logins, references

DECOMPOSED = unicodedata.normalize("NFD", "müller")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Plum Key <plum.key@example.com>", "plum.key@example.com"), ("<plum.key@example.com>", "plum.key@example.com"),
        ("mailto:plum.key@example.com", "plum.key@example.com"), ("MAILTO:plum%2Ekey@example.com?subject=x", "plum.key@example.com"),
        ("<mailto:plum.key@example.com>", "plum.key@example.com"), ('"plum.key",', "plum.key"), (" plum\u00a0 key ", "plum key"),
        ("plum\u200bkey\ufeff", "plumkey"), (DECOMPOSED, "müller"), ("#JZXW7GBIJH.", "JZXW7GBIJH"), ("...", ""),
        ("ada.key", "ada.key"), ("mail:ada", "mail:ada"), ("plum\tkey", "plum key"), ("mailto:mu%CC%88ller", "müller"),
    ],
)  # fmt: skip
def test_signs_around_an_address_or_help_number_are_left_out(typed: str, meant: str) -> None:
    assert bare(typed) == meant


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Jürgen.Müller", "JÜRGEN MÜLLER"), ("müller", DECOMPOSED), ("müller", "muller"), ("straße", "STRASSE"),
        ("søren-łukasz", "soren lukasz"), ("Иван", "иВАН"), ("Ἀθηνᾶ", "αθηνα"), ("plum_key", "Plum Key"), ("Ærø", "aero"), ("đorđe", "Dorde"), ("Guðrún", "gudrun"), ("Þór", "Thor"), ("Œuvre", "oeuvre"), ("Işık", "isik"),
    ],
)  # fmt: skip
def test_a_name_is_found_without_case_accents_and_signs(name: str, typed: str) -> None:
    assert folded(name) == folded(typed)


def test_a_letter_of_its_own_stays_apart() -> None:
    assert folded("müller") != folded("mueller")
    assert folded("и") == folded("й"), "an accent is one in every script"


@pytest.mark.parametrize(
    ("login", "typed"),
    [
        ("ada", "ada"), ("plum key|plum.key", " plum key "), ("Key, Plum|Plum.Key", "Key, Plum"), ("Key,Plum|Plum.Key", "Key,Plum"), ("a.|a", "a."),
        ("X <plum.key@example.com>|plum.key@example.com", "X <plum.key@example.com>"), ("plum key@example.com", "plum key@example.com"),
        ("é|e\u0301|É|E\u0301", "é"), ("sTraße|straße|STRASSE|Straße|strasse", "sTraße"), ("", ""), ("", "  "),
    ],
)  # fmt: skip
def test_the_likely_logins_of_a_text_come_in_order(login: str, typed: str) -> None:
    assert "|".join(logins(typed)) == login


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("UKPT3WHQ", "ukpt 3whq"), ("DM0000025", "dm-0000025"), ("seap-erop-3yvq", "SEAP EROP 3YVQ"), ("c02xy", "C02XY"),
        ("AB-12", "AB 12"), ("key_A1", "key_A1"), ("00:11:22", "00:11:22"),
    ],
)  # fmt: skip
def test_an_id_is_found_in_any_case_and_with_any_signs(name: str, typed: str) -> None:
    assert name in ids(typed)


@pytest.mark.parametrize(
    ("found", "typed"),
    [
        ("#Ab 1.|#AB 1.|#ab 1.|Ab 1|AB 1|ab 1|Ab1|AB1|ab1|Ab-1|AB-1|ab-1", " #Ab 1. "),
        ("É-1|É1", "É-1"),
        ("", ""),
    ],
)
def test_the_ids_of_a_text_are_tried_in_three_cases(found: str, typed: str) -> None:
    assert "|".join(ids(typed)) == found


@pytest.mark.parametrize(
    "typed",
    [
        "jzxw7 gbijh",
        "jzxw-7gbi-jh",
        "JZXW7GBIJH.",
        "#JZXW7GBIJH",
        "JZXW.7GBI.JH",
        "  “JZXW7GBIJH”",
        "(jzxw7gbijh)",
    ],
)
def test_a_reference_is_read_however_it_is_typed(typed: str) -> None:
    assert "JZXW7GBIJH" in references(typed)


@pytest.mark.parametrize(
    ("found", "typed"), [("a-b.|A-B.|AB", " a-b. "), ("JZXW", "JZXW"), ("jzxw|JZXW", "jzxw"), ("", "")]
)
def test_a_reference_may_be_what_was_typed_in_capitals_or_in_one_piece(found: str, typed: str) -> None:
    assert "|".join(references(typed)) == found
