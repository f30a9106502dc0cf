import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import in_store
from tests.unit.policy.examples import PHONE, WITH_TIKTOK, access, policy_of
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.cli.explain import show
from mailgate.console.explain.facts import explanation
from mailgate.model import Posture, PostureState
from mailgate.model.device import NotDenied
from mailgate.policy.decide import decide
from mailgate.rollout import rule_texts_of
from mailgate.store import Act, Store

ROOT = Path(__file__).parents[3]
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
RECORDED = {
    "method": "GET",
    "target": "/",
    "headers": {"User-Agent": IPHONE},
    "user": None,
    "device": {"apps": ["tiktok"], "managed": None},
    "now": "2026-11-24T12:00:00Z",
}


def test_a_posture_of_a_person_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    for by_person in (False, True):
        asked = access(PHONE, replace(WITH_TIKTOK, by_person=by_person))
        decision, policy = decide(asked, rules().policy), rules().policy
        show(explanation(asked, decision, policy), {}, asked, decision)
        assert ("of all phones and tablets of this person" in capsys.readouterr().out) is by_person


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def run(*arguments: str, given: object = RECORDED):
    text = given if isinstance(given, str) else json.dumps(given)
    return call("explain", *arguments, answer=text)


def test_every_rule_that_was_tried_is_told_with_the_values_it_saw() -> None:
    report = json.loads(run("--json", "-").stdout)
    assert [(rule["rule"], rule["matched"], rule["effect"]) for rule in report["rules"]] == [
        ("kind-contradicted", False, None),
        ("laptop-browser", False, None),
        ("prohibited-app", True, "block"),
    ]
    assert report["rules"][1]["values"] == {"client.kind": "phone"}
    assert report["not_reached"] == ["unproven-handheld", "clean-handheld"]
    assert (report["decision"]["effect"], report["decision"]["reason"]) == ("block", "prohibited-app")
    assert report["decision"]["apps"] == ["TikTok"]
    assert report["client"]["signals"][0]["says"] == "phone"


def test_the_shipped_example_is_refused_for_its_app() -> None:
    report = json.loads(run("--json", "config/examples/phone-with-tiktok.request.json").stdout)
    assert report["decision"]["reason"] == "prohibited-app"


def test_a_request_is_read_from_a_yaml_file(tmp_path: Path) -> None:
    path = tmp_path / "request.yaml"
    path.write_text(f"request: {{user_agent: '{IPHONE}'}}\ndevice: {{state: stale}}\n")
    assert json.loads(run("--json", str(path)).stdout)["decision"]["reason"] == "posture-stale"


def test_the_table_tells_client_rules_and_decision() -> None:
    result = run()
    assert result.exit_code == 0
    for word in ("phone, like a phone or tablet", "prohibited-app", "not reached", "block: prohibited-app"):
        assert word in result.stdout


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"methd": "GET"}, "<stdin>:1:2: the key `methd` is not known; did you mean `method`?"),
        ({"device": {"apps": ["nope"]}}, "<stdin>:1:22: `nope` is not known here"),
        ('{"a": 1', "<stdin>:1:8: "),
        ("", "<stdin>:1:1: the file is empty"),
    ],
)
def test_an_unreadable_request_is_a_mistake_with_its_place(given: object, message: str) -> None:
    result = run("--json", "-", given=given)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("arguments", [("nowhere.json",), ("--config", "nowhere.yaml")])
