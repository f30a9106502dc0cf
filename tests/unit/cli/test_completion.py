"""zsh completes at the first Tab, by whichever way it got the script."""

import subprocess
from pathlib import Path

import pytest
from tests.servers import require_or_skip
from typer._completion_shared import get_completion_script
from typer.testing import CliRunner

from mailgate.cli import app

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
