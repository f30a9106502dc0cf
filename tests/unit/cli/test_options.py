from datetime import UTC, datetime

import pytest
import typer

from mailgate.cli.options import read_until


def test_a_moment_is_written_as_in_the_files() -> None:
    assert read_until("2026-12-01") == datetime(2026, 12, 1, tzinfo=UTC)
    assert read_until("2026-12-01T09:00-08:00") == datetime(2026, 12, 1, 17, tzinfo=UTC)


@pytest.mark.parametrize("text", ["tomorrow", "2026-12-01T09:00", "2026-13-01"])
def test_what_is_none_ends_the_command_with_what_is_expected(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        read_until(text)
    assert ended.value.exit_code == 2
    assert "--until: " in capsys.readouterr().err
