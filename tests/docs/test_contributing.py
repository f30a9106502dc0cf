"""Who follows the recipe for a mail protocol finds every table in which a protocol has a line of its own."""

import ast
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


SLEEPS = re.compile(r"\bsleep\((?!0\))[^)]")
SHORT = re.compile(
    r"asyncio\.timeout\([\d.]+\)|\bwait(?:_for)?\([^\[]*, [\d.]+\)|[(,] ?timeout=(?!0\b)[\d.]{1,2}\b|(?:time|monotonic)\(\) \+ \d"
)
WAITS = {"wait", "wait_for", "timeout", "create_connection"}
SHORT_ON_PURPOSE = {
    "tests/servers.py": "asks again and again",
    "tests/integration/test_tls.py": "an end that may not take the 25 seconds of the setting",
    "tests/integration/store/test_postgresql.py": "a question that is given up",
    "tests/integration/gateway/scripted_upstream.py": "an end that need not come",
    "tests/integration/test_replay.py": "as long as two gates are asked at once",
}


def lines_of_tests(where: str, wrong: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / where).rglob("*.py"))
        if "node_modules" not in path.parts
        for line in path.read_text("utf-8").splitlines()
        if wrong.search(line) and not re.match(r"\s*(#|async def|def) ?", line)
    ]


def test_unit_tests_take_no_sleeps() -> None:
    assert lines_of_tests("tests/unit", SLEEPS) == []


def waits_of_tests() -> list[str]:
    """What waits for a number of seconds, in however many lines: by its own name, or as what another thread is given to do."""
    return [
        f"{path.relative_to(ROOT)}: {ast.unparse(call)}"
        for path in sorted((ROOT / "tests").glob("[!u]*/**/*.py"))
        if "node_modules" not in path.parts
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and WAITS & {ast.unparse(each).rpartition(".")[2] for each in (call.func, *call.args)}
        and any(isinstance(each, ast.Constant) and type(each.value) in (int, float) for each in call.args)
    ]


def test_every_wait_of_a_test_has_two_minutes() -> None:
    """A busy machine is slow, not wrong: ``PATIENCE`` in tests/servers.py."""
    found = [*lines_of_tests("tests", SHORT), *waits_of_tests()]
    assert [line for line in found if line.partition(":")[0] not in SHORT_ON_PURPOSE] == []
