from datetime import UTC, datetime

import pytest

from mailgate.attest.claims import ClaimMissingError, Claims, ClaimWrongError

NOT_TEXTS = ["", 1, None, True, ["a"], "line\nbreak", "\x00", "\ud800", "\u202e", "x" * 256]
NOT_INSTANTS = [1.0, True, None, "1", -1, 10**30, float("inf"), 253_402_300_800]


@pytest.mark.parametrize("value", NOT_TEXTS)
def test_what_is_no_text(value: object) -> None:
    with pytest.raises(ClaimWrongError, match=r"^a must be a text"):
        Claims({"a": value}).text("a")
    with pytest.raises(ClaimWrongError, match=r"^a\[1\] must be a text"):
        Claims({"a": ["fine", value]}).texts("a")


@pytest.mark.parametrize("value", NOT_INSTANTS)
def test_what_is_no_instant(value: object) -> None:
    with pytest.raises(ClaimWrongError, match=r"^exp must be a whole number"):
        Claims({"exp": value}).instant("exp")


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_what_is_no_flag(value: object) -> None:
    with pytest.raises(ClaimWrongError, match="true or false"):
        Claims({"a": value}).flag("a")


@pytest.mark.parametrize("value", ["a", None, {"a": "b"}])
def test_what_is_no_list(value: object) -> None:
    with pytest.raises(ClaimWrongError, match="list of texts"):
        Claims({"a": value}).texts("a")


def test_what_is_there_is_read() -> None:
    claims = Claims({"text": "Zoë", "texts": [], "flag": False, "at": 0, "in": {"a": "b"}})
    assert claims.text("text") == "Zoë"
    assert claims.texts("texts") == ()
    assert claims.flag("flag") is False
    assert claims.instant("at") == datetime(1970, 1, 1, tzinfo=UTC)
    assert "a" in claims.inner("in")


def test_errors_name_the_whole_path() -> None:
    claims = Claims({"submods": {"device": {}}, "cnf": []})
    with pytest.raises(ClaimMissingError, match=r"^submods\.device\.ear\.status is missing$"):
        claims.inner("submods").inner("device").text("ear.status")
    with pytest.raises(ClaimWrongError, match=r"^cnf must be an object$"):
        claims.inner("cnf")
