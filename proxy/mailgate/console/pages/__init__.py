"""The pages of the console. One a file; every page stands in the list below, in the order of the menu."""

from aiohttp import web

from mailgate.console.pages import (
    assets,
    audit,
    connectors,
    device,
    devices,
    enrolment,
    exemptions,
    explain,
    find,
    help_requests,
    login,
    mails,
    notices,
    now,
    oidc,
    person,
    plans,
    policy,
    retract,
    sightings,
)

ROUTES: tuple[web.AbstractRouteDef, ...] = (
    *login.ROUTES,
    *oidc.ROUTES,
    *assets.ROUTES,
    *now.ROUTES,
    *sightings.ROUTES,
    *find.ROUTES,
    *help_requests.ROUTES,
    *person.ROUTES,
    *devices.ROUTES,
    *device.ROUTES,
    *explain.ROUTES,
    *policy.ROUTES,
    *plans.ROUTES,
    *retract.ROUTES,
    *notices.ROUTES,
    *mails.ROUTES,
    *exemptions.ROUTES,
    *audit.ROUTES,
    *connectors.ROUTES,
    *enrolment.ROUTES,
)
