"""The changes of the soak are complete files."""

import json
from pathlib import Path

from benchmarks.soak import REPORTED, change_rules, report_phones


def test_rules_change_each_minute_and_stay_the_same_rules(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("# head\nrules: []\n")
    for minute in (1, 2):
        change_rules(tmp_path, minute)
        assert policy.read_text() == f"# minute {minute}\nrules: []\n"


def test_an_inventory_has_every_phone_as_of_now(tmp_path: Path) -> None:
    report_phones(tmp_path)
    lines = [json.loads(each) for each in (tmp_path / "phones.jsonl").read_text().splitlines()]
    assert (len(lines), len({each["id"] for each in lines})) == (REPORTED, REPORTED)
    assert all(each["reported_at"] and each["apps"] == [] for each in lines)
