"""Forms of an ActiveSync id."""

import string

from hypothesis import given
from hypothesis import strategies as st

from mailgate.store.names import eas_forms, eas_text, forms_of

ids = st.text(string.ascii_letters + string.digits, min_size=1, max_size=32)


def test_a_thumbprint_is_compared_exactly_and_what_people_type_is_not() -> None:
    assert forms_of("cert", "aB") == forms_of("key", "aB") == {"aB"}
    assert forms_of("serial", "C02XK1") == {"c02xk1"}
    assert forms_of("eas", "aB") == eas_forms("AB")


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


def test_only_ascii_letters_have_case() -> None:
    assert eas_forms("\u212a") != eas_forms("k")
    assert "applx" in eas_forms("APPLX")
    assert "4150" not in eas_forms("AP")
    assert "6170" in eas_forms("AP")
