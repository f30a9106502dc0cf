import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.errors import InvalidKeyTypeError
from tests.vectors import build_vectors as raw

from mailgate.attest import mint
from mailgate.attest.jose import (
    ClaimMissingError,
    Claims,
    ClaimWrongError,
    MalformedJwsError,
    parse_compact,
    parse_object,
)
from mailgate.attest.keys import import_public

KEY = mint.make_key(b"k" * 32, "k")
THREE_PARTS = "expected three base64url parts with dots between them"
NOT_STRICT = "payload is not strict JSON in UTF-8: "


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"a":1,"a":1}', NOT_STRICT + "a member name is repeated"),
        (b'{"a":{"b":1,"c":3,"b":2}}', NOT_STRICT + "a member name is repeated"),
        (b'{"a":NaN}', NOT_STRICT + "NaN is not JSON"),
        (b'{"a":-Infinity}', NOT_STRICT + "-Infinity is not JSON"),
        (b"[]", "payload is not a JSON object"),
        (b"1", "payload is not a JSON object"),
        (b"", NOT_STRICT + "Expecting value at character 0"),
        (b'{"a":1} {}', NOT_STRICT + "Extra data at character 8"),
        (b'\xef\xbb\xbf{"a":1}', NOT_STRICT + "Expecting value at character 0"),
        ('{"a":1}'.encode("utf-16"), NOT_STRICT + "wrong encoding"),
        (b'{"a":"\xff"}', NOT_STRICT + "wrong encoding"),
        (b'{"a":' + b"[" * 100_000, "payload is nested too deeply"),
    ],
)
def test_an_object_has_one_meaning_or_none(data: bytes, says: str) -> None:
    with pytest.raises(MalformedJwsError) as caught:
        parse_object(data, "payload")
    assert str(caught.value) == says


def test_a_number_that_python_does_not_read_is_refused() -> None:
    with pytest.raises(MalformedJwsError, match=NOT_STRICT):
        parse_object(b'{"a":' + b"9" * 5000 + b"}", "payload")


def test_an_object_keeps_all_of_its_members() -> None:
    said = {"a": [1, {"a": None}], "b": {"a": "ü"}}
    assert parse_object(json.dumps(said).encode(), "payload") == said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", THREE_PARTS),
        ("..", THREE_PARTS),
        ("a.b", THREE_PARTS),
        ("e30.e30.a.b", THREE_PARTS),
        ("e30.e30.AA=", THREE_PARTS),
        ("e30 .e30.", THREE_PARTS),
        ("e30.e30\n.", THREE_PARTS),
        ("é.e30.", THREE_PARTS),
        (".e30.", THREE_PARTS),
        ("e30..", THREE_PARTS),
        ("e31.e30.", "header is not base64url"),
        ("e.e30.", "header is not base64url"),
        ("e30.e.", "payload is not base64url"),
        ("e30.e30.a", "signature is not base64url"),
        ("e30.e30.AB", "signature is not base64url"),
        ("e30.e30.A-", "signature is not base64url"),
        ("W10.e30.", "header is not a JSON object"),
        ("e30.W10.", "payload is not a JSON object"),
    ],
)
def test_a_malformed_compact_jws_is_refused(text: str, says: str) -> None:
    with pytest.raises(MalformedJwsError) as caught:
        parse_compact(text)
    assert str(caught.value) == says


@pytest.mark.parametrize("length", range(5))
def test_a_part_may_have_any_length(length: int) -> None:
    header, payload = {"a": "x" * length}, {"b": "x" * length}
    jws = parse_compact(f"{raw.encoded(header)}.{raw.encoded(payload)}.{raw.b64(b'x' * length)}")
    assert (jws.header, jws.payload, jws.signature) == (header, payload, b"x" * length)


@pytest.mark.parametrize("at", [0, 1])
def test_a_header_has_none_of_the_parameters_that_are_forbidden(at: int) -> None:
    names = ["jku", "x5u"]
    text = raw.signed({"alg": "ES256", names[at]: "https://example.com"}, {}, raw.DEVICE)
    with pytest.raises(MalformedJwsError) as caught:
        parse_compact(text, forbidden=names)
    assert str(caught.value) == f"the header must not have {names[at]}"
    assert names[at] in parse_compact(text, forbidden=names[1 - at :][:1]).header


@pytest.mark.parametrize(
    ("key", "other"), [(raw.DEVICE, raw.THIEF), (raw.DEVICE_ED25519, raw.ISSUER_ED25519)]
)
def test_a_jws_is_signed_by_its_key_alone(key: raw.PrivateKey, other: raw.PrivateKey) -> None:
    algorithm = raw.algorithm(key)
    text = raw.signed({}, {"iss": "x"}, key)
    jws = parse_compact(text)
    assert jws.is_signed_by(import_public(raw.jwk(key)), algorithm)
    assert not jws.is_signed_by(import_public(raw.jwk(other)), algorithm)
    changed = parse_compact(
        raw.signed({}, {"iss": "y"}, key).rpartition(".")[0] + "." + text.rpartition(".")[2]
    )
    assert not changed.is_signed_by(import_public(raw.jwk(key)), algorithm)


def test_a_key_of_another_kind_is_an_error() -> None:
    """Who calls has to compare them before."""
    jws = parse_compact(mint.sign_token({"iss": "x"}, KEY))
    with pytest.raises(InvalidKeyTypeError):
        jws.is_signed_by(KEY, "Ed25519")


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_parsing_raises_its_own_error_only(text: str) -> None:
    with contextlib.suppress(MalformedJwsError):
        parse_compact(text)


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
