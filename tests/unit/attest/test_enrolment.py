"""Tokens and pairing codes: what they look like, and by what they are found."""

from datetime import timedelta
from hashlib import sha256

import pytest

from mailgate.attest.enrolment import (
    CODE_BYTES,
    CODE_LIFE,
    TOKEN_BYTES,
    digest_of,
    name_of,
    new_code,
    new_token,
)


def test_a_token_has_256_bits_and_a_code_40_for_ten_minutes() -> None:
    assert [TOKEN_BYTES * 8, CODE_BYTES * 8] == [256, 40]
    assert timedelta(minutes=10) == CODE_LIFE


def test_a_token_holds_all_of_its_randomness() -> None:
    assert new_token(b"\0" * 32) == "mailgate-enrol-" + "A" * 43
    assert new_token(b"\0" * 31 + b"\1") != new_token(b"\0" * 32)


@pytest.mark.parametrize(
    ("random", "code"),
    [
        (b"\0" * 5, "0000-0000"),
        (b"\xff" * 5, "ZZZZ-ZZZZ"),
        (bytes([0x12, 0x34, 0x56, 0x78, 0x9A]), "28T5-CY4T"),
    ],
)
def test_a_code_is_crockfords_base32_of_forty_bits(random: bytes, code: str) -> None:
    assert new_code(random) == code


def test_no_letter_of_a_code_could_be_read_as_another() -> None:
    last = "".join(new_code(bytes([0, 0, 0, 0, number]))[-1] for number in range(32))
    assert last == "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize("text", ["", "abc", "abcd-efg", "abcd-efghj", "1028-T5CYY"])
def test_a_text_of_another_form_is_hashed_unchanged(text: str) -> None:
    assert digest_of(text) == digest_of(f" {text} ") == sha256(text.encode()).digest()


@pytest.mark.parametrize("typed", ["1028-T5CY", "1028t5cy", " lO28 t5cY ", "I028-T5-CY"])
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    assert digest_of(typed) == sha256(b"1028T5CY").digest()


@pytest.mark.parametrize("other", ["1028-T5CZ", "1028-T5C", "1028-T5CYY", ""])
def test_different_codes_have_different_digests(other: str) -> None:
    assert digest_of(other) != digest_of("1028-T5CY")


def test_a_token_is_compared_letter_by_letter() -> None:
    token = new_token(b"a" * 32)
    assert digest_of(f" {token}\n") == digest_of(token) == sha256(token.encode()).digest()
    assert digest_of(token.upper()) != digest_of(token)


def test_the_name_of_a_token_does_not_reveal_it() -> None:
    digest = digest_of("1028-T5CY")
    assert name_of(digest) == f"token-{digest.hex()[:10]}"
    assert "1028" not in name_of(digest)


def test_text_that_no_encoding_has_is_no_error() -> None:
    assert digest_of("\ud800") == sha256(b"\xed\xa0\x80").digest()
