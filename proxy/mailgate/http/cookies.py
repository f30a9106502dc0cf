"""Reads and writes the gate's own cookies, those of the console among them, and keeps them from the webmail."""

import re
from datetime import timedelta

from mailgate.model import RequestFacts

PROBE_COOKIE = "mailgate-probe"
WARNED_COOKIE = "mailgate-warned"
LANGUAGE_COOKIE = "mailgate-language"
HELP_COOKIE = "mailgate-help"
LOST_COOKIE = "mailgate-lost"
PROVED_COOKIE = "mailgate-proved"
"""Says that this browser proved itself before. It is no secret and opens nothing: pages choose their words by it."""
CONSOLE_COOKIE = "mailgate-console"
CONSOLE_LOGIN_COOKIE = "mailgate-console-login"
CONSOLE_LANGUAGE_COOKIE = "mailgate-console-language"
OWN = b"mailgate-"
"""What all of them have in their names."""

_HOST = "__Host-"
_OF_MAIL = (PROBE_COOKIE, WARNED_COOKIE, LANGUAGE_COOKIE, HELP_COOKIE, LOST_COOKIE, PROVED_COOKIE)
_OF_THE_CONSOLE = (CONSOLE_COOKIE, CONSOLE_LOGIN_COOKIE, CONSOLE_LANGUAGE_COOKIE)
_NAMES = frozenset(each.encode() for each in (*_OF_MAIL, *_OF_THE_CONSOLE))
_PROBE = re.compile(rb" ?((?:__Host-)?%b)=([^; \t,]+)(?=;|\Z)" % PROBE_COOKIE.encode())


def probe_cookie(value: bytes) -> tuple[bytes, bytes] | None:
    """The name and the value of the probe's cookie in a Cookie field, if it is the only one of the gate's."""
    found = _only_probe(value)
    return None if found is None else (found[1], found[2])


def _only_probe(value: bytes) -> re.Match[bytes] | None:
    if value.count(OWN) != 1:
        return None
    return _PROBE.match(value, value.rfind(b";", 0, value.index(OWN)) + 1)


def cookies_named(facts: RequestFacts, name: str) -> list[str]:
    return values_named(facts.headers.get("cookie", ""), name, secure=facts.over_https)


def values_named(field: str, name: str, *, secure: bool) -> list[str]:
    """The values of every cookie with this name in a Cookie field. Over http, cookies of other paths or domains may share it.

    A comma ends no cookie, since a page of a sibling host may put one into a value. ``http.cookies`` is not used, since it
    gives up on all cookies if one of the webmail's is unusual.
    """
    pairs, name = field.split(";"), sent_name(name, secure=secure)
    return [value for key, _, value in (pair.partition("=") for pair in pairs) if key.strip(" \t") == name]


def set_cookie(name: str, value: str, facts: RequestFacts, *, lasts: timedelta) -> str:
    """The Set-Cookie value of one of the gate's own cookies, for the browser behind ``facts``. No script can read it."""
    attributes = f"Path=/; Max-Age={int(lasts.total_seconds())}; HttpOnly; SameSite=Lax"
    return f"{sent_name(name, secure=facts.over_https)}={value}; {attributes}{'; Secure' if facts.over_https else ''}"


def sent_name(name: str, *, secure: bool) -> str:
    """The name by which a browser has the cookie. Over https no other host can set one of that name (RFC 6265bis, section
    4.1.3.2), so that a page of a sibling host cannot give a browser the cookie of another."""
    return _HOST + name if secure else name


def without_own(value: bytes) -> bytes:
    """A Cookie field without the gate's own cookies, with the other bytes as they came; empty if no other cookie is
    left."""
    if OWN not in value:
        return value
    probe = _only_probe(value)
    if probe and probe.start():  # as most browsers send it
        rest = value[: probe.start() - 1] + value[probe.end() :]
    else:
        pairs = value.split(b";")
        kept = [pair for pair in pairs if OWN not in pair or not _is_own(pair)]
        rest = b";".join(kept)
        if kept[:1] != pairs[:1]:
            rest = rest.lstrip(b" \t")
    return rest if rest.strip(b"; \t") else b""


def only_own(value: str) -> str:
    own = (
        [pair for pair in value.split(";") if _is_own(pair.encode("latin-1"))] if "mailgate-" in value else ()
    )
    return ";".join(own)


def _is_own(pair: bytes) -> bool:
    return pair.partition(b"=")[0].strip(b" \t").removeprefix(_HOST.encode()) in _NAMES
