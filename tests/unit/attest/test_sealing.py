"""Which of several secrets seals, and what a seal is."""

import hmac
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from mailgate.attest.sealing import mac, sealing_key

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Made(NamedTuple):
    made_at: datetime
    secret: bytes = b"s"


@pytest.mark.parametrize(
    ("ages", "sealed"),
    [((0.0, 2.0, 3.0), 1), ((0.9, 1.0), 1), ((1.0, 9.0), 0), ((0.0, 0.3, 0.5), 2), ((0.0,), 0)],
)
def test_the_newest_key_known_to_every_gate_seals(ages: tuple[float, ...], sealed: int) -> None:
    keys = [Made(NOW - age * HOUR) for age in ages]
    assert sealing_key(keys, NOW, HOUR) is keys[sealed]


def test_a_seal_is_of_one_text_for_one_use_by_one_key() -> None:
    one, another = Made(NOW, b"a" * 32), Made(NOW, b"b" * 32)
    made = {
        mac(one, "use", "text"),
        mac(another, "use", "text"),
        mac(one, "other", "text"),
        mac(one, "use", "texts"),
    }
    assert len(made) == 4
    assert mac(one, "use", "text") in made
    assert {len(each) for each in made} == {43}


@pytest.mark.parametrize(
    ("text", "written"), [("text", b"text"), ("ü", b"\xc3\xbc"), ("\ud800", b"\xed\xa0\x80")]
)
def test_a_seal_is_hmac_in_base64url(text: str, written: bytes) -> None:
    digest = hmac.new(b"a" * 32, b"use\n" + written, "sha256").digest()
    assert urlsafe_b64decode(mac(Made(NOW, b"a" * 32), "use", text) + "=") == digest
