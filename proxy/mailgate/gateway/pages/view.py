"""The content of a page, as plain data."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.model import Effect, Kind, Reason

_LONGEST_PATH = 8192
_SAME_ORIGIN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f]*")


@dataclass(frozen=True, slots=True)
class View:
    """One refusal, warning or error as a page shows it. Every text may be hostile, so pages escape all of it.

    ``return_url``, ``continue_url`` and ``status_url`` are paths of this host; anything else becomes ``/``.
    """

    reason: Reason
    reference: str
    """The id that also stands in the log line of this request."""
    now: datetime
    effect: Effect = Effect.BLOCK
    status: int = 0
    """The HTTP status that an error page is sent with; 0 shows none."""
    rule_title: str = ""
    apps: tuple[str, ...] = ()
    """Display names of the listed apps that are the cause."""
    os: str = ""
    """``ios``, ``ipados``, ``android``; anything else gets the general steps."""
    kind: Kind = Kind.UNKNOWN
    fix: str = ""
    """A key of ``steps.FIXES`` or an admin's own sentence. If it is empty, the reason chooses the steps."""
    deadline: datetime | None = None
    contact: str = ""
    """A mail address, an http(s) address, a telephone number or any other text."""
    extension_url: str = ""
    """The page with the companion extension for this browser."""
    host: str = ""
    """The public host name that people typed."""
    accept_language: str = ""
    default_language: str = "en"
    return_url: str = "/"
    """The path that was asked for, to go on to once mail is open again."""
    continue_url: str = "/"
    """The path to which the warning's "Continue to mail" posts."""
    status_url: str = "/.mailgate/status"
    proof: Reason | None = None
    """What was wrong with the proof that came, if that is told instead of ``reason``."""
    clock_off: timedelta | None = None
    """By how much the device's clock is ahead, if that was wrong."""
    looked_at: datetime | None = None
    """When the source looked at the apps on which the refusal rests. None if it rests on none."""
    looked_by: str = ""
    """The source that looked."""
    seen_within: timedelta | None = None
    """How long it usually takes until they see a change."""
    asked_at: datetime | None = None
    """When this browser last asked for help against the rule; None if it did not."""
    help_ticket: str = ""
    """The ticket that the help button sends back. Without it there is no button."""
    asker_known: bool = False
    """Whether those who are asked for help see by whom."""
    asker_told: bool = False
    """Whether the person's own page shows them how far their request for help is."""
    me_url: str = ""
    """The whole address of the person's own page, for a mail."""

    @property
    def why(self) -> Reason:
        """The reason that the page puts into words."""
        return self.proof or self.reason

    @property
    def remaining(self) -> timedelta | None:
        """The time until the deadline. None if there is none or it has passed."""
        if self.deadline is None or self.deadline <= self.now:
            return None
        return self.deadline - self.now


def own_path(url: str) -> str:
    """``url`` if it is a path of this host and nothing else, otherwise ``/``.

    Refuses what a browser would read as another origin or a script: ``//host``, ``/\\host``, ``javascript:``, and
    the white space and control characters that the URL parser drops (WHATWG URL, section 4.4).
    """
    if len(url) <= _LONGEST_PATH and _SAME_ORIGIN_PATH.fullmatch(url):
        return url
    return "/"
