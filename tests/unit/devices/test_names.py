"""Forms of an ActiveSync id."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.devices.names import (
    bare,
    eas_forms,
    eas_text,
    folded,
    forms_of,
    ids,
    logins,
    references,
    storable,
)

words = st.text(string.ascii_letters + string.digits, min_size=1, max_size=32)


@pytest.mark.parametrize(
    ("kind", "written", "forms"),
    [
        ("cert", "aB", {"aB"}),
        ("key", "aB", {"aB"}),
        ("mdm", "aB", {"aB"}),
        ("serial", " c02-xk1 ", {"C02-XK1"}),
        ("serial", "straße1", {"STRAßE1"}),
        ("udid", " {0000-a8120} ", {"0000A8120"}),
        ("udid", "", set()),
        ("directory", "{4f0c-1c6e}", {"4F0C1C6E"}),
        ("eas", "aB", eas_forms("AB")),
        ("serial", " ", set()),
        ("eas", "", set()),
    ],
)
def test_a_name_that_somebody_else_wrote_is_looked_for_as_it_is_stored(
    kind: str, written: str, forms: set[str]
) -> None:
    assert forms_of(kind, written) == forms


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("", ""),
        ("ApplX1", "applx1"),
        ("6170706C5831", "applx1"),
        ("4150504C5831", "applx1"),
        ("6170706C583", "6170706c583"),
        ("00010203", "00010203"),
        ("FFFEFDFC", "fffefdfc"),
        ("C3A9C3A9", "c3a9c3a9"),
        ("É1", "É1"),
    ],
)
def test_hex_is_read_as_text_only_if_it_is_text(sent: str, text: str) -> None:
    assert eas_text(sent) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [("ada", "ada"), ("é", "é"), ("a\0b", "a\\x00b"), ("é\0", "é\\x00"), ("k\ud800", "k\\ud800"), ("", "")],
)
def test_characters_that_no_database_keeps_are_escaped(text: str, kept: str) -> None:
    assert storable(text) == kept


@given(words)
def test_text_and_hex_in_any_case_are_one_device(eas_id: str) -> None:
    sent = [eas_id.upper(), eas_id.lower(), eas_id.encode().hex(), eas_id.encode().hex().upper()]
    assert all(eas_forms(eas_id) & eas_forms(form) for form in sent)


@given(st.text("GHIxyz_", min_size=1), st.text("GHIxyz_", min_size=1))
def test_two_ids_are_two_devices(one: str, other: str) -> None:
    if one.lower() != other.lower():
        assert not eas_forms(one) & eas_forms(other)


@given(st.text())
def test_the_text_of_an_id_is_one_of_its_forms(eas_id: str) -> None:
    assert eas_text(eas_id) in eas_forms(eas_id) or not eas_id


def test_an_id_that_is_hex_is_found_as_it_was_sent_too() -> None:
    """A source may have the hex of a hex id, as servers that read a base64 query have it."""
    for sent in ("4150504C", "applX"):
        assert {sent.lower(), eas_text(sent), eas_text(sent).encode().hex()} <= eas_forms(sent)


def test_only_ascii_letters_have_case() -> None:
    assert eas_forms("\u212a") != eas_forms("k")
    assert "applx" in eas_forms("APPLX")
    assert "4150" not in eas_forms("AP")
    assert "6170" in eas_forms("AP")


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
