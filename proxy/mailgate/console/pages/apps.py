"""*Apps*: every listed app, who has it, and what its lists do."""

from functools import partial

from aiohttp import web

from mailgate.console.context import context_of, language_of
from mailgate.console.layout import show
from mailgate.console.sparkline import sparkline
from mailgate.views.apps import apps


async def listed(request: web.Request) -> web.Response:
    context = context_of(request)
    found = await apps(context.store, context.bundle().policy, context.clock())
    counted = min((each.counted_at for each in found if each.counted_at), default=None)
    return show(
        request,
        "apps.html",
        apps=found,
        counted=counted,
        sparkline=partial(sparkline, language=language_of(request)),
    )


ROUTES = [web.get("/apps", listed, name="apps")]
