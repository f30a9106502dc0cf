"""Finds the end of an answer. Pure."""

import re

END = b"\r\n\r\n"
CHUNKED = -1
"""The length of an answer that ends with its last chunk."""
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE)
_BODILESS = (b"304", b"204")


def length_of(data: bytes) -> int:
    """The length of the answer that begins here; 0 while its head is incomplete."""
    end = data.find(END)
    if end < 0:
        return 0
    if data[9:12] in _BODILESS:
        return end + 4
    found = _LENGTH.search(data, 0, end)
    return end + 4 + int(found[1]) if found else CHUNKED
