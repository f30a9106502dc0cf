"""The settings of the pages for employees: the company's name, logo, colours and contact, the languages, and the own page."""

import re
from base64 import b64encode
from typing import Annotated, Literal, Self

from pydantic import PlainValidator, StringConstraints, ValidationInfo, WithJsonSchema, model_validator

from mailgate.config.mail import ShortText
from mailgate.config.references import existing_file, unreadable
from mailgate.config.values import PageUrl
from mailgate.model.phrase import SOURCE, wrong_value
from mailgate.policy.written import Language, Strict

LoginQuestion = Annotated[str, StringConstraints(pattern=r"^(GET|OPTIONS) /[!-~]*$", max_length=500)]

Choice = Literal["laptop", "reporter", "company-phone", "management-app"]
"""A way to mail that a company can offer to people whose phone gets none."""


class LanguageSettings(Strict):
    """The languages of pages."""

    default: Language = SOURCE
    """The language of a page if the browser asks for none that the gate has."""


class ExtensionPages(Strict):
    """The page on which people get the companion extension for their browser: in a store, or of the company."""

    chromium: PageUrl | None = None
    """The page for Chrome, Edge and related browsers."""
    firefox: PageUrl | None = None


class EmployeePage(Strict):
    """The page on which people see their devices and what is stored about them (``/.mailgate/me``)."""

    login_check: LoginQuestion | None = "OPTIONS /Microsoft-Server-ActiveSync"
    """A request that asks the webmail for a login and changes nothing. What it accepts is believed."""
    contact: ShortText | None = None
    """The contact for a copy of the stored data; by default the contact of the first rule that has one."""
    pairing_codes: bool = False
    """Whether people who logged in there on a computer may get a code that adds a browser (``docs/extension.md``)."""
    extension: ExtensionPages = ExtensionPages()
    """The link of the fix ``get-extension``. Without it the step only names the help desk."""


MAX_LOGO = 8 * 1024
"""The largest logo in bytes. It is part of every page."""
READABLE = 4.5
"""The least contrast between a text and its background (WCAG 2.2, 1.4.3)."""
LIGHT, DARK = "#f6f4ee", "#1c1e27"
"""The background of links and buttons in light and in dark pages."""
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = re.compile(rb"\s*(<\?xml[^>]*\?>\s*)?(<!--.*?-->\s*)*<svg[\s/>]", re.DOTALL)


def _logo(value: object, info: ValidationInfo) -> str:
    """The picture as a ``data:`` address."""
    path = existing_file(value, info)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_LOGO + 1)
    except OSError as error:
        raise unreadable(path, error, "a picture") from error
    kind = "png" if content.startswith(_PNG) else "svg+xml" if _SVG.match(content) else ""
    if not kind or len(content) > MAX_LOGO:
        raise wrong_value("file", f"{path} cannot be shown on pages; use an SVG or PNG of at most 8 KiB")
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def _colour(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise wrong_value("colour", 'not a colour; use one like "#0b5cad"')
    return value.lower()


Logo = Annotated[str, PlainValidator(_logo), WithJsonSchema({"type": "string", "minLength": 1})]
Colour = Annotated[
    str, PlainValidator(_colour), WithJsonSchema({"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"})
]


class CompanySettings(Strict):
    """How pages and mails show the company."""

    name: ShortText | None = None
    """The name of the company, at the head of every page; by default the host of `public_url`."""
    logo: Logo | None = None
    """A file with the logo, SVG or PNG, of at most 8 KiB."""
    colour: Colour | None = None
    """The colour of buttons and links. It has to be readable on white."""
    colour_dark: Colour | None = None
    """The colour in dark pages, readable on a dark background; by default the gate's own."""
    help: ShortText | None = None
    """The contact if a rule names none: an address or any words."""

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        for key, colour, ground in (("colour", self.colour, LIGHT), ("colour_dark", self.colour_dark, DARK)):
            if colour and (found := contrast(colour, ground)) < READABLE:
                told = f"{found:.1f} : 1 on {ground} is too little to be read; use at least {READABLE} : 1"
                raise wrong_value("colour", told, key=key)
        return self


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """How light a colour is, from 0 to 1 (WCAG 2.2, relative luminance)."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
