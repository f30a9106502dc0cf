"""Write the table of operations into ``docs/api.md``: ``PYTHONPATH=proxy python docs/make_operation_table.py``."""

import re
from pathlib import Path

from mailgate.console.api.operation import Operation
from mailgate.console.api.site import OPERATIONS

PAGE = Path(__file__).parent / "api.md"
_TABLE = re.compile(r"(<!-- operations -->\n).*?(<!-- end of operations -->)", re.DOTALL)


def row(path: str, operations: list[Operation]) -> str:
    """One line of the table; no role is named where every admin may."""
    cells = {
        operation.method: " or ".join(f"`{role}`" for role in operation.roles) for operation in operations
    }
    methods = ", ".join(f"{method} ({who})" if who else method for method, who in cells.items())
    return f"| `{path}` | {methods} |"


def with_table(page: str) -> str:
    """The page with the current operations."""
    by_path: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, []).append(operation)
    table = "\n".join(
        ["| address | methods, and who may |", "|---|---|", *(row(*each) for each in by_path.items())]
    )
    return _TABLE.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
