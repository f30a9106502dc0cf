"""Reads and writes the gate's own cookies, and keeps them from the webmail."""

import re

from mailgate.model import RequestFacts

PROBE_COOKIE = "mailgate-probe"
WARNED_COOKIE = "mailgate-warned"
LANGUAGE_COOKIE = "mailgate-language"
HELP_COOKIE = "mailgate-help"
LOST_COOKIE = "mailgate-lost"

_NAMES = f"{PROBE_COOKIE}|{WARNED_COOKIE}|{LANGUAGE_COOKIE}|{HELP_COOKIE}|{LOST_COOKIE}".encode()
_OWN = re.compile(rb"(?:^|;)[ \t]*(?:%b)[ \t]*(?:=[^;]*)?(?=;|$)" % _NAMES)


def cookies_named(facts: RequestFacts, name: str) -> list[str]:
    """The values of every cookie with this name. Cookies of other paths or domains may share the name.

    ``http.cookies`` is not used, since it gives up on all cookies if one of the webmail's is unusual.
    """
    pairs = re.split(r"[;,][ \t]*", facts.headers.get("cookie", ""))
    return [value for key, _, value in (pair.partition("=") for pair in pairs) if key.strip() == name]


def set_cookie(name: str, value: str, *, seconds: int, secure: bool) -> str:
    """The Set-Cookie value of one of the gate's own cookies, which no script can read."""
    attributes = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    return f"{name}={value}; {attributes}{'; Secure' if secure else ''}"


def without_own(value: bytes) -> bytes:
    """A Cookie field without the gate's own cookies, with the other bytes as they came; empty if no other cookie is
    left."""
    if b"mailgate-" not in value:
        return value
    rest = _OWN.sub(b"", value)
    if rest.startswith(b";") and not value.startswith(b";"):
        rest = rest[1:].lstrip(b" \t")
    return rest if rest.strip(b"; \t") else b""
