"""The pages of the console. One a file; every page stands in the list below, in the order of the menu."""

from aiohttp import web

from mailgate.console.pages import assets, audit, devices, login, now, policy

ROUTES: tuple[web.AbstractRouteDef, ...] = (
    *login.ROUTES,
    *assets.ROUTES,
    *now.ROUTES,
    *devices.ROUTES,
    *policy.ROUTES,
    *audit.ROUTES,
)