def test_a_missing_file_is_unusable(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_the_explanation_says_what_would_let_it_in() -> None:
    (flips,) = json.loads(run("--json", "-").stdout)["flips"]
    assert flips["to"] == ["allow"]
    (flip,) = flips["actionable"]
    assert [(step["what"], step["about"]) for step in flip["steps"]] == [("remove-apps", ["tiktok"])]
    assert flip["then"]["rule"] == "clean-handheld"
    assert "if TikTok is removed and the device reports so" in run().stdout


STAGED = "examples/staged-rollout/mailgate.yaml"


@pytest.mark.parametrize(
    ("day", "stage", "effect"),
    [
        ("2026-12-02", "report_only", "allow"),
        ("2026-12-09", "warn", "warn"),
        ("2026-12-16", "enforce", "block"),
    ],
)
def test_another_time_has_its_stage_and_a_report_as_old_as_now(day: str, stage: str, effect: str) -> None:
    given = {"user_agent": IPHONE, "device": {"apps": ["tiktok"]}}
    report = json.loads(run("--json", "--at", day, "--config", f"config/{STAGED}", given=given).stdout)
    (found,) = [rule["stage"] for rule in report["rules"] if rule["rule"] == "prohibited-app"]
    assert (found, report["decision"]["effect"]) == (stage, effect)
    assert report["device"]["reported_at"].startswith(day)


def test_a_malformed_time_is_said() -> None:
    result = run("--at", "tomorrow")
    assert result.exit_code == 2
    assert "--at: not a date, nor a time with its zone" in result.stderr


@pytest.fixture
def versions(config: Path) -> Path:
    """A store where a phone was seen that version 1 lets in and version 2 keeps out; the files are version 2."""
    old = "rules: [{id: open, when: 'true', effect: allow}]\n"
    new = (
        "rules: [{id: shut, when: client.handheld, effect: block}, {id: rest, when: 'true', effect: allow}]\n"
    )

    async def fill(store: Store) -> None:
        for text in (old, new):
            await store.policies.activate(rule_texts_of(rules(text)), Act(NOW, "ada", "policy-activated"))
        await people.see(store, rules(new).policy, people.page_load(people.IPHONE), "ada")

    in_store(fill)
    (config.parent / "policy.yaml").write_text(new)
    return config


def sighting() -> str:
    async def look(store: Store) -> str:
        (seen,) = await store.sightings.latest()
        return seen.id

    return in_store(look)


def test_any_version_can_be_asked_about_a_request_or_a_recorded_one(versions: Path) -> None:
    config, given = ("--config", str(versions), "--json"), {"user_agent": IPHONE}
    for asked in ((), ("--reference", sighting())):
        deciders = [
            json.loads(run(*asked, *version, *config, given=given).stdout)["decision"]["rule"]
            for version in ((), ("--version", "1"), ("--version", "2"))
        ]
        assert deciders == ["shut", "open", "shut"]
    late = json.loads(run("--reference", sighting(), "--at", "2030-01-01", *config).stdout)
    assert late["now"].startswith("2030-01-01")
    assert late["recorded"]["rule"] == "shut"


def test_whose_request_is_explained_is_on_record(versions: Path) -> None:
    run("--reference", sighting(), "--config", str(versions))

    async def kept(store: Store) -> list[str]:
        return [each.person for each in await store.looks.page(9)]

    assert sorted(in_store(kept)) == ["", "ada"]


def test_an_unknown_version_is_refused(versions: Path) -> None:
    result = run("--version", "7", "--config", str(versions), given={"user_agent": IPHONE})
    assert result.exit_code == 1
    assert "no version is called `7`" in result.stderr


POLICY = policy_of({"id": "app", "when": '"prohibited" in device.lists'}, {"effect": "allow"})


def test_the_explanation_tells_client_rules_and_what_would_change_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen = access(PHONE, WITH_TIKTOK)
    decision = decide(seen, POLICY)
    show(explanation(seen, decision, POLICY), {}, seen, decision)
    told = capsys.readouterr().out
    for words in (
        "phone, like a phone or tablet",
        "listed, apps: tiktok",
        "not reached",
        "block: prohibited-app, by app",
    ):
        assert words in told
    assert "if TikTok is removed" in told


@pytest.mark.parametrize(
    ("posture", "words"),
    [
        (
            Posture(PostureState.CLEAN, denied=("tiktok",), denied_by="cope 12"),
            "clean, cannot run: tiktok (cope 12)\n",
        ),
        (
            Posture(PostureState.PARTIAL, not_denied=NotDenied.OTHER_USERS_ALLOWED),
            "partial. Its policy allows other users on it, whose apps nobody sees.\n",
        ),
    ],
)
def test_the_explanation_tells_which_apps_cannot_run(
    capsys: pytest.CaptureFixture[str], posture: Posture, words: str
) -> None:
    seen = access(PHONE, posture)
    decision = decide(seen, POLICY)
    show(explanation(seen, decision, POLICY), {}, seen, decision)
    assert f"device   {words}" in capsys.readouterr().out
