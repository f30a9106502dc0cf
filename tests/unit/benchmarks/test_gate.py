"""A policy of many rules is one that the gate takes."""

from pathlib import Path

import pytest
from benchmarks.gate import write_config

from mailgate.config import load_bundle


@pytest.mark.parametrize("count", [10, 1000])
def test_the_policy_has_the_wanted_number_of_rules(tmp_path: Path, count: int) -> None:
    config = write_config(tmp_path, {"listen": "127.0.0.1:0", "upstream": "http://127.0.0.1:9"}, rules=count)
    assert len(load_bundle(config).rules.policy.rules) == count
