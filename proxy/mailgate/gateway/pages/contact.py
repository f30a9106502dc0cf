"""Makes a link from a contact of a settings file, if it is an address."""

import re
from typing import NamedTuple
from urllib.parse import quote

_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_WEB = re.compile(r"https?://[^\s\x00-\x1f\x7f]{1,500}", re.IGNORECASE)
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{3,30}")


class Contact(NamedTuple):
    """``href`` is empty if the text is no address."""

    text: str
    href: str


def contact_link(text: str, subject: str) -> Contact:
    """The text and its link, which is only ever ``mailto:``, ``http(s):`` or ``tel:`` (RFC 6068, RFC 3966)."""
    text = text.strip()
    if _MAIL.fullmatch(text):
        return Contact(text, f"mailto:{text}?subject={quote(subject, safe='')}")
    if _WEB.fullmatch(text):
        return Contact(text, text)
    if _PHONE.fullmatch(text):
        return Contact(text, "tel:" + re.sub(r"[^+0-9]", "", text))
    return Contact(text, "")
