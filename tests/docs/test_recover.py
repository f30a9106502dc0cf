"""The steps of docs/recover.md, followed literally."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailgate.attest.keys import parse_jwks
from mailgate.attest.mint import ISSUER_KEY_FILE, JWKS_FILE
from mailgate.cli import app


def mailgate(*arguments: str) -> None:
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == 0, done.output


def test_the_keys_of_ones_own_issuer_are_changed_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mailgate("init", "--upstream", "http://127.0.0.1:9080")
    served, signs = Path("config", JWKS_FILE), Path("config/keys", ISSUER_KEY_FILE)
    for folder in ("first", "second"):
        mailgate("attest", "keys", "--out", folder)
        old, new = (json.loads(each.read_text())["keys"] for each in (served, Path(folder, JWKS_FILE)))
        served.write_text(json.dumps({"keys": [*old, *new]}))
        mailgate("check")
        before, signs = signs, Path(folder, ISSUER_KEY_FILE)
        names = {json.loads(each.read_text())["kid"] for each in (before, signs)}
        assert set(parse_jwks(served.read_text()).keys) == names
        mailgate("attest", "mint", "--keys", folder)
        served.write_text(json.dumps({"keys": new}))
        mailgate("check")
