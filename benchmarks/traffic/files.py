"""The files of the upstream for varied traffic: pages, scripts' answers and assets, all of different lengths."""

import os
from email.utils import parsedate_to_datetime
from pathlib import Path

from benchmarks.traffic.mixes import FILES, UNCHANGED

PAGE, ANSWER, ASSET = 8192, 900, 6000
"""The average lengths in bytes."""


def write(root: Path) -> None:
    """Write the files below the upstream's root."""
    for folder, name, size in (
        ("mail", "html", PAGE),
        ("xhr", "json", ANSWER),
        ("live", "json", ANSWER),
        ("assets", "js", ASSET),
    ):
        (root / folder).mkdir()
        for number in range(FILES):
            _write(root / folder / f"{number}.{name}", length(size, number))


def length(mean: int, number: int) -> int:
    """A length from half of the mean to one and a half times the mean, evenly distributed."""
    return mean // 2 + mean * number // (FILES - 1)


def _write(path: Path, size: int) -> None:
    line = b"<p>A line of an ordinary answer, which differs from others in its length.</p>\n"
    path.write_bytes((line * (size // len(line) + 1))[:size])
    changed = parsedate_to_datetime(UNCHANGED).timestamp()
    os.utime(path, (changed, changed))
