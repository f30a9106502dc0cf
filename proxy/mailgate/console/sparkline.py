"""A trend as a small line beside its number, in SVG, with the same in words."""

from collections.abc import Sequence
from datetime import timedelta

from markupsafe import Markup

from mailgate.console.languages import IN_ENGLISH, Language
from mailgate.model.phrase import phrase, translate
from mailgate.views.app_trends import AppOnDay
from mailgate.views.apps import DAYS

WIDTH, HEIGHT, EDGE = 120, 28, 3
_LINE = Markup(
    '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}"><path d="{}"/></svg>'
)


def sparkline(trend: Sequence[AppOnDay], language: Language = IN_ENGLISH) -> Markup:
    """The number of devices on each day, with the last day at the right edge; empty if there is only one day."""
    if len(trend) < 2:
        return Markup('<span class="soft">{}</span>').format(translate(phrase("Since today"), language))
    top = max(each.devices for each in trend) or 1
    points = [f"{_x(each, trend[-1]):.1f} {_y(each.devices, top):.1f}" for each in trend]
    told = {"first": trend[0].devices, "last": trend[-1].devices, "day": trend[0].day.isoformat()}
    words = translate(phrase("%(first)s to %(last)s devices since %(day)s", **told), language)
    return _LINE.format(WIDTH, HEIGHT, WIDTH, HEIGHT, words, f"M{' L'.join(points)}")


def _x(each: AppOnDay, last: AppOnDay) -> float:
    back = (last.day - each.day) / timedelta(days=1)
    return WIDTH - EDGE - back * (WIDTH - 2 * EDGE) / (DAYS - 1)


def _y(devices: int, top: int) -> float:
    return HEIGHT - EDGE - devices * (HEIGHT - 2 * EDGE) / top
