"""The entry point: what the shell hands over may be closed or full."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.servers import require_or_skip
from typer._completion_shared import get_completion_script
from typer.testing import CliRunner

from mailgate import cli
from mailgate.cli import app


@pytest.mark.parametrize(
    ("arguments", "code"), [(["classify", "--json", "-"], 0), (["explain", "--json", "-"], 2)]
)
def test_a_closed_input_is_an_empty_one(
    arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mailgate", *arguments])
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    sys.stdin.close()
    assert (ended.value.code, "Traceback" in capsys.readouterr().err) == (code, False)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (PermissionError(13, "Permission denied", "var/keys"), "Permission denied: var/keys"),
    ],
)
def test_a_full_output_and_a_closed_folder_are_one_line(
    error: OSError, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, capsys.readouterr().err) == (1, f"mailgate: cannot go on: {said}\n")


FIRST_TAB = """
compdef() { :; }
_arguments() { print -r -- "$@"; }
words=(mailgate sto) CURRENT=2
fpath=($PWD) PATH=$PWD:$PATH
"""


def shown() -> str:
    asked = {"_MAILGATE_COMPLETE": "source_zsh"}
    return CliRunner().invoke(app, [], env=asked, prog_name="mailgate").stdout


def installed() -> str:
    return get_completion_script(prog_name="mailgate", complete_var="_MAILGATE_COMPLETE", shell="zsh")


@pytest.mark.parametrize("script", [shown, installed])
@pytest.mark.parametrize(
    ("call", "says"), [("autoload -Uz _mailgate; _mailgate", "sto: store\n"), (". ./_mailgate", "")]
)
def test_the_first_tab_completes_and_reading_the_script_does_not(
    tmp_path: Path, script: object, call: str, says: str
) -> None:
    require_or_skip("zsh")
    assert callable(script)
    (tmp_path / "_mailgate").write_text(script())
    assert script().startswith("#compdef mailgate\n")
    program = tmp_path / "mailgate"
    program.write_text("""#!/bin/sh\necho "_arguments '${_TYPER_COMPLETE_ARGS#* }: store'"\n""")
    program.chmod(0o755)
    said = subprocess.check_output(["zsh", "-f", "-c", FIRST_TAB + call], cwd=tmp_path, text=True)
    assert said == says
