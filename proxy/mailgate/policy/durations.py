"""Durations in files: ``30s``, ``24h``, ``7d``."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from mailgate.model.phrase import phrase
from mailgate.model.wrong_values import wrong_value

MAX_DURATION = timedelta(days=36500)

_DURATION = r"^[1-9][0-9]{0,8}(ms|s|m|h|d)$"
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: object) -> timedelta:
    if not isinstance(value, str) or not re.fullmatch(_DURATION, value):
        raise wrong_value("duration", phrase("not a duration; expected one like 500ms, 30s, 5m, 24h or 30d"))
    digits, unit = re.findall(r"[0-9]+|[a-z]+", value)
    if int(digits) * _SECONDS[unit] > MAX_DURATION.total_seconds():
        raise wrong_value("duration", phrase("too long a duration; expected at most 36500d"))
    return timedelta(seconds=int(digits) * _SECONDS[unit])


def in_words(span: timedelta) -> str:
    """A duration as files have it, in the largest unit that divides it: ``7d``, ``90m``."""
    milliseconds = span // timedelta(milliseconds=1)
    unit = next(name for name in ("d", "h", "m", "s", "ms") if milliseconds % (_SECONDS[name] * 1000) == 0)
    return f"{int(milliseconds / (_SECONDS[unit] * 1000))}{unit}"


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(in_words, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _DURATION}),
]
"""A whole number and a unit."""
