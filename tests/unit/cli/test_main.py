"""The entry point: what the shell hands over may be closed or full."""

import sys

import pytest

from mailgate import cli


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
    assert (ended.value.code, capsys.readouterr().err) == (
        1,
        f"mailgate: cannot go on: {said}\n",
    )
