"""``mailgate policy plan --gate``: what is asked of a gate, and what its answers become. tests/integration/test_gitops.py asks a real one."""

import asyncio
import json
from typing import Any

import pytest
from tests.unit.cli.policy.test_history import run

from mailgate.cli.policy import plan_at_gate as module
from mailgate.cli.policy.plan_at_gate import GateApi, plan_at_gate
from mailgate.errors import SourceError, Trouble
from mailgate.rollout.person import RefusedError
from mailgate.wire import ApiRequest, ApiResponse

GATE = "https://console.example.com"
FILES = {"policy.yaml": "rules: []"}
BUSY = (409, {"detail": "another plan is being made: wait until it is ready"})
BEGUN = (202, {"began": "10:00"})


class PlayedWire:
    """Gives these answers in turn, and keeps what was asked."""

    def __init__(self, *answers: tuple[int, Any] | SourceError) -> None:
        self.answers, self.asked, self.closed = [*answers], list[ApiRequest](), False

    async def ask(self, question: ApiRequest) -> ApiResponse:
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, SourceError):
            raise answer
        status, body = answer
        return ApiResponse(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())

    async def close(self) -> None:
        self.closed = True


def making(**told: Any) -> tuple[int, dict[str, Any]]:
    now = {"began": "10:00", "runs": False, "done": 0, "total": 0, "digest": "", "wrong": ""}
    return 200, now | told


def ask(wire: PlayedWire) -> None:
    api = GateApi(GATE, "s3cret", wire)
    asyncio.run(plan_at_gate(api, FILES, 7, lambda *_: None))


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([SourceError(Trouble.UNREACHABLE)], "console.example.com cannot be reached"),
        ([(200, b"<html>")], "gives an answer that is no gate's"),
        ([(403, {"detail": "who are you?"})], "who are you?"),
        ([(422, {"detail": "mistakes", "errors": [{"detail": "policy.yaml:1:1: x"}]})], "mistakes; policy.yaml:1:1: x"),
        ([BUSY, BUSY, BUSY], "another plan is being made"),
        ([BUSY, BEGUN, making(runs=True), making(wrong="No plan was made.")], "No plan was made."),
        ([(502, {})], "answers 502"),
        ([(307, {})], "gives an answer that is no gate's"),
        ([(400, ["odd"])], "gives an answer that is no gate's"),
        ([(202, {})], "answers as another version of Mailgate"),
        ([BEGUN, making(digest="ab"), (200, {"plan": {"new": 1}, "status": {}})], "answers as another version of Mailgate"),
        ([BEGUN, making(began="10:01", digest="ab")], "somebody else had another plan made meanwhile"),
    ],
    ids=["unreachable", "no gate", "refused", "mistakes", "busy for long", "not made", "broken", "redirected", "odd", "no answer", "newer gate", "another plan"],
)  # fmt: skip
def test_whatever_a_gate_answers_it_is_told_and_no_other_plan_is_shown(
    monkeypatch: pytest.MonkeyPatch, answers: list[Any], why: str
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0)
    monkeypatch.setattr(module, "MAX_TRIES", 3)
    wire = PlayedWire(*answers)
    with pytest.raises(RefusedError, match=why):
        ask(wire)
    assert (wire.answers, wire.closed) == ([], True)
    first = wire.asked[0]
    assert (first.method, first.url) == ("POST", f"{GATE}/api/v1/plans")
    assert first.headers["Authorization"] == "Bearer s3cret"
    assert json.loads(first.body or b"") == {"files": FILES, "days": 7}


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (
            ["--gate", "http://console.example.com"],
            2,
            "--gate: not https",
        ),
        (["--gate", "https://ada:s3cret@console.example.com"], 2, "--gate: the URL contains credentials"),
        (["--gate", "https://"], 2, "--gate: not an http or https URL"),
        (["--gate", f"{GATE}/console"], 2, "--gate: the URL has a path"),
        (["--gate", GATE], 1, "a gate asks for your admin token"),
        (["--gate", GATE, "--version", "3"], 2, "a version is planned beside the store"),
    ],
)
@pytest.mark.usefixtures("config")
def test_a_token_is_needed_and_sent_by_https_alone(options: list[str], code: int, why: str) -> None:
    done = run("plan", *options)
    assert (done.exit_code, why in done.output) == (code, True), done.output
