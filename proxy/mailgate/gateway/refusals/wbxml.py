"""Writes ActiveSync's WBXML ([MS-ASWBXML] 2.1) as far as a refusal needs it, with one code page in a document."""

from dataclasses import dataclass

_HEADER = b"\x03\x01\x6a\x00"
"""Version 1.3, no public identifier, UTF-8, no string table."""
_SWITCH_PAGE, _END, _INLINE_STRING, _HAS_CONTENT = b"\x00", b"\x01", b"\x03", 0x40


@dataclass(frozen=True, slots=True)
class Tag:
    """An element by its token ([MS-ASWBXML] 2.1.2.1). It holds text, other elements or nothing."""

    token: int
    content: "str | tuple[Tag, ...]" = ()


def document(page: int, root: Tag) -> bytes:
    """A whole document whose elements are all of one code page."""
    switch = _SWITCH_PAGE + bytes((page,)) if page else b""
    return _HEADER + switch + _element(root)


def _element(tag: Tag) -> bytes:
    if not tag.content:
        return bytes((tag.token,))
    if isinstance(tag.content, str):
        content = _INLINE_STRING + tag.content.encode() + b"\0"
    else:
        content = b"".join(map(_element, tag.content))
    return bytes((tag.token | _HAS_CONTENT,)) + content + _END
