"""The look that every page shares: the style, the mark of Mailgate, icons, and badges that say a status by form and word."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from markupsafe import Markup

_COMMENT, _AROUND = re.compile(r"/\*.*?\*/", re.DOTALL), re.compile(r"\s*([{};,])\s*|(?<=:) ")
"""What has no meaning in a style: comments, and white space around some characters."""
SHARED = ("tokens.css", "style.css")
"""The files of the style that all pages share. Every colour, size and space is in the first."""
_ICONS = {
    "home": '<path d="M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-5v-6h-4v6H5a1 1 0 0 1-1-1z"/>',
    "help": '<path d="M4 5h16v11h-9l-5 4v-4H4z"/><path d="M9.8 9a2.2 2.2 0 1 1 3 2c-.6.3-.8.6-.8 1.2M12 14.2v.1"/>',
    "people": '<circle cx="9" cy="8" r="3.2"/><path d="M3 20c0-3.6 2.6-6 6-6 1.5 0 2.9.5 4 1.3M17.5 18h1"/><rect x="15" y="10" width="6" height="10.5" rx="1.4"/>',
    "apps": '<rect x="4" y="4" width="6.5" height="6.5" rx="1.5"/><rect x="13.5" y="4" width="6.5" height="6.5" rx="1.5"/><rect x="4" y="13.5" width="6.5" height="6.5" rx="1.5"/><path d="M14 14l6 6M20 14l-6 6"/>',
    "rules": '<path d="M12 3l7.5 3v5.5c0 4.4-3 7.8-7.5 9.5-4.5-1.7-7.5-5.1-7.5-9.5V6zM8.5 12l2.5 2.5 4.5-5"/>',
    "mail": '<rect x="3" y="5.5" width="18" height="13" rx="2"/><path d="M3.5 7l8.5 6.5L20.5 7"/>',
    "source": '<path d="M9 3v5M15 3v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v4"/>',
    "log": '<path d="M5 4.5h11.5A2.5 2.5 0 0 1 19 7v13H7.5A2.5 2.5 0 0 1 5 17.5zM5 17.5A2.5 2.5 0 0 1 7.5 15H19M9 8.5h6"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="M16 16l4.5 4.5"/>',
    "warning": '<path d="M12 3.8l9 15.7H3zM12 10v4.5M12 17v.1"/>',
    "check": '<circle cx="12" cy="12" r="8.5"/><path d="M8 12.3l2.7 2.7L16 9.5"/>',
    "barred": '<circle cx="12" cy="12" r="8.5"/><path d="M6.2 6.2l11.6 11.6"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.3l3.3 2"/>',
    "key": '<circle cx="8" cy="15.5" r="4.2"/><path d="M11 12.5L20 4M16.5 7.3l2.6 2.6"/>',
    "unknown": '<circle cx="12" cy="12" r="8.5"/><path d="M9.7 9.5a2.4 2.4 0 1 1 3.3 2.2c-.7.3-1 .7-1 1.4M12 16v.1"/>',
    "off": '<path d="M12 3.5v8M7 6.5a7.5 7.5 0 1 0 10 0"/>',
    "eye": '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>',
    "again": '<path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15"/>',
    "language": '<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c5 5 5 12 0 17-5-5-5-12 0-17z"/>',
    "phone": '<rect x="6.5" y="2.5" width="11" height="19" rx="2.3"/><path d="M10.8 18.5h2.4"/>',
    "tablet": '<rect x="4.5" y="2.5" width="15" height="19" rx="2.2"/><path d="M10.8 18.5h2.4"/>',
    "laptop": '<rect x="4.5" y="5" width="15" height="10.5" rx="1.5"/><path d="M2 18.5h20"/>',
}  # fmt: skip
FORMS = {"ok": "check", "no": "barred", "warn": "clock", "let": "key", "off": "unknown"}
"""The forms of a badge with their icons: works as normal; no mail, or broken; for now; a person decided otherwise; without
effect, or not known."""
MARK = Markup(
    '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7.5"/>'
    '<path d="M8 24V9.5l8 8 8-8V24"/></svg>'
)
"""Two gate posts and the flap of an envelope. ``console/assets/mark.svg`` is the same as a file."""


def icon(name: str, look: str = "") -> Markup:
    """An icon beside words, which say the same."""
    classes = f"i {look}".strip()
    return Markup('<svg class="{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(
        classes, Markup(_ICONS[name])  # noqa: S704 - written above
    )  # fmt: skip


def badge(words: str, form: str, picture: str = "") -> Markup:
    """A status: one of ``FORMS``, with the icon of that form or another one."""
    return Markup('<span class="badge {}">{}{}</span>').format(form, icon(picture or FORMS[form]), words)


def tokens() -> str:
    """The one source of every colour, size and space."""
    return _shortened(files(__package__).joinpath(SHARED[0]).read_text("utf-8"))


@cache
def style(*more: str, package: str = __package__) -> str:
    """The style that all pages share, and what the files of a package add to it."""
    texts = [files(__package__).joinpath(name) for name in SHARED]
    texts += [files(package).joinpath(name) for name in more]
    return "\n".join(_shortened(each.read_text("utf-8")) for each in texts)


def source_hash(text: str) -> str:
    """What allows a style or a script in a content security policy (CSP 3, section 2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _shortened(text: str) -> str:
    return _AROUND.sub(r"\1", _COMMENT.sub("", text)).strip()
