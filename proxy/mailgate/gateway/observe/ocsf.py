"""Writes decisions and acts as events of the Open Cybersecurity Schema Framework, version 1.6.0, for a SIEM.

A decision is an HTTP Activity (class 4002) with the profile Security Control. If it names the user, it also has the profile
Host, to which the actor belongs. An act of the audit log is an Entity Management (class 3004). ``type_uid`` is the class times
100 plus the activity. Values without a place in the schema are in ``unmapped``.
"""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from mailgate import __version__
from mailgate.gateway.observe.access_log import CLIENT_FACTS
from mailgate.gateway.observe.request_metrics import METHODS, OTHER
from mailgate.http.exchange import Exchange
from mailgate.model import DecisionSummary
from mailgate.store import AuditEntry
from mailgate.store.hash_chain import details_of

VERSION = "1.6.0"
MAX_DETAILS = 4096
_PRODUCT = {"name": "Mailgate", "vendor_name": "Mailgate", "version": __version__}

_NETWORK, _HTTP_ACTIVITY = 4, 4002
_METHODS = {
    name: number
    for number, name in enumerate("CONNECT DELETE GET HEAD OPTIONS POST PUT TRACE PATCH".split(), 1)
}
_ALLOWED, _DENIED, _OBSERVED = 1, 2, 3
_OUTCOMES = {
    "allow": (_ALLOWED, 1),
    "warn": (_OBSERVED, 19),
    "challenge": (_DENIED, 23),
    "block": (_DENIED, 2),
}
"""The action and the disposition of each effect: allowed, alert, challenge, blocked."""
_OBSERVED_USER = {"name": "actor.user.name", "type_id": 4}
"""A user name as an observable."""

_IAM, _ENTITY_MANAGEMENT = 3, 3004
_CREATE, _UPDATE, _DELETE, _ACTIVATE, _DEACTIVATE, _RESUME = 1, 3, 4, 10, 11, 13
_ACTS = {
    "policy-activated": _ACTIVATE, "policy-rolled-back": _DEACTIVATE, "policy-planned": _CREATE, "rule-halted": _DEACTIVATE,
    "rule-turned-off": _DEACTIVATE, "rule-resumed": _RESUME, "exemption-given": _CREATE, "exemption-ended": _DELETE,
    "device-forgotten": _DELETE, "person-forgotten": _DELETE, "device-lost": _UPDATE, "device-found": _UPDATE,
    "settings-changed": _UPDATE,
}  # fmt: skip
_UNMAPPED = 99
_INFORMATIONAL, _LOW, _MEDIUM = 1, 2, 3
_SUCCESS, _FAILURE = 1, 2


def decision_event(
    exchange: Exchange, judged: DecisionSummary, now: datetime, host: str, include: Collection[str]
) -> dict[str, Any]:
    """The event of one decision after its request is finished. ``include`` (``CLIENT_FACTS``) names the facts about the client."""
    method = METHODS.get(exchange.head.method, OTHER)
    action, disposition = _OUTCOMES[judged.effect]
    told = {name: read(exchange) for name, read in CLIENT_FACTS.items() if name in include}
    name = told.get("name", "")
    profiles = ["security_control", *(["host"] if name else [])]
    words = {name: getattr(judged, name) for name in ("effect", "kind", "protocol")}
    return _event(_NETWORK, _HTTP_ACTIVITY, _METHODS.get(method, _UNMAPPED), method, now) | {
        "metadata": _metadata("decisions", exchange.reference, profiles=profiles),
        "severity_id": _INFORMATIONAL if action == _ALLOWED else _LOW,
        "status_id": _FAILURE if action == _DENIED else _SUCCESS,
        "status_detail": judged.reason,
        "message": f"{judged.effect}: {judged.reason}, by the rule {judged.rule}",
        "duration": round((perf_counter() - exchange.began_at) * 1000),
        "action_id": action,
        "disposition_id": disposition,
        "policy": {"name": judged.rule},
        "http_request": _of_request(method, told, host),
        **({"http_response": {"code": exchange.status}} if exchange.status else {}),
        "dst_endpoint": {"hostname": host, "svc_name": "webmail"},
        **({"src_endpoint": {"ip": told["address"]}} if told.get("address") else {}),
        **(
            {"actor": {"user": {"name": name}}, "observables": [_OBSERVED_USER | {"value": name}]}
            if name
            else {}
        ),
        "unmapped": words,
    }


def audit_event(entry: AuditEntry) -> dict[str, Any]:
    """The event of one act in the audit log. ``metadata.uid`` is its digest, which is the same from every gate that sends it."""
    # an object that is too long for a datagram is left out: the audit log has all of them
    details = details_of(entry) if len(entry.details) <= MAX_DETAILS else {}
    activity = _ACTS.get(entry.what, _UNMAPPED)
    warns = activity in (_DEACTIVATE, _DELETE)
    metadata = _metadata("audit", "") | {"uid": entry.digest, "sequence": entry.number}
    return _event(_IAM, _ENTITY_MANAGEMENT, activity, entry.what, _time(entry)) | {
        "metadata": metadata,
        "severity_id": _MEDIUM if warns else _INFORMATIONAL,
        "status_id": _SUCCESS,
        "message": " ".join(each for each in (entry.what, entry.about) if each),
        "actor": {"user": {"name": entry.who}},
        "entity": {"name": entry.about or entry.what, "type": entry.what.partition("-")[0]},
        **({"comment": entry.why} if entry.why else {}),
        **({"src_endpoint": {"hostname": entry.origin}} if entry.origin else {}),
        "unmapped": {"what": entry.what, "details": details},
    }


def _event(category: int, of_class: int, activity: int, name: str, at: datetime) -> dict[str, Any]:
    return {
        "category_uid": category,
        "class_uid": of_class,
        "activity_id": activity,
        **({"activity_name": name} if activity == _UNMAPPED else {}),
        "type_uid": of_class * 100 + activity,
        "time": int(at.timestamp() * 1000),
    }


def _metadata(log: str, reference: str, **more: Any) -> dict[str, Any]:
    told = {"correlation_uid": reference} if reference else {}
    return {"version": VERSION, "product": _PRODUCT, "log_name": log, **told, **more}


def _of_request(method: str, told: Mapping[str, str], host: str) -> dict[str, Any]:
    """The schema has a closed set of methods. Any other is only in ``activity_name``."""
    known = {"http_method": method} if method in _METHODS else {}
    url = {"url": {"hostname": host, "path": told["path"]}} if told.get("path") else {}
    return known | url | ({"user_agent": told["user_agent"]} if told.get("user_agent") else {})


def _time(entry: AuditEntry) -> datetime:
    """When it was done; the beginning of 1970 if the entry is damaged, so that it holds up no later one."""
    try:
        return datetime.fromisoformat(entry.at)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


class SecurityEvents:
    """Writes the events. ``request_finished`` is called with each finished request. ``put`` takes a line, and
    ``host`` is the name of the webmail's host."""

    def __init__(
        self,
        put: Callable[[bytes], None],
        include: Collection[str],
        clock: Callable[[], datetime],
        host: str,
        *,
        all_of_them: bool,
    ) -> None:
        self._put, self._include, self._clock, self._host, self._all = put, include, clock, host, all_of_them

    def request_finished(self, exchange: Exchange) -> None:
        judged = exchange.judged
        if judged is None or (judged.effect == "allow" and not self._all):
            return
        event = decision_event(exchange, judged, self._clock(), self._host, self._include)
        self._put(json.dumps(event, separators=(",", ":")).encode() + b"\n")
