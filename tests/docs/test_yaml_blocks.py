"""Every YAML block of a page and every file under ``config/`` is what the gate would take."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.docs.yaml_blocks import ENVIRON, ROOT, Block, blocks_of, load_block

from mailgate.config import load_bundle
from mailgate.errors import ConfigError
from mailgate.policy.cases import run_cases

PAGES = [path for path in (*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")) if path.is_file()]
BLOCKS = [block for page in sorted(PAGES) for block in blocks_of(page)]
SETTINGS = sorted([*ROOT.glob("config/**/mailgate.yaml"), *ROOT.glob("config/examples/*.yaml")])


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page}:{block.line}")
def test_a_block_loads(block: Block, tmp_path: Path) -> None:
    load_block(block, tmp_path)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_configuration_loads_and_its_cases_hold(settings: Path) -> None:
    bundle = load_bundle(settings, ENVIRON)
    outcomes = list(run_cases(bundle.policy_tests, bundle.policy, datetime(2026, 11, 24, tzinfo=UTC)))
    assert outcomes
    assert {outcome.case.name: outcome.wrong for outcome in outcomes if outcome.wrong} == {}


def test_no_file_of_config_is_left_unread() -> None:
    read = {path.resolve() for settings in SETTINGS for path in load_bundle(settings, ENVIRON).paths}
    assert {path for path in (ROOT / "config").glob("**/*.yaml") if path.resolve() not in read} == set()


@pytest.mark.parametrize("name", ["mailgate.yaml", "apps.yaml", "policy.yaml", "policy.tests.yaml", ""])
def test_a_block_with_a_mistake_does_not_load(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load_block(Block("page.md", 1, name, "a: 1\na: 2\n"), tmp_path)
