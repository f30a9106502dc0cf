"""The stylesheet and the script of the console."""

from aiohttp import web

from mailgate.console.render import asset


async def show_asset(request: web.Request) -> web.Response:
    return asset(request.match_info["name"])


ROUTES = [web.get("/assets/{name}", show_asset, name="asset")]
