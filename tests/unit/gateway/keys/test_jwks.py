"""How long an issuer's keys may be used unasked. What is asked over the wire is tested in tests/integration."""

from datetime import timedelta

import pytest

from mailgate.gateway.keys.jwks import freshness


@pytest.mark.parametrize(
    ("said", "fresh_for"),
    [
        ("", timedelta(minutes=10)),
        ("public", timedelta(minutes=10)),
        ("max-age=300", timedelta(minutes=5)),
        ("public, max-age=300, must-revalidate", timedelta(minutes=5)),
        ('Max-Age = "300"', timedelta(minutes=5)),
        ("max-age=0", timedelta(minutes=1)),
        ("max-age=9999999999", timedelta(hours=24)),
        ("s-maxage=300", timedelta(minutes=10)),
        ("max-age=-1", timedelta(minutes=10)),
        ("no-cache", timedelta(minutes=1)),
        ("no-store, max-age=300", timedelta(minutes=1)),
    ],
)
def test_an_answer_is_fresh_as_it_says_within_bounds(said: str, fresh_for: timedelta) -> None:
    assert freshness(said) == fresh_for
