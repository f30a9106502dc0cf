from datetime import UTC, datetime

import pytest

from mailgate.attest.claims import ClaimMissingError, Claims, ClaimWrongError

NOT_TEXTS = ["", 1, None, True, ["a"], "line\nbreak", "\x00", "\ud800", "\u202e", "x" * 256]
NOT_INSTANTS = [1.0, True, None, "1", -1, 10**30, float("inf"), 253_402_300_800]


@pytest.mark.parametrize("value", NOT_TEXTS)
def test_anything_but_a_short_printable_text_is_refused(value: object) -> None:
    with pytest.raises(ClaimWrongError, match=r"^a must be a text of 1 to 255 printable characters$"):
        Claims({"a": value}).text("a")
    with pytest.raises(ClaimWrongError, match=r"^a\[1\] must be a text of 1 to 255 printable characters$"):
        Claims({"a": ["fine", value]}).texts("a")


@pytest.mark.parametrize("text", ["x", " ", "Zoë", "x" * 255])
def test_a_text_of_up_to_255_characters_is_read(text: str) -> None:
    assert Claims({"a": text}).text("a") == text
    assert Claims({"a": ["fine", text]}).texts("a") == ("fine", text)


def test_a_text_may_have_another_limit() -> None:
    assert Claims({"a": "x" * 300}).text("a", 300) == "x" * 300
    with pytest.raises(ClaimWrongError, match=r"^a must be a text of 1 to 299 printable characters$"):
        Claims({"a": "x" * 300}).text("a", 299)


@pytest.mark.parametrize("value", NOT_INSTANTS)
def test_an_impossible_instant_is_refused(value: object) -> None:
    with pytest.raises(ClaimWrongError, match=r"^exp must be a whole number from 0 to 253402300799$"):
        Claims({"exp": value}).instant("exp")


@pytest.mark.parametrize(
    ("seconds", "instant"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (1_795_521_601, datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC)),
        (253_402_300_799, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_is_a_whole_second_in_utc(seconds: int, instant: datetime) -> None:
    assert Claims({"exp": seconds}).instant("exp") == instant


@pytest.mark.parametrize(("number", "is_within"), [(-3, False), (-2, True), (0, True), (5, True), (6, False)])
def test_a_whole_number_is_within_both_of_its_limits(number: int, is_within: bool) -> None:
    if is_within:
        assert Claims({"a": number}).whole("a", -2, 5) == number
        return
    with pytest.raises(ClaimWrongError, match=r"^a must be a whole number from -2 to 5$"):
        Claims({"a": number}).whole("a", -2, 5)


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_true_or_false(value: bool) -> None:
    assert Claims({"a": value}).flag("a") is value


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_anything_but_a_flag_is_refused(value: object) -> None:
    with pytest.raises(ClaimWrongError, match=r"^a must be true or false$"):
        Claims({"a": value}).flag("a")


@pytest.mark.parametrize("value", ["a", None, {"a": "b"}])
def test_anything_but_a_list_is_refused(value: object) -> None:
    with pytest.raises(ClaimWrongError, match=r"^a must be a list of texts$"):
        Claims({"a": value}).texts("a")


def test_a_list_may_be_empty_and_an_object_has_claims_of_its_own() -> None:
    claims = Claims({"texts": [], "in": {"a": "b"}})
    assert claims.texts("texts") == ()
    assert "a" in claims.inner("in")
    assert "b" not in claims.inner("in")
    assert claims.inner("in").text("a") == "b"


@pytest.mark.parametrize("read", ["text", "texts", "flag", "instant", "inner"])
def test_a_claim_that_is_missing_is_named(read: str) -> None:
    with pytest.raises(ClaimMissingError, match=r"^a is missing$"):
        getattr(Claims({"b": 1}), read)("a")


def test_errors_name_the_whole_path() -> None:
    device = Claims({"submods": {"device": {"ear.build": 1, "cnf": []}}}).inner("submods").inner("device")
    with pytest.raises(ClaimMissingError, match=r"^submods\.device\.ear\.status is missing$"):
        device.text("ear.status")
    with pytest.raises(ClaimWrongError, match=r"^submods\.device\.ear\.build must be a text"):
        device.text("ear.build")
    with pytest.raises(ClaimWrongError, match=r"^submods\.device\.cnf must be an object$"):
        device.inner("cnf")
