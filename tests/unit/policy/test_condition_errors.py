import pytest

from mailgate.policy.condition_errors import Fault, fault_at, translated


@pytest.mark.parametrize(("offset", "place"), [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (5, (2, 3))])
def test_an_offset_becomes_line_and_column(offset: int, place: tuple[int, int]) -> None:
    assert fault_at("ab\ncde", offset, "m") == Fault(*place, "m")


def test_an_error_in_an_unknown_form_is_told_as_it_is() -> None:
    [fault] = translated("INTERNAL: something new", "true")
    assert (fault.line, fault.column) == (1, 1)
    assert "something new" in fault.message


def test_what_follows_from_another_error_is_left_out() -> None:
    error = "ERROR: <input>:1:1: undeclared reference to 'a'\n | a\nERROR: <input>:1:3: type '*error*' is odd\n | a"
    assert len(list(translated(error, "a.b"))) == 1
