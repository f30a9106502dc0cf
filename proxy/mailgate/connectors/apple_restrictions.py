"""Which listed apps an iPhone or iPad says that it keeps from being shown and launched; they may still be on it.

It says so in the status reports of declarative management, about the configurations that it has applied (Apple's
``management.declarations``, ``app.settings`` from iOS 27 on), or when it is asked for the restrictions in effect (the command
``Restrictions``). Both need a supervised device.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mailgate.config.sources.apis import Declaration
from mailgate.connectors.inventory import flag, instant, listed, text, value
from mailgate.model import Denial, Enrolment
from mailgate.model.device import NotDenied

Bundles = Mapping[str, Sequence[str]]
"""The bundle identifiers of each listed app, by its key."""

_DECLARED_FOR = timedelta(days=7)
"""How long a declaration counts as applied. Devices repeat their full status about every day (Apple's ``statusreport.yaml``)."""
_ENROLMENTS = {
    "none": Enrolment.NONE,
    "supervised": Enrolment.SUPERVISED,
    "device": Enrolment.DEVICE_ENROLMENT,
    "user": Enrolment.USER_ENROLMENT,
}

_NAMES = (
    ("union", "blockedAppBundleIDs", "blacklistedAppBundleIDs"),
    ("intersection", "allowListedAppBundleIDs", "whitelistedAppBundleIDs"),
)
"""Where the apps stand that are blocked, and those that alone are allowed: the names since iOS 15, and before."""


def enrolment_in(report: Any) -> Enrolment:
    """How a device is enrolled, by its status report (``mdm.enrollment-type``, iOS 27)."""
    return _ENROLMENTS.get(text(report, "StatusItems", "mdm", "enrollment-type"), Enrolment.UNKNOWN)


def declared(report: Any, known: Mapping[str, Declaration], apps: Bundles, at: datetime) -> Denial | None:
    """What the declarations keep out that a device reports as applied; None if its report does not mention them.

    Only a full report has every declaration. Others have those that changed, and of the rest they say nothing.
    """
    whole = flag(report, "FullReport") is True
    items = listed(report, "StatusItems", "management", "declarations", "configurations") or []
    told = [each for each in items if text(each, "identifier") in known]
    if enrolment_in(report) not in (Enrolment.SUPERVISED, Enrolment.UNKNOWN):
        return Denial(frozenset(), at, at + _DECLARED_FOR, "", NotDenied.NOT_SUPERVISED)
    if not told and not whole:
        return None
    return _by_declarations(told, known, apps, at)


def _by_declarations(
    told: Sequence[Any], known: Mapping[str, Declaration], apps: Bundles, at: datetime
) -> Denial:
    states = {
        name: _state(each.server_token, [item for item in told if text(item, "identifier") == name])
        for name, each in known.items()
    }
    applied = {name: each for name, each in known.items() if not states[name]}
    denied = frozenset(
        key
        for key, ids in apps.items()
        if any(keeps_out(each.denied_apps, each.allowed_apps, ids) for each in applied.values())
    )
    why = next((code for code in NotDenied if code in states.values()), "") or _lacking(denied, apps)
    by = ", ".join(f"{name} {each.server_token}" for name, each in applied.items())
    return Denial(denied, at, at + _DECLARED_FOR, by, why)


def _state(token: str, items: Iterable[Any]) -> str:
    """Why a declaration is not known to be in effect in the version with this token; empty if it is."""
    current = [each for each in items if value(each, "_removed") is not True]
    if not current:
        return NotDenied.DECLARATION_NOT_REPORTED
    if any(text(each, "server-token") != token for each in current):
        return NotDenied.DECLARATION_OUTDATED
    if any(text(each, "valid") != "valid" for each in current):
        return NotDenied.DECLARATION_INVALID
    return "" if all(value(each, "active") is True for each in current) else NotDenied.DECLARATION_INACTIVE


def keeps_out(denied: Container[str], allowed: Iterable[str] | None, identifiers: Sequence[str]) -> bool:
    """Whether every identifier of an app is denied. An app without identifiers may have any. ``apps.yaml`` may have another case than
    the system, so what is allowed in any case is allowed."""
    let_in = None if allowed is None else {each.casefold() for each in allowed}
    return bool(identifiers) and all(
        each in denied or (let_in is not None and each.casefold() not in let_in) for each in identifiers
    )


def _lacking(denied: frozenset[str], apps: Bundles) -> str:
    return NotDenied.APP_NOT_BLOCKED if apps.keys() - denied else ""


def restricted(answer: Any, apps: Bundles, at: datetime) -> Denial:
    """What the restrictions in effect keep out, by a device's answer to ``Restrictions``."""
    everywhere = value(answer, "GlobalRestrictions")
    blocked, allowed = (_values(everywhere, *names) for names in _NAMES)
    denied = frozenset(key for key, ids in apps.items() if keeps_out(blocked or (), allowed, ids))
    profiles = value(answer, "ProfileRestrictions")
    by = [name for name, each in profiles.items() if _restricts(each)] if isinstance(profiles, dict) else []
    return Denial(denied, at, by=", ".join(sorted(by)), failed=_lacking(denied, apps))


def _values(restrictions: Any, kind: str, *names: str) -> list[str] | None:
    """The values of those of these restrictions that are in effect; None if none is."""
    told = [each for name in names if (each := listed(restrictions, kind, name, "values")) is not None]
    return [each for values in told for each in values if isinstance(each, str)] if told else None


def _restricts(profile: Any) -> bool:
    return any(_values(profile, *names) for names in _NAMES)


_CONFIGURATIONS = "management.declarations.configurations"


def declared_by_items(said: Any, known: Mapping[str, Declaration], apps: Bundles) -> Denial | None:
    """The same by the status items that Jamf Pro keeps of a device (``GET /v1/ddm/{id}/status-items``); None if it has none.
    It writes a list as JSON or as text."""
    items = {text(each, "key"): each for each in listed(said, "statusItems") or []}
    told, enrolment = items.get(_CONFIGURATIONS), text(items.get("mdm.enrollment-type"), "value")
    at, configurations = instant(told, "lastUpdateTime"), value(told, "value")
    if isinstance(configurations, str):
        configurations = [_pairs_of(each) for each in _FLAT.findall(configurations)]
    if at is None or not isinstance(configurations, list):
        return None
    management = {"declarations": {"configurations": configurations}}
    status = {"mdm": {"enrollment-type": enrolment}, "management": management}
    return declared({"FullReport": True, "StatusItems": status}, known, apps, at)


_FLAT = re.compile(r"\{([^{}]*)\}")


def _pairs_of(written: str) -> dict[str, object]:
    """A dictionary as Java writes it, like ``active=true, identifier=com.example``. One with others inside, as with reasons,
    is not read, so that its declaration counts as not reported."""
    pairs = (each.partition("=") for each in written.split(", "))
    return {name: said == "true" if said in ("true", "false") else said for name, _, said in pairs}
