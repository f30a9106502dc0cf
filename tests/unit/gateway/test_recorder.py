"""One decision in the numbers and in the log."""

import json

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import REFERENCE, ask, gate, value
from tests.unit.gateway.phones import EAS, HANDED_ON, LOGIN, with_certificates
from tests.unit.store.examples import ALLOW, BLOCK, BROWSER, NOW

from mailgate.gateway.recorder import Recorder, line_of
from mailgate.gateway.refusals.responses import warned_mark
from mailgate.model import (
    Access,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    RequestFacts,
    User,
)


async def test_reason_and_reference_stand_in_the_log_line_of_the_same_request():
    with capture_logs() as logs:
        _, _, body, _ = await ask(gate(), "/block")
    (line,) = logs
    problem = json.loads(body)
    assert (line["reference"], line["reason"]) == (problem["reference"], problem["reason"])
    assert (line["event"], line["rule"], line["log_level"]) == ("decided", "closed", "info")


async def test_an_attestation_that_is_refused_is_counted_and_never_helps():
    on = gate()
    status, _, _, _ = await ask(on, "/block", b"Device-Attestation: x.y.z")
    assert status == 403
    assert value(on, "mailgate_attestations_total", result="token-malformed") == 1


async def test_decisions_and_refusals_are_counted():
    on = gate()
    await ask(on, "/allow")
    assert value(on, "mailgate_report_only_matches_total", rule="rehearsed", effect="block") == 1
    assert value(on, "mailgate_decisions_total", effect="allow", reason="rule-matched", kind="unknown") == 1
    assert value(on, "mailgate_decision_seconds_count") == 1
    await ask(on, "/block")
    assert value(on, "mailgate_refusals_total", rule="closed", effect="block", reason="rule-matched") == 1
    assert value(on, "mailgate_refusals_total", rule="open", effect="allow", reason="rule-matched") is None


async def test_two_devices_in_one_request_are_counted_and_the_stricter_counts():
    on = with_certificates()
    on.judge.postures.posture = Posture(PostureState.LISTED, "d2", source="mdm")
    assert (await ask(on, EAS.format("FolderSync"), LOGIN, HANDED_ON, method="POST"))[0] == 403
    assert value(on, "mailgate_two_devices_total") == 1


async def test_every_decision_is_recorded_and_a_refusal_with_its_reference():
    on = gate()
    for path in ("/allow", "/warn", "/block"):
        await ask(on, path)
    assert on.recorder.listeners[0] == [
        ("/allow", Effect.ALLOW, "open", ""),
        ("/warn", Effect.WARN, "soon", REFERENCE),
        ("/block", Effect.BLOCK, "closed", REFERENCE),
    ]


WARN = Decision(Effect.WARN, Reason.RULE_MATCHED, "app", "v1")
PAGE = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "accept": "text/html"}
APP = Client(Kind.MAIL_APP, handheld=True, protocol=Protocol.ACTIVESYNC)


class Kept(list):
    """A listener."""

    def record(self, access, decision, reference, shown):
        self.append((reference, shown))

    def recurring(self, access, decision):
        return None


@pytest.mark.parametrize(
    ("decision", "client", "headers", "shown"),
    [
        (WARN, BROWSER, PAGE, True),
        (WARN, BROWSER, {"sec-fetch-mode": "cors"}, False),
        (WARN, BROWSER, PAGE | {"cookie": f"mailgate-warned={warned_mark(WARN)}"}, False),
        (WARN, APP, PAGE, False),
        (BLOCK, BROWSER, {}, True),
        (BLOCK, APP, {}, True),
        (ALLOW, BROWSER, PAGE, False),
    ],
)
def test_every_listener_is_told_whether_the_person_saw_it(decision, client, headers, shown):
    first, second = Kept(), Kept()
    access = Access(RequestFacts(headers=headers), client, Posture(), NOW, User("ada"))
    Recorder((first, second), None).tell(access, decision, "REF", "REF")
    assert first == second == [("REF", shown)]


def test_a_refusal_that_recurs_is_told_and_has_its_line_like_the_first():
    access = Access(RequestFacts(headers={"user-agent": "an app"}), APP, Posture(), NOW, User("ada"))
    told, recorder = [], Recorder((), None)
    with capture_logs() as first:
        recorder.tell(access, BLOCK, "REF", "REF")
    with capture_logs() as again:
        recorder.tell_again([lambda *each: told.append(each)], line_of(access, BLOCK), access, "REF")
    assert told == [("an app", "ada", "", NOW, "REF")]
    assert first == again != []


def test_a_repeated_decision_is_told_to_those_who_keep_it():
    class Each(Kept):
        def recurring(self, access, decision):
            return lambda agent, now: self.append((agent, now))

    each = Each()
    (repeat,) = Recorder((Kept(), each, Kept()), None).recurring(None, None)
    repeat("a browser", NOW)
    assert each == [("a browser", NOW)]
