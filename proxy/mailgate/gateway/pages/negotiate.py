"""The language that a browser asks for (RFC 9110, section 12.5.4; lookup of RFC 4647, section 3.4)."""

import re
from collections.abc import Iterator, Mapping

MAX_HEADER = 1000
"""How many characters of the header are read."""
_MAX_RANGES = 32
_RANGE = re.compile(
    r"\s*(?P<tag>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*(?P<q>0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


def choose_language(accept_language: str, available: Mapping[str, str], default: str) -> str:
    """The best available language, or ``default``.

    ``available`` maps lower-case tags to what is returned for them. Ranges that are not well-formed are ignored.
    """
    ranges = list(_ranges(accept_language))
    unwanted = {tag for tag, q in ranges if q == 0}
    for tag, q in sorted(ranges, key=lambda item: -item[1]):
        found = next((t for t in _shortened(tag) if t in available and t not in unwanted), None)
        if q > 0 and found is not None:
            return available[found]
    return default


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for part in header[:MAX_HEADER].split(",", _MAX_RANGES)[:_MAX_RANGES]:
        if match := _RANGE.fullmatch(part):
            yield match["tag"].lower(), float(match["q"] or 1)


def _shortened(tag: str) -> Iterator[str]:
    """The tag, then the tag without its last subtag, and so on. A single-character subtag is removed with the one after it."""
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]
        if tag[-2:-1] == "-":
            tag = tag[:-2]
