from pathlib import Path

from tests.unit.cli.notices.desk import run


def test_before_the_first_start_nothing_can_be_told(config: Path) -> None:
    refused = run("preview", "all", "--kind", "enforced")
    assert (refused.exit_code, "nothing is in force yet" in refused.output) == (1, True)
