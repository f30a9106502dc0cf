"""Durations in files: ``30s``, ``24h``, ``7d``."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from mailgate.model.phrase import phrase, wrong_value

MAX_DURATION = timedelta(days=36500)

_DURATION = r"^[1-9][0-9]{0,8}(ms|s|m|h|d)$"
_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
"""The largest first."""


def _duration(value: object) -> timedelta:
    written = re.fullmatch(_DURATION, value) if isinstance(value, str) else None
    if written is None:
        raise wrong_value("duration", phrase("not a duration; expected one like 500ms, 30s, 5m, 24h or 30d"))
    span = int(written[0].removesuffix(written[1])) * _UNITS[written[1]]
    if span > MAX_DURATION:
        raise wrong_value("duration", phrase("the duration is too long; expected at most 36500d"))
    return span


def in_words(span: timedelta) -> str:
    """A duration as files have it, in the largest unit that divides it, without parts of a millisecond: ``7d``, ``90m``."""
    return next(f"{span // one}{unit}" for unit, one in _UNITS.items() if span % one < _UNITS["ms"])


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(in_words, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _DURATION}),
]
"""A whole number and a unit."""
