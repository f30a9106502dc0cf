"""Write the table of operations into ``docs/api.md``: ``PYTHONPATH=proxy python docs/make_operation_table.py``."""

import re
from pathlib import Path

from mailgate.console.api import OPERATIONS
from mailgate.console.api.operation import Operation

PAGE = Path(__file__).parent / "api.md"
_TABLE = re.compile(r"(<!-- operations -->\n).*?(<!-- end of operations -->)", re.DOTALL)


def row(operation: Operation) -> str:
    """One line of the table."""
    who = " or ".join(f"`{role}`" for role in operation.roles) or "every admin"
    return f"| `{operation.method} {operation.path}` | {operation.about[0]} | {who} |"


def with_table(page: str) -> str:
    """The page with the current operations."""
    table = "\n".join(["| operation | does | who may |", "|---|---|---|", *map(row, OPERATIONS)])
    return _TABLE.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
