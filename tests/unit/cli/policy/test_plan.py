"""``mailgate policy plan`` on a store with one phone that has a listed app."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.gate_files import in_store
from tests.unit.cli.policy.test_history import run
from tests.unit.rollout import people
from tests.unit.rollout.examples import APPS, rules
from tests.unit.rollout.test_planning import CASES, NEW, OLD
from tests.unit.store.examples import NOW

from mailgate.cli.policy import plan as module
from mailgate.cli.policy.plan import GateApi, plan_at_gate
from mailgate.errors import SourceError, Trouble
from mailgate.rollout import rule_texts_of
from mailgate.rollout.person import RefusedError
from mailgate.store import Act, Store
from mailgate.wire import ApiRequest, ApiResponse


@pytest.fixture
def folder(config: Path) -> Path:
    """The folder of a gate whose files are those in force."""

    async def fill(store: Store) -> None:
        old = rules(OLD)
        await store.policies.activate(rule_texts_of(old), Act(NOW, "ada", "policy-activated"))
        await people.know(store, old.policy, [people.phone(1, "tiktok", owner="ada\x1b[1m")])

    in_store(fill)
    (config.parent / "apps.yaml").write_text(APPS)
    (config.parent / "policy.yaml").write_text(OLD)
    return config.parent


def test_the_files_that_are_in_force_change_nothing(folder: Path) -> None:
    shown = run("plan")
    assert shown.exit_code == 0
    assert "no difference that affects a decision" in shown.output
    assert "Nothing was changed. These rules already run" in " ".join(shown.output.split())


def test_a_plan_has_one_form_and_its_picture_a_writable_place(folder: Path) -> None:
    assert run("plan", "--json", "--csv").exit_code == 2
    missing = run("plan", "--svg", str(folder / "nowhere" / "plan.svg"))
    assert (missing.exit_code, "cannot be written" in missing.output) == (2, True)


def test_a_plan_says_whom_a_change_hits_and_why(folder: Path) -> None:
    (folder / "policy.yaml").write_text(NEW)
    shown = " ".join(run("plan").output.split())
    assert "~ rule app: blocks people now; before: warns" in shown
    assert "newly without mail 1 1" in shown
    assert "warned by app now, then without mail by app (prohibited-app)" in shown
    assert "“old-phone” can never decide anything" in shown
    assert "\x1b[1m" not in shown
    assert json.loads(run("history", "--json").output)[0]["serial"] == 1


def test_another_file_may_be_looked_at(folder: Path, tmp_path: Path) -> None:
    (folder / "drafts").mkdir()
    (folder / "drafts" / "new.yaml").write_text(NEW)
    told = json.loads(run("plan", "drafts/new.yaml", "--json").output)
    assert told["newly"]["block"]["people"] == 1
    assert told["candidate"]["policy"] == rules(NEW).policy.version


def test_counts_go_into_a_spreadsheet_and_a_picture(folder: Path) -> None:
    (folder / "policy.yaml").write_text(NEW)
    made = run("plan", "--csv", "--svg", "plan.svg")
    rows = list(csv.DictReader(io.StringIO(made.output.removeprefix("\ufeff"))))
    assert {"newly": "block", "by": "rule", "value": "app", "people": "1", "devices": "1"} in rows
    assert rows[-1]["newly"] == "untouched"
    assert "1 person with 1 device without mail." in (folder / "plan.svg").read_text()


def test_a_case_that_does_not_hold_ends_it_with_1(folder: Path) -> None:
    (folder / "policy.tests.yaml").write_text(CASES)
    shown = run("plan")
    assert shown.exit_code == 1
    assert "Tests: 0 of 1 cases hold" in shown.output
    assert "FAILED a laptop gets in: effect is allow, not block" in shown.output


def test_mistakes_and_a_store_that_is_not_there_are_said(folder: Path) -> None:
    (folder / "policy.yaml").write_text("rules: []\n")
    refused = run("plan")
    assert refused.exit_code == 2
    assert "policy.yaml:1" in refused.output
    (folder / "policy.yaml").write_text(OLD)
    (folder / "mailgate.db").unlink()
    empty = run("plan")
    assert (empty.exit_code, empty.output) == (
        1,
        f"there is no store at {folder}/mailgate.db, which mailgate.yaml names; `mailgate run` makes it\n",
    )


@pytest.mark.parametrize(
    ("most", "policy", "code"), [(None, OLD, 0), (0, OLD, 0), (0, NEW, 4), (9, NEW, 3), (None, NEW, 3)]
)
def test_the_exit_code_tells_what_a_change_needs(
    folder: Path, most: int | None, policy: str, code: int
) -> None:
    if most is not None:
        settings = folder / "mailgate.yaml"
        settings.write_text(f"{settings.read_text()}guard: {{max_newly_blocked: {most}}}\n")
    (folder / "policy.yaml").write_text(policy)
    assert run("plan", "--exit-code").exit_code == code
    assert run("plan").exit_code == 0


GATE = "https://console.example.com"
FILES = {"policy.yaml": "rules: []"}
BUSY = (409, {"detail": "another plan is being made. Wait until it is ready"})
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
        (["--gate", "http://console.example.com"], 2, "--gate: not https"),
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
