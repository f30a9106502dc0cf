"""Tokens and pairing codes: what they look like, and by what they are found."""

import pytest

from mailgate.attest.enrolment import digest_of, name_of, new_code, new_token


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


@pytest.mark.parametrize("typed", ["1028-T5CY", "1028t5cy", " lO28 t5cY ", "I028-T5-CY"])
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    assert digest_of(typed) == digest_of("1028-T5CY")


@pytest.mark.parametrize("other", ["1028-T5CZ", "1028-T5C", "1028-T5CYY", ""])
def test_another_code_is_another(other: str) -> None:
    assert digest_of(other) != digest_of("1028-T5CY")


def test_a_token_is_compared_letter_by_letter() -> None:
    token = new_token(b"a" * 32)
    assert digest_of(f" {token}\n") == digest_of(token)
    assert digest_of(token.upper()) != digest_of(token)


def test_its_name_does_not_tell_it() -> None:
    digest = digest_of("1028-T5CY")
    assert name_of(digest) == f"token-{digest.hex()[:10]}"
    assert "1028" not in name_of(digest)


def test_text_that_no_encoding_has_is_no_error() -> None:
    assert len(digest_of("\ud800")) == 32
