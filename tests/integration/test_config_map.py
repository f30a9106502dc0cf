"""Rules in a ConfigMap: Kubernetes changes them by one link that leads to another folder."""

import json
from pathlib import Path

from tests.integration.gate import EVERYONE, as_record, start_gate, wait_for, write_config
from tests.servers import free_port

SHUT = {"rules": [{"id": "shut", "when": "true", "effect": "block"}]}


def project(volume: Path, version: str, policy: object) -> None:
    """As the kubelet does: the files in a folder of their own, and `..data` led there in one step."""
    folder = volume / version
    folder.mkdir()
    (folder / "policy.yaml").write_text(json.dumps(policy))
    (volume / "..new").symlink_to(version)
    (volume / "..new").rename(volume / "..data")


def test_rules_that_come_by_another_link_are_taken(tmp_path: Path) -> None:
    volume = tmp_path / "rules"
    volume.mkdir()
    project(volume, "..1", EVERYONE)
    (volume / "policy.yaml").symlink_to("..data/policy.yaml")
    files = {"files": {"policy": "rules/policy.yaml"}}
    gate = start_gate(write_config(tmp_path, f"http://127.0.0.1:{free_port()}", files))
    try:
        before = next(each["policy"] for each in gate.records() if each.get("event") == "listening")
        project(volume, "..2", SHUT)
        seen = wait_for(lambda: [each for each in gate.records() if each.get("event") == "config-applied"])
        assert seen, [as_record(line) for line in gate.log]
        assert seen[-1].get("policy") != before
    finally:
        gate.stop()
