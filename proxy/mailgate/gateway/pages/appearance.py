"""The company's look of the pages: name, logo and colours. A contact becomes a link if it is an address."""

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

INK_ON_DARK = "#0d1b2c"
"""The colour of the text on a button in a dark page."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """The look of one company. An empty field leaves the gate's own."""

    name: str = ""
    logo: str = ""
    """The logo, as a ``data:`` URL."""
    colour: str = ""
    """The colour of buttons and links, like ``#0b5cad``, in light and in dark pages."""
    colour_dark: str = ""

    def style(self) -> str:
        """The rules that follow the style of every page."""
        rules = _accent(self.colour, "#fff") if self.colour else ""
        if self.colour and not self.colour_dark:  # without this, the rule above would count in dark pages too
            rules = f"@media(prefers-color-scheme:light){{{rules}}}"
        if self.colour_dark:
            rules += f"@media(prefers-color-scheme:dark){{{_accent(self.colour_dark, INK_ON_DARK)}}}"
        return rules


def _accent(colour: str, ink: str) -> str:
    """The tokens of the accent (``tokens.css``) in a company's colour, which is known to be readable without a tint."""
    names = ("accent", "accent-strong", "air-a")
    return f":root{{{''.join(f'--{name}:{colour};' for name in names)}--accent-tint:transparent;--on-accent:{ink}}}"


DEFAULT_APPEARANCE = Appearance()
"""The gate's own look."""


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
