"""``docs/mailgate.1``, the manual, says what the help of the commands says now."""

import importlib.util
import subprocess

from tests.docs.reading import ROOT
from tests.servers import require_or_skip

PAGE = ROOT / "docs" / "mailgate.1"


def test_the_page_is_made_of_the_help() -> None:
    spec = importlib.util.spec_from_file_location("make_man_page", ROOT / "docs" / "make_man_page.py")
    assert spec
    assert spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert PAGE.read_text("utf-8") == maker.man_page(), "run PYTHONPATH=proxy python docs/make_man_page.py"


def test_man_shows_the_page_without_a_warning() -> None:
    require_or_skip("man")
    shown = subprocess.run(
        ["man", "--warnings", "--local-file", PAGE],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "mailgate devices list" in shown.stdout
