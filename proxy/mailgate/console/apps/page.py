"""*Apps*: every listed app, who has it, and the effect of its lists."""

from aiohttp import web

from mailgate.console.apps.facts import apps
from mailgate.console.context import context_of
from mailgate.console.layout import show


async def show_apps(request: web.Request) -> web.Response:
    context = context_of(request)
    found = await apps(context.store, context.bundle().policy, context.clock())
    counted = min((each.counted_at for each in found if each.counted_at), default=None)
    return await show(
        request,
        "apps.html",
        apps=found,
        counted=counted,
    )


ROUTES = [web.get("/apps", show_apps, name="apps")]
