"""The elements of every picture: SVG for light and dark paper that screen readers can read."""

from collections.abc import Iterable
from datetime import datetime
from html import escape

_PAPER = """
.paper{fill:#fff}.ink{fill:#1c2430}.soft{fill:#56606e}
text{font-family:system-ui,sans-serif;font-size:15px}.title{font-size:20px;font-weight:600}
@media (prefers-color-scheme:dark){.paper{fill:#14181f}.ink{fill:#eef1f5}.soft{fill:#a9b3c0}}
"""


def document(
    width: int, height: int, heading: tuple[str, str], description: str, style: str, parts: Iterable[str]
) -> str:
    """A whole SVG file. ``heading`` is its title and the line below; ``description`` is for screen readers."""
    title, note = heading
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(description)}</desc>',
        f"<style>{_PAPER}{style}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        text(30, 42, title, "title ink"),
        text(30, 68, note, "soft"),
        *parts,
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def text(
    x: float,
    y: float,
    words: str,
    style: str,
    anchor: str = "start",
    *,
    at: datetime | None = None,
    form: str = "short",
) -> str:
    """A line of text. ``anchor`` is the end of it that is at ``x``. A page shows ``at`` in its reader's time zone."""
    moment = f' data-at="{at.isoformat()}" data-form="{form}"' if at else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}{moment}>{escape(words)}</text>'


def placed(parts: Iterable[str], x: int, y: int) -> list[str]:
    """Move parts together."""
    return [f'<g transform="translate({x} {y})">', *parts, "</g>"]


def bar(x: float, y: float, width: float, height: float, style: str) -> str:
    """A rectangle, by its upper left corner."""
    return f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"/>'


def across(x: float, y: float, width: float) -> str:
    """A horizontal line of the grid."""
    return f'<path class="grid" d="M{x:.1f} {y:.1f}h{width:.1f}"/>'
