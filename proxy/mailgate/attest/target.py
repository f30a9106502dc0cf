"""Compares the targets of two URLs without query and fragment (RFC 9449, section 4.3, check 9).

URLs are normalised by syntax and scheme (RFC 3986, sections 6.2.2 and 6.2.3).
"""

import re

_HTTP_URL = re.compile(
    r"(?ias)(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<path>/(?:[^\x00-\x20\x7f-\U0010ffff%?#]|%[0-9a-f]{2})*)?(?:[?#].*)?"
)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def same_target(one: str, other: str) -> bool:
    """Whether both are http(s) URLs of the same target. A text that is no such URL equals nothing."""
    target = normalised(one)
    # most URLs are exactly equal
    return target is not None and (one == other or target == normalised(other))


def normalised(url: str) -> str | None:
    """The URL in normal form, without query and fragment; None for anything but an http(s) URL."""
    match = _HTTP_URL.fullmatch(url)
    if match is None:
        return None
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    number = int(port) if port else _DEFAULT_PORTS[scheme]
    path = _ESCAPE.sub(_normal_escape, match["path"] or "/")
    return f"{scheme}://{host}:{number}{_without_dot_segments(path)}"


def _normal_escape(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _without_dot_segments(path: str) -> str:
    """Remove dot segments from a path that begins with a slash (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
