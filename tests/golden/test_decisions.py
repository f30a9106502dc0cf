"""Golden decisions: a policy, ``---``, a situation, a line of dashes, and what is decided or refused.

The policy is read as ``policy.yaml`` with the shipped ``config/apps.yaml``. To accept what comes out now, copy it from
the failure.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.config.document import read_document
from mailgate.config.files import FilesReading
from mailgate.config.mistakes import validated
from mailgate.config.rules import read_catalog, read_policy
from mailgate.model import Decision, RuleTrial
from mailgate.policy.cases import Situation, decide_situation

HERE = Path(__file__).parent
APPS = HERE.parents[1] / "config/apps.yaml"
GOLDEN = sorted((HERE / "decisions").glob("*.txt"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_each_decision_is_the_golden_one(path: Path, tmp_path: Path) -> None:
    given, expected = re.split(r"^-{4,}\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert outcome(given, tmp_path) == expected


def outcome(given: str, folder: Path) -> str:
    rules, _, situation = given.partition("\n---\n")
    (folder / "policy.yaml").write_text(rules, encoding="utf-8")
    reading = FilesReading()
    catalog = read_catalog(APPS, reading)
    policy = read_policy(folder / "policy.yaml", catalog, reading)
    if policy is None:
        return "".join(f"{str(mistake).removeprefix(f'{folder}/')}\n" for mistake in sorted(reading.mistakes))
    document = read_document(situation.encode(), "situation")
    read, mistakes = validated(Situation, document, {"catalog": catalog})
    assert read, mistakes
    _, decision = decide_situation(read, policy, datetime(2026, 11, 24, 12, tzinfo=UTC))
    return "".join(f"{line}\n" for line in told(decision))


def told(decision: Decision) -> list[str]:
    lines = [f"{decision.effect} {decision.reason} by {decision.rule}"]
    lines += [
        f"{name}: {value}" for name in ("title", "fix", "contact") if (value := getattr(decision, name))
    ]
    if decision.apps:
        lines.append(f"apps: {', '.join(decision.apps)}")
    if decision.deadline:
        lines.append(f"deadline: {decision.deadline.isoformat()}")
    return lines + [f"- {trial_told(trial)}" for trial in decision.trials]


def trial_told(trial: RuleTrial) -> str:
    result = f"{trial.effect}" if trial.matched else "no match"
    return f"{trial.rule} {trial.stage}: {result}" + (f" ({trial.note})" if trial.note else "")


def test_golden_decisions_exist() -> None:
    assert len(GOLDEN) >= 10
