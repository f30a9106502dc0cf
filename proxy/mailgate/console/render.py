"""Templates in, pages out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

ASSETS = {"console.css": "text/css", "console.js": "text/javascript"}


def page(template: str, status: int = 200, **values: Any) -> web.Response:
    """One page of the console."""
    text = _ENVIRONMENT.get_template(template).render(values)
    return web.Response(text=text, status=status, content_type="text/html")


def asset(name: str) -> web.Response:
    """A style or a script of the console. Raises HTTPNotFound."""
    if name not in ASSETS:
        raise web.HTTPNotFound
    text = files(__package__).joinpath("assets", name).read_text("utf-8")
    return web.Response(text=text, content_type=ASSETS[name], headers={"Cache-Control": "no-cache"})


def instant(at: datetime | str | None) -> Markup:
    """A time: in the viewer's zone where scripts run, and exactly, in UTC, on hover. Text is ISO 8601."""
    if not at:
        return Markup('<span class="soft">never</span>')
    exact = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)
    return Markup('<time datetime="{}" title="{:%Y-%m-%d %H:%M:%S} UTC">{:%Y-%m-%d %H:%M} UTC</time>').format(
        exact.isoformat(), exact, exact
    )


def count(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}"


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


_ENVIRONMENT = _environment({"instant": instant, "count": count})
