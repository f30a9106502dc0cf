"""The plain values in settings: durations, sizes, parts.

Each is a type for a pydantic field, like those of ``addresses.py`` and ``references.py``. It reads the value that is
written in the file, and says in its own words what was expected.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from mailgate.model.phrase import wrong_value
from mailgate.policy.written import SHARE, share_of
from mailgate.policy.written import Duration as Duration

_SIZE = r"^(0|[1-9][0-9]{0,14}(B|KiB|MiB|GiB))$"
_BYTES = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def text_like(value: object, pattern: str, kind: str, expected: str) -> str:
    """The text if all of it matches this pattern. Otherwise raises ``PydanticCustomError`` of that kind."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise wrong_value(kind, f"not {expected}")
    return value


def _size(value: object) -> int:
    zero = "0" if value == 0 and not isinstance(value, bool) else value
    text = text_like(zero, _SIZE, "size", "a size; expected one like 512B, 64KiB, 25MiB or 1GiB, or 0")
    digits, unit = re.match(r"([0-9]+)(.*)", text).groups()  # type: ignore[union-attr]
    return int(digits) * _BYTES[unit]


Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _SIZE}, {"const": 0}]}),
]


def _part_or_count(value: object) -> int | float:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**9:
        return value
    if isinstance(value, str) and re.fullmatch(SHARE, value):
        return share_of(value)
    raise wrong_value("part", "neither a number nor a percentage; expected one like 100 or 1%")


PartOrCount = Annotated[
    int | float,
    BeforeValidator(_part_or_count),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": SHARE}]}),
]
"""A number or a part: a whole number, or a float from 0 to 1 that was written as a percentage."""
