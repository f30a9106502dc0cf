"""Who follows the recipe for a mail protocol finds every table in which a protocol has a line of its own."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "proxy" / "mailgate"


def test_the_recipe_names_each_file_that_lists_protocols() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    recipe = re.search(r"\*\*A mail protocol\.\*\*.*?\n\n", text, re.DOTALL)
    assert recipe
    listing = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "Protocol.JMAP" in path.read_text()
    }
    assert {each for each in listing if each not in recipe[0]} == set()
