"""The content and the company's look of a page, as plain data."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from mailgate.model import Effect, Kind, LetIn, Reason, Update

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


_MAX_PATH = 8192
_SAME_ORIGIN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f]*")


class ExactCause(StrEnum):
    """Why a device is not known to be clean, where that is known more exactly than the reason says (``causes.py``)."""

    UNSEEN_SIDE = "unseen-side"
    """Its management sees the managed side alone, and nothing on the device changes that."""
    NO_INVENTORY = "no-inventory"
    """Its sources know the device, and none has reported which apps are there."""
    BROWSER_UNKNOWN = "browser-unknown"
    """The browser does not show which device it is on."""
    NOT_APPLIED = "not-applied"
    """Its management keeps apps from running, and the device is not known to have applied that."""


CHOICES = ("laptop", "management-app")
"""What a company offers if its settings do not say."""


@dataclass(frozen=True, slots=True)
class View:
    """One refusal, warning or error for a page. Every text may be hostile, so pages escape all of it.

    ``return_url`` and ``continue_url`` are paths of this host; anything else becomes ``/``.
    """

    reason: Reason
    reference: str
    """The reference, which is also in the log line of this request."""
    now: datetime
    effect: Effect = Effect.BLOCK
    status: int = 0
    """The HTTP status of an error page; 0 if none is shown."""
    rule_title: str = ""
    apps: tuple[str, ...] = ()
    """Display names of the listed apps that are the cause."""
    by_person: bool = False
    """Whether the browser goes by what is known of all phones and tablets of its person."""
    os: str = ""
    """``ios``, ``ipados``, ``android``; anything else gets the general steps."""
    kind: Kind = Kind.UNKNOWN
    fix: str = ""
    """A key of ``steps.FIXES`` or an admin's own sentence. If it is empty, the reason decides the steps."""
    update: Update | None = None
    """What is too old, by the name that people know it by."""
    deadline: datetime | None = None
    contact: str = ""
    """A mail address, an http(s) address, a telephone number or any other text."""
    extension_url: str = ""
    has_extension: bool = True
    """Whether there is such an extension for this kind of browser."""
    proves_soon: bool = False
    """Whether this browser proved itself before and has not yet now, so that its extension is probably about to."""
    host: str = ""
    accept_language: str = ""
    default_language: str = "en"
    return_url: str = "/"
    """The requested path, to return to once mail is open again."""
    continue_url: str = "/"
    """The path to which the warning's "Continue to mail" posts."""
    proof: Reason | None = None
    """Why the proof was refused, if the page shows that instead of ``reason``; otherwise None."""
    clock_off: timedelta | None = None
    """How far the device's clock is ahead, if that was the cause; otherwise None."""
    looked_at: datetime | None = None
    """When the source looked at the apps that caused the refusal; None if no apps did."""
    looked_by: str = ""
    looked_lag: timedelta = timedelta()
    """How much earlier it may have looked."""
    seen_within: timedelta | None = None
    asked_at: datetime | None = None
    """When this browser last asked for help against the rule; None if it did not."""
    asked_words: str = ""
    answered_at: datetime | None = None
    """When the help desk answered in words; None if it did not."""
    answer: str = ""
    laptops_open: bool = False
    """Whether it is known that every laptop browser is let in."""
    cause: ExactCause | None = None
    answered: bool = False
    """Whether a check app on the device has answered for it."""
    choices: tuple[str, ...] = CHOICES
    """The ways to mail that the company offers: ``choices`` of the settings."""
    certificates: bool = False
    tokens: bool = False
    """Whether it takes signed reports that come with requests."""
    help_ticket: str = ""
    """The ticket that the help button sends back. If it is empty, there is no button."""
    asker_known: bool = False
    """Whether the help desk sees which person asks."""
    asker_told: bool = False
    """Whether the person's own page shows the state of their request for help."""
    me_url: str = ""
    let_in: LetIn | None = None
    """How the person may let themselves in; None if they may not."""
    let_in_state: str = ""
    """What became of that, for its own page: ``given``, ``used``, ``reason``, ``unknown``, ``closed`` or ``unsaved``."""
    let_in_at: datetime | None = None
    """Until when mail comes; of ``used``, when they did it before."""

    @property
    def why(self) -> Reason:
        return self.proof or self.reason

    @property
    def names_cause(self) -> bool:
        """Whether the text of the cause names it all, so that a heading would only tell it twice."""
        return self.why is Reason.PROHIBITED_APP and bool(self.apps) and not self.by_person

    @property
    def update_words(self) -> dict[str, str]:
        return {"software": self.update.name, "version": self.update.version} if self.update else {}

    @property
    def remaining(self) -> timedelta | None:
        """The time until the deadline; None if there is none or it has passed."""
        if self.deadline is None or self.deadline <= self.now:
            return None
        return self.deadline - self.now


def own_path(url: str) -> str:
    """``url`` if it is a path of this host and nothing else, otherwise ``/``.

    Refuses what a browser would read as another origin or a script: ``//host``, ``/\\host``, ``javascript:``, and the white space and
    control characters that the URL parser drops (WHATWG URL, section 4.4).
    """
    if len(url) <= _MAX_PATH and _SAME_ORIGIN_PATH.fullmatch(url):
        return url
    return "/"
