"""Forms of an ActiveSync id."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.devices.names import eas_forms, eas_text, forms_of, storable

ids = st.text(string.ascii_letters + string.digits, min_size=1, max_size=32)


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


@given(ids)
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
