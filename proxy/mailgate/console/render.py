"""Templates in, pages out."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from mailgate.views.gates import span
from mailgate.views.words import (
    CONNECTORS,
    NAME_KINDS,
    effect_told,
    kind_told,
    looked_told,
    protocol_told,
    reason_told,
    source_told,
    state_told,
    system_told,
    trouble_told,
    without_commands,
)

ASSETS = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}


def page(template: str, status: int = 200, **values: Any) -> web.Response:
    """One page of the console."""
    return web.Response(text=text_of(template, **values), status=status, content_type="text/html")


def text_of(template: str, **values: Any) -> str:
    """A template, or a part of a page, filled in."""
    return _ENVIRONMENT.get_template(template).render(values)


def asset(name: str) -> web.Response:
    """A style, a script or the icon of the console. Raises HTTPNotFound."""
    if name not in ASSETS:
        raise web.HTTPNotFound
    text = files(__package__).joinpath("assets", name).read_text("utf-8")
    return web.Response(text=text, content_type=ASSETS[name], headers={"Cache-Control": "no-cache"})


def instant(at: datetime | str | None, never: str = "never") -> Markup:
    """A time: in the viewer's zone where scripts run, and exactly, in UTC, on hover. Text is ISO 8601."""
    if not at:
        return Markup('<span class="soft">{}</span>').format(never)
    exact = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC">{} UTC</time>').format(
        exact.isoformat(), f"{exact:%Y-%m-%d %H:%M:%S}", f"{exact:%Y-%m-%d %H:%M}"
    )


def day(at: datetime) -> Markup:
    """A day, likewise."""
    exact = at.astimezone(UTC)
    return Markup('<time datetime="{}" data-form="day">{} {}</time>').format(
        exact.isoformat(), exact.day, f"{exact:%B %Y}"
    )


def told(words: str) -> Markup:
    """Words from the depth of the gate as a page says them: no command, names of things as code, times as times."""
    parts = _APART.split(without_commands(str(words)))
    return Markup("").join(_marked(each) for each in parts)


_APART = re.compile(r"(`[^`]*`|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC)")


def _marked(part: str) -> Markup:
    if part.startswith("`") and part.endswith("`") and len(part) > 1:
        return Markup("<code>{}</code>").format(part[1:-1])
    if _APART.fullmatch(part):
        return instant(datetime.fromisoformat(f"{part.removesuffix(' UTC')}+00:00"))
    return escape(part)


def safe_svg(drawn: str) -> Markup:
    """What ``views/svg.py`` has drawn, which escapes every text."""
    return Markup(drawn)  # noqa: S704


def same(word: str) -> tuple[str, str]:
    """A choice that is shown as it is."""
    return word, word


def count(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}"


def counted(number: int, one: str, more: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def ago(time: timedelta) -> str:
    """How long ago something was, in words."""
    return "just now" if time < timedelta(seconds=10) else f"{span(time)} ago"


def plain(value: object) -> str:
    """A value that a rule saw, as people read it."""
    if isinstance(value, timedelta):
        days, hours = value.days, value.seconds / 3600
        return f"{days:,} days {hours:.0f} h" if days else f"{hours:.1f} h"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, (list, tuple, frozenset, set)):
        return "[" + ", ".join(str(each) for each in value) + "]"
    return (
        {True: "true", False: "false", "": '""'}.get(value, str(value))
        if isinstance(value, (bool, str))
        else str(value)
    )


def capital(words: str) -> str:
    """Words as they begin a sentence or stand alone."""
    return words[:1].upper() + words[1:]


def pair(word: str) -> tuple[str, str]:
    """A choice that is shown as it is, without its underscores."""
    return word, word.replace("_", " ")


def before(spans: Mapping[str, str], asked: str | None) -> dict[str, str]:
    """Choices of how long ago, with what was asked for."""
    told = {value: f"{words} ago" for value, words in spans.items()}
    return told if not asked or asked in told else {**told, asked: asked}


def _environment(filters: Mapping[str, Any]) -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment


_ENVIRONMENT = _environment(
    {
        "instant": instant,
        "day": day,
        "told": told,
        "same": same,
        "safe_svg": safe_svg,
        "count": count,
        "counted": counted,
        "ago": ago,
        "plain": plain,
        "pair": pair,
        "before": before,
        "effect": effect_told,
        "kind": kind_told,
        "protocol": protocol_told,
        "reason": reason_told,
        "connector": lambda state: CONNECTORS.get(state, state),
        "capital": capital,
        "name_kind": lambda kind: NAME_KINDS.get(kind, kind),
        "looked": looked_told,
        "trouble": trouble_told,
        "source": source_told,
        "state": state_told,
        "system": system_told,
    }
)
