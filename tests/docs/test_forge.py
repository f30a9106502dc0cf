"""What a public forge runs and shows is what the README and CONTRIBUTING.md say."""

import re
import tomllib
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.docs.reading import ROOT

FORGE = ROOT / ".github"
FORMS = sorted(set(FORGE.glob("ISSUE_TEMPLATE/*.yml")) - {FORGE / "ISSUE_TEMPLATE" / "config.yml"})


def yaml(path: Any) -> Any:
    return YAML(typ="safe").load(path.read_text())


JOBS = yaml(FORGE / "workflows" / "checks.yml")["jobs"]


def test_every_python_that_is_supported_is_tried() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    supported = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert JOBS["python"]["strategy"]["matrix"]["python"] == supported


def test_the_jobs_call_targets_of_make_that_exist() -> None:
    targets = set(re.findall(r"^([\w-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
    made = [command.split()[1] for command in called if command.startswith("make ")]
    assert set(made) <= targets
    assert {"check", "test", "docs"} <= set(made)
    assert ".ci/run" in called


def test_no_job_may_write() -> None:
    workflow = yaml(FORGE / "workflows" / "checks.yml")
    assert workflow["permissions"] == {"contents": "read"}
    assert not re.search(r"secrets\.|pull_request_target", (FORGE / "workflows" / "checks.yml").read_text())


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_can_be_shown(path: Any) -> None:
    form = yaml(path)
    assert {"name", "description", "body"} <= form.keys()
    asked = [each for each in form["body"] if each["type"] != "markdown"]
    assert len({each["id"] for each in asked}) == len(asked)
    assert all(each["attributes"]["label"] for each in asked)


def test_make_check_runs_every_pre_commit_hook() -> None:
    (own,) = yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    recipe = re.search(r"^check:.*?\n\n", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert recipe
    for hook in own["hooks"]:
        program = hook["entry"].removeprefix(".venv/bin/").partition(" tests/docs")[0]
        assert f"$(BIN)/{program}" in recipe[0], hook["id"]
