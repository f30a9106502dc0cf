"""Events for a SIEM: what the schema requires of each, and which of its numbers say what."""

import json

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.wire import exchange

from mailgate.gateway.observe.ocsf import MAX_DETAILS, SecurityEvents, audit_event, decision_event
from mailgate.model import DecisionSummary
from mailgate.store import AuditEntry

REQUIRED = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
"""Of every event (OCSF 1.6.0, Base Event)."""
BLOCKED = DecisionSummary("block", "prohibited-app", "no-tiktok", "phone", "web", "ada@example.com")
ENTRY = AuditEntry(7, "2026-11-24T09:05:07.250000+00:00", "grace", "policy-rolled-back", "version 3", "sent in error", "desk-1", '{"serial": 9}', "before", "digest-7")  # fmt: skip


def asked(method="GET"):
    return exchange(f"{method} /folder/1?token=1234 HTTP/1.1".encode(), b"User-Agent: Mozilla/5.0")


def event_of(request, judged=BLOCKED, include=()):
    request.judged = judged
    return decision_event(request, judged, NOW, "mail.example.com", include)


async def test_a_refusal_is_http_activity_that_a_control_has_denied():
    request = asked()
    request.status, request.reference = 403, "REF2345"
    event = event_of(request)
    assert event.keys() >= REQUIRED
    assert 0 <= event.pop("duration") < 60_000
    assert event.pop("metadata").items() >= {"version": "1.6.0", "profiles": ["security_control"], "log_name": "decisions", "correlation_uid": "REF2345"}.items()  # fmt: skip
    assert event == {
        "category_uid": 4, "class_uid": 4002, "activity_id": 3, "type_uid": 400203, "time": 1795511107000, "severity_id": 2,
        "status_id": 2, "status_detail": "prohibited-app", "message": "block: prohibited-app, by the rule no-tiktok",
        "action_id": 2, "disposition_id": 2, "policy": {"name": "no-tiktok"}, "http_request": {"http_method": "GET"},
        "http_response": {"code": 403}, "dst_endpoint": {"hostname": "mail.example.com", "svc_name": "webmail"},
        "unmapped": {"effect": "block", "kind": "phone", "protocol": "web"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("effect", "action", "disposition", "severity"),
    [("allow", 1, 1, 1), ("warn", 3, 19, 2), ("challenge", 2, 23, 2), ("block", 2, 2, 2)],
)
async def test_each_effect_has_its_action_and_disposition(effect, action, disposition, severity):
    event = event_of(asked(), BLOCKED._replace(effect=effect))
    assert (event["action_id"], event["disposition_id"], event["severity_id"]) == (action, disposition, severity)  # fmt: skip


@pytest.mark.parametrize(("method", "activity"), [("POST", 6), ("PROPFIND", 99), ("MADE-UP", 99)])
async def test_a_method_that_the_schema_does_not_know_is_named(method, activity):
    event = event_of(asked(method))
    assert (event["activity_id"], event["type_uid"]) == (activity, 400200 + activity)
    assert event["http_request"] == ({"http_method": method} if activity != 99 else {})
    assert event.get("activity_name") == {"PROPFIND": "PROPFIND", "MADE-UP": "other"}.get(method)


async def test_nothing_of_the_client_is_told_unless_it_is_asked_for():
    text = json.dumps(event_of(asked()))
    assert [word for word in ("folder", "1234", "Mozilla", "ada@", "192.0.2.7") if word in text] == []


async def test_facts_asked_for_stand_where_the_schema_has_them():
    event = event_of(asked(), include=("path", "name", "address", "user_agent"))
    assert event["http_request"] == {
        "http_method": "GET", "url": {"hostname": "mail.example.com", "path": "/folder/1"}, "user_agent": "Mozilla/5.0",
    }  # fmt: skip
    assert event["src_endpoint"] == {"ip": "192.0.2.7"}
    assert event["actor"] == {"user": {"name": "ada@example.com"}}
    assert event["metadata"]["profiles"] == ["security_control", "host"]
    assert event["observables"] == [{"name": "actor.user.name", "type_id": 4, "value": "ada@example.com"}]
    assert "1234" not in json.dumps(event)


async def test_a_client_that_has_left_has_no_response():
    assert "http_response" not in event_of(asked())


def test_an_act_is_the_same_event_at_every_gate():
    event = audit_event(ENTRY)
    assert event.keys() >= REQUIRED
    assert event.pop("metadata").items() >= {"version": "1.6.0", "log_name": "audit", "uid": "digest-7", "sequence": 7}.items()  # fmt: skip
    assert event == {
        "category_uid": 3, "class_uid": 3004, "activity_id": 11, "type_uid": 300411, "time": 1795511107250, "severity_id": 3,
        "status_id": 1, "message": "policy-rolled-back version 3", "actor": {"user": {"name": "grace"}},
        "entity": {"name": "version 3", "type": "policy"}, "comment": "sent in error", "src_endpoint": {"hostname": "desk-1"},
        "unmapped": {"what": "policy-rolled-back", "details": {"serial": 9}},
    }  # fmt: skip


def test_an_act_that_the_schema_does_not_know_is_named():
    event = audit_event(AuditEntry(1, ENTRY.at, "grace", "policy-approved", "", "", "", "{}", ""))
    assert (event["activity_id"], event["activity_name"], event["severity_id"]) == (99, "policy-approved", 1)
    assert event["entity"] == {"name": "policy-approved", "type": "policy"}
    assert event.keys().isdisjoint({"comment", "src_endpoint"})


@pytest.mark.parametrize("details", ["no JSON", json.dumps("x" * MAX_DETAILS)])
def test_details_that_cannot_be_told_are_left_to_the_audit_log(details):
    told = audit_event(AuditEntry(1, ENTRY.at, "grace", "policy-approved", "", "", "", details, ""))
    assert told["unmapped"]["details"] == {}


BLOCKED = DecisionSummary("block", "prohibited-app", "no-tiktok", "phone", "web", "ada@example.com")
EFFECTS = ("allow", "warn", "challenge", "block")


async def lines(*effects, include=(), all_of_them=False):
    """What is written about requests with these effects; None for one that was never judged."""
    written, request = [], exchange(b"GET /folder/1 HTTP/1.1", b"User-Agent: Mozilla/5.0")
    events = SecurityEvents(written.append, include, lambda: NOW, "mail.example.com", all_of_them=all_of_them)
    for effect in effects:
        request.judged = effect and BLOCKED._replace(effect=effect)
        events.request_finished(request)
    return written


@pytest.mark.parametrize(("all_of_them", "told"), [(False, EFFECTS[1:]), (True, EFFECTS)])
async def test_allowed_requests_are_told_only_if_all_are(all_of_them, told):
    written = await lines(None, *EFFECTS, all_of_them=all_of_them)
    assert tuple(json.loads(line)["unmapped"]["effect"] for line in written) == told


async def test_an_event_is_one_line_of_its_own():
    written = await lines("block", "block")
    assert len(written) == 2
    assert all(line.endswith(b"}\n") and line.count(b"\n") == 1 for line in written)


async def test_an_event_tells_time_and_host_and_names_on_request_only():
    (bare,), (named,) = await lines("block"), await lines("block", include=("name",))
    event = json.loads(bare)
    assert (event["time"], event["dst_endpoint"]["hostname"]) == (1795511107000, "mail.example.com")
    assert (b"ada@example.com" in bare, b"ada@example.com" in named) == (False, True)


def test_a_damaged_entry_is_sent_too_and_holds_up_no_later_one() -> None:
    event = audit_event(AuditEntry(1, "b'soon'", "grace", "policy-approved", "", "", "", "no JSON", ""))
    assert (event["time"], event["unmapped"]["details"]) == (0, {})
