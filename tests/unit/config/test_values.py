from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.config.reading import read

from mailgate.config.values import Size


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Size, "512B", 512),
        (Size, "64KiB", 65536),
        (Size, "25MiB", 25 * 1024**2),
        (Size, "1GiB", 1024**3),
        (Size, 0, 0),
        (Size, "0", 0),
    ],
)
def test_sizes_are_read(kind: Any, text: object, value: object) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (Size, ["25MB", "64kib", "1.5MiB", 64, -1, "0KiB", "", False, "1KiB\n"]),
    ],
)  # fmt: skip
def test_a_malformed_size_is_refused(kind: Any, bad: list[object]) -> None:
    for value in bad:
        with pytest.raises(ValidationError):
            read(kind, value)
