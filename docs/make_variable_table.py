"""Write the table of variables into ``docs/policy.md``: ``PYTHONPATH=proxy python docs/make_variable_table.py``."""

import re
from pathlib import Path

from mailgate.policy.variables import VARIABLES, Variable

PAGE = Path(__file__).parent / "policy.md"
_TABLE = re.compile(r"(<!-- variables -->\n).*?(<!-- end of variables -->)", re.DOTALL)


def row(variable: Variable) -> str:
    """One line of the table. Reason codes have a table of their own, and what has no type is a string."""
    closed = variable.closed or ()
    words = (
        ", ".join(f"`{word}`" for word in closed if word)
        if len(closed) < 12
        else "a reason code"
        if closed
        else ""
    )
    kind = "" if variable.type == "string" else variable.type
    return f"| `{variable.name}` | {kind} | {variable.about} | {words} |"


def with_table(page: str) -> str:
    """The page with the table of the current variables."""
    head = ["| variable | type, if not string | what it is | only values |", "|---|---|---|---|"]
    table = "\n".join([*head, *map(row, VARIABLES.values())])
    return _TABLE.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
