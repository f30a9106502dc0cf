from pathlib import Path

from tests.unit.cli.notices.desk import folder as folder
from tests.unit.cli.notices.desk import run


def test_where_no_mail_goes_the_command_says_so_and_nothing_is_lost(folder: Path) -> None:
    (folder / "out").write_text("a file where the folder should be")
    failed = run("send", "app", "--kind", "enforced", "--yes")
    assert failed.exit_code == 1
    assert "no mail can be sent now" in failed.output
    (folder / "out").unlink()
    assert "1 sent" in run("send", "app", "--kind", "enforced", "--yes").output
