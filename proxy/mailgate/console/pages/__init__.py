"""The pages of the console, one per file: those of the nouns (``console/nouns.py``), and others."""

from aiohttp import web

from mailgate.console.nouns import of_every_noun
from mailgate.console.pages import assets, device, language, login, oidc, plan_outcome, retract

ROUTES: tuple[web.AbstractRouteDef, ...] = (
    *login.ROUTES,
    *oidc.ROUTES,
    *assets.ROUTES,
    *language.ROUTES,
    *of_every_noun(__name__, "ROUTES"),
    *device.ROUTES,
    *plan_outcome.ROUTES,
    *retract.ROUTES,
)
