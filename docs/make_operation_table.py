"""Write the table of operations into ``docs/api.md``: ``PYTHONPATH=proxy python docs/make_operation_table.py``."""

import re
from pathlib import Path

from mailgate.console.api.site import OPERATIONS

PAGE = Path(__file__).parent / "api.md"
_TABLE = re.compile(r"(<!-- operations -->\n).*?(<!-- end of operations -->)", re.DOTALL)


def row(roles: tuple[str, ...], method: str, paths: list[str]) -> str:
    """One line of the table: what somebody with one of these roles may."""
    who = ", ".join(f"`{role}`" for role in roles) or "every admin"
    return f"| {who} | {method} | {', '.join(f'`{path}`' for path in paths)} |"


def with_table(page: str) -> str:
    """The page with the current operations."""
    may: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for operation in OPERATIONS:
        may.setdefault((tuple(operation.roles), operation.method), []).append(operation.path)
    rows = (row(*key, paths) for key, paths in sorted(may.items(), key=lambda each: each[0]))
    table = "\n".join(["| one of these roles | may | at |", "|---|---|---|", *rows])
    return _TABLE.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
