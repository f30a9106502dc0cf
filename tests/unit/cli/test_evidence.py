import json
from pathlib import Path

import pytest
from tests.unit.attest.hardware_evidence import ANCHORS, read
from tests.vectors import build_certificate_vectors as vectors
from typer.testing import CliRunner

from mailgate.cli import app, evidence
from mailgate.model import Reason

CONFIG = """
listen: 127.0.0.1:8080
public_url: https://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:8081
store: "sqlite:///gate.db"
attestation: {hardware: {android_key: {roots: android.pem}, apple_device: {roots: apple.pem}}}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the command on a vector at the time for which it was made."""
    (tmp_path / "android.pem").write_text(ANCHORS["roots"]["android-key"])
    (tmp_path / "apple.pem").write_text(ANCHORS["roots"]["apple-device"])
    (tmp_path / "mailgate.yaml").write_text(CONFIG)

    class Clock:
        @staticmethod
        def now(_zone):
            return vectors.NOW

    monkeypatch.setattr(evidence, "datetime", Clock)
    monkeypatch.chdir(tmp_path)

    def called(content: str, *options: str):
        (tmp_path / "chain.json").write_text(content)
        given = options or ("--challenge", ANCHORS["challenge"])
        return CliRunner().invoke(
            app, ["attest", "evidence", "chain.json", "--config", "mailgate.yaml", *given]
        )

    return called


def sent(name: str) -> str:
    vector = read(name)
    return json.dumps({"format": vector["format"], "chain": vector["chain"]})


def test_what_the_hardware_vouches_for_is_told(run) -> None:
    result = run(sent("good-android-tee"))
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "format: android-key",
            "hardware: tee",
            "os: android",
            "os_version: 16.0.0",
            "patch_level: 2026-11",
            "serial: R5CX10TESTED",
            "model: Phone 9",
            "vendor_patch: 2026-11-05",
            "boot_patch: 2026-11-05",
        ],
    )


def test_another_key_may_be_named(run) -> None:
    given = ("--challenge", ANCHORS["challenge"], "--thumbprint", ANCHORS["thumbprint"])
    assert run(sent("good-apple-device-information"), *given).exit_code == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("evidence-unlocked", "refused: evidence-unlocked: the boot loader is not locked\n"),
        ("evidence-malformed.empty", "refused: evidence-malformed: "),
    ],
)
def test_a_refusal_is_told_with_its_reason_and_exit_code(run, name: str, told: str) -> None:
    result = run(sent(name))
    assert (result.exit_code, result.stdout[: len(told)]) == (1, told)


def test_a_refusal_is_told_to_programs_too(run) -> None:
    result = run(sent("good-android-tee"), "--challenge", "another", "--json")
    assert (result.exit_code, json.loads(result.stdout)["refused"]) == (1, Reason.EVIDENCE_CHALLENGE_WRONG)


@pytest.mark.parametrize("content", ["", "[]", '{"format": "android-key"}', "x" * (evidence.MAX_BYTES + 1)])
def test_a_file_without_evidence_is_a_mistake(run, content: str) -> None:
    result = run(content)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "expected" in result.stderr


def test_a_file_that_is_not_there_is_one(run, tmp_path: Path) -> None:
    run("")
    (tmp_path / "chain.json").unlink()
    result = CliRunner().invoke(
        app, ["attest", "evidence", "chain.json", "--config", "mailgate.yaml", "--challenge", "x"]
    )
    assert result.exit_code == 2
    assert "chain.json: cannot be read: no such file or directory" in result.stderr
